"""What has been built on this machine: how large, how old, last used when; and taking it away."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from officina.environments.build import drafts_of, is_complete, remove, try_lock


@dataclass(frozen=True)
class Built:
    """One environment of the cache."""

    key: str
    name: str
    python: str
    built: float
    used: float
    size: int
    packages: int


def built(cache: Path) -> list[Built]:
    """Return the environments of the cache, most recently used first."""
    found = [_read(cache, place) for place in _places(cache)]
    return sorted((each for each in found if each), key=lambda each: -each.used)


def state(cache: Path, key: str) -> Built | None:
    """Return what is known of one key, None when it is not built here."""
    return _read(cache, cache / key)


def clear(cache: Path, *, keep: Collection[str] = (), unused_for: float = 0.0) -> list[Built]:
    """Delete the environments that are not in `keep` and were not used for so long; return them.

    One that is being built or begun just now is left alone.
    """
    gone: list[Built] = []
    for each in built(cache):
        if each.key in keep or time.time() - each.used < unused_for:
            continue
        with (cache / f"{each.key}.lock").open("a") as lock:
            if not try_lock(lock):
                continue
            remove(cache / each.key)
            (cache / f"{each.key}.used").unlink(missing_ok=True)
        gone.append(each)
    _sweep(cache)
    return gone


def _sweep(cache: Path) -> None:
    """Remove what killed builders left half made; what is being built now is left alone."""
    for lock in cache.glob("*.lock"):
        for left in drafts_of(cache, lock.stem):
            with lock.open("a") as file:
                if try_lock(file):
                    remove(left)


def _places(cache: Path) -> list[Path]:
    return [each for each in cache.glob("*") if len(each.name) == 64 and is_complete(each)]


def _read(cache: Path, place: Path) -> Built | None:
    try:
        about = json.loads((place / "officina.json").read_text())
    except (OSError, ValueError):
        return None
    used = cache / f"{place.name}.used"
    return Built(
        key=place.name,
        name=str(about.get("name", "")),
        python=str(about.get("python", "")),
        built=float(about.get("built") or 0),
        used=used.stat().st_mtime if used.exists() else float(about.get("built") or 0),
        size=int(about.get("size") or 0),
        packages=int(about.get("packages") or 0),
    )
