"""Resolving packages aside: who asks is answered at once, and looks again later.

Beside the lock `<hash>.txt` of some requirements lie `<hash>.log` (what the last resolving said),
`<hash>.failed` (why it came to nothing) and `<hash>.busy` (locked by the process that resolves).
Whoever asks next goes on where a stopped process left off.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from officina.environments import build, curated, interpreters, spec
from officina.environments.uv import IndexUnreachable
from officina.errors import StudioError

# An index that needs longer than this is asked again by the build.
LIMIT = 60.0
# A refusal is believed for this long; then an index may have got what it lacked.
BELIEVED = 60.0
AT_ONCE = 2
MOST_PENDING = 32


class State(StrEnum):
    """How far the packages of an environment are known."""

    READY = "ready"
    RESOLVING = "resolving"
    FAILED = "failed"
    # Nobody has asked, or the index did not answer: a build finds out.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Resolution:
    """How far it is, what was said meanwhile, and why it came to nothing."""

    state: State
    log: str = ""
    error: StudioError | None = None


_slots = threading.BoundedSemaphore(AT_ONCE)
_pending: set[Path] = set()


def resolved(
    specification: str | Mapping[str, Any], *, cache: Path
) -> tuple[str, tuple[str, ...]] | None:
    """Return key and exact packages of an environment that is resolved, else None.

    Never asks the network: pages call it.
    """
    wanted = spec.parse(specification)
    if wanted.interpreter:
        own = interpreters.find(wanted.interpreter)
        packages = interpreters.packages(own)
        return interpreters.key(own, packages), packages
    python = build.interpreter(wanted.python, lambda _: None)
    if wanted.curated is not None:
        lock = curated.CURATED[wanted.curated].lock()
    elif not wanted.packages:
        lock = ""
    elif not (lock := _read(build.lock_file(wanted, python=python, cache=cache))):
        return None
    return build.key_of(lock, python), build.pins_of(lock)


def look(specification: str | Mapping[str, Any], *, cache: Path) -> Resolution:
    """Return how far the packages are resolved; starts nothing, asks no network."""
    return _state(_lock_file(spec.parse(specification), cache))


def ask(specification: str | Mapping[str, Any], *, cache: Path) -> Resolution:
    """Return how far it is; what is not known, or was refused a while ago, is resolved aside."""
    wanted = spec.parse(specification)
    lock = _lock_file(wanted, cache)
    found = _state(lock)
    if lock is None or found.state in (State.READY, State.RESOLVING) or _is_believed(lock):
        return found
    return _state(lock) if _begin(wanted, lock, cache) else Resolution(State.RESOLVING, found.log)


def _lock_file(wanted: spec.Requirements, cache: Path) -> Path | None:
    """Return where the lock is, or will be; None where nothing has to be asked of an index."""
    if wanted.interpreter:
        interpreters.find(wanted.interpreter)
        return None
    if wanted.curated is not None or not wanted.packages:
        return None
    python = build.interpreter(wanted.python, lambda _: None)
    return build.lock_file(wanted, python=python, cache=cache)


def _state(lock: Path | None) -> Resolution:
    if lock is None or lock.exists():
        return Resolution(State.READY)
    said = _read(lock.with_suffix(".log"))
    if lock in _pending or _is_busy(lock):
        return Resolution(State.RESOLVING, said)
    if lock.exists():  # it ended between the two looks
        return Resolution(State.READY)
    told = _read(lock.with_suffix(".failed"))
    if not told:
        return Resolution(State.UNKNOWN, said)
    why = json.loads(told)
    state = State.UNKNOWN if why.pop("unreachable") else State.FAILED
    return Resolution(state, said, StudioError(why.pop("message"), **why))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _is_busy(lock: Path) -> bool:
    try:
        with lock.with_suffix(".busy").open("r+") as file:
            return not build.try_lock(file)
    except FileNotFoundError:
        return False


def _is_believed(lock: Path) -> bool:
    try:
        return time.time() - lock.with_suffix(".failed").stat().st_mtime < BELIEVED
    except FileNotFoundError:
        return False


def _begin(wanted: spec.Requirements, lock: Path, cache: Path) -> bool:
    """Start resolving unless another does, or too many wait here: then whoever waits asks again."""
    if len(_pending) >= MOST_PENDING:
        return False
    lock.parent.mkdir(parents=True, exist_ok=True)
    busy = lock.with_suffix(".busy").open("a")
    if lock in _pending or not build.try_lock(busy):
        busy.close()
        return False
    _pending.add(lock)
    threading.Thread(
        target=_resolve, args=(wanted, lock, cache, busy), name="resolving", daemon=True
    ).start()
    return True


def _resolve(wanted: spec.Requirements, lock: Path, cache: Path, busy: IO[str]) -> None:
    log, failed = lock.with_suffix(".log"), lock.with_suffix(".failed")
    try:
        with busy, _slots, log.open("w", encoding="utf-8", buffering=1) as file:
            python = build.interpreter(wanted.python, lambda _: None)
            print(f"resolving {len(wanted.packages)} packages", file=file)
            try:
                # All environments of these packages share what comes of it: it bears no name.
                build.lock_of(
                    replace(wanted, name=""), python=python, cache=cache, limit=LIMIT,
                    log=lambda _: None, chosen=lambda line: print(line, file=file),
                )  # fmt: skip
            except StudioError as error:
                print(error.message.partition("\n")[0], file=file)
                _write(failed, error.as_json(), unreachable=isinstance(error, IndexUnreachable))
            else:
                failed.unlink(missing_ok=True)
    finally:
        _pending.discard(lock)


def _write(failed: Path, error: dict[str, Any], *, unreachable: bool) -> None:
    draft = failed.with_suffix(".failing")
    draft.write_text(json.dumps({**error, "unreachable": unreachable}), encoding="utf-8")
    draft.replace(failed)
