"""What a folder's files held when they were last read, so that unchanged ones are not read again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

VERSION = 1
# Folders below this many files are read anew each time: it takes no longer than to remember them.
WORTH_KEEPING = 1000
MOST_FOLDERS = 50


class KnownDigests:
    """Digests by name and by what the file system says of the file: size, times, inode.

    A file that was changed within the last seconds before it was read is not remembered: it could
    change once more within the clock's tick and look the same.
    """

    def __init__(self, kept: Path) -> None:
        self._kept = kept
        self._old = _load(kept)
        self._new: dict[str, list[Any]] = {}
        self._now = time.time_ns()

    def get(self, name: str, facts: os.stat_result) -> str | None:
        """Return the digest of a file that looks as it did, or None."""
        row = self._old.get(name)
        if row is None or row[:4] != _look(facts):
            return None
        self._new[name] = row
        return str(row[4])

    def add(self, name: str, facts: os.stat_result, sha256: str) -> None:
        """Remember what was read; `facts` are from before the reading."""
        if max(facts.st_mtime_ns, facts.st_ctime_ns) < self._now - 2_000_000_000:
            self._new[name] = [*_look(facts), sha256]

    def save(self) -> None:
        """Keep it for the next time; a folder that cannot be written to is no error."""
        if len(self._new) < WORTH_KEEPING:
            return
        with contextlib.suppress(OSError):
            self._kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", dir=self._kept.parent, prefix="new-", delete=False, encoding="utf-8"
            ) as draft:
                json.dump({"version": VERSION, "files": self._new}, draft)
            Path(draft.name).replace(self._kept)
            _drop_oldest(self._kept.parent)


def known_digests(folder: Path) -> KnownDigests:
    """Return what this person's cache knows of a folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:32]
    return KnownDigests(Path(base) / "officina" / "digests" / f"{name}.json")


def _look(facts: os.stat_result) -> list[int]:
    return [facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino]


def _load(kept: Path) -> dict[str, list[Any]]:
    try:
        with kept.open(encoding="utf-8") as source:
            found = json.load(source)
        if found["version"] == VERSION:
            rows = found["files"].items()
            return {n: row for n, row in rows if len(row) == 5 and len(row[4]) == 64}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        pass  # absent, cut or of another version: read all again
    return {}


def _drop_oldest(folder: Path) -> None:
    rows = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in rows[MOST_FOLDERS:]:
        path.unlink(missing_ok=True)
