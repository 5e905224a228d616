"""Turn requirements into a virtual environment: lock by hash, build once, share by key.

The cache folder holds `<key>/` (an environment, read-only once complete), `.building-<start of
key>-...` (one that is being built), `<key>.used` (touched at each use, for eviction), `<key>.lock`
(held while building) and `locks/<hash of the requirements>.txt`. Only wheels are installed, but for
what an administrator allows: building a source package runs its code outside any sandbox.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from packaging.markers import Marker

from officina.environments import curated, interpreters, spec
from officina.environments.uv import BUILD_LIMIT, LOOK_EVERY, Log, Look, only_wheels, run_uv

DRAFT = ".building-"


@dataclass(frozen=True)
class Prepared:
    """An environment that is ready: its interpreter, its key, and whether it was there already."""

    python: Path
    key: str
    cached: bool
    packages: tuple[str, ...] = ()


def prepare(
    specification: str | Mapping[str, Any], *, cache: Path, log: Log, look: Look | None = None
) -> Prepared:
    """Return the environment, built if this machine has not got it; no network if it has.

    Concurrent calls for the same key build once: the others wait and say so. `look` is called
    several times a second while this takes long; what it raises ends the build.
    """
    began = time.monotonic()
    wanted = spec.parse(specification)
    for warning in wanted.warnings:
        log(f"environment {wanted.name}: {warning}")
    if wanted.interpreter:
        return _as_it_is(wanted, log)
    python = interpreter(wanted.python, lambda text: log(f"environment {wanted.name}: {text}"))
    cache.mkdir(parents=True, exist_ok=True)
    lock = lock_of(wanted, python=python, cache=cache, log=log, look=look)
    key = key_of(lock, python)
    place = cache / key
    cached = is_complete(place)
    if not cached:
        waiting = f"environment {wanted.name}: waiting for another build of it"
        with _locked(cache / f"{key}.lock", lambda: log(waiting), look):
            cached = is_complete(place)
            if not cached:
                log(f"environment {wanted.name}: building, {len(pins_of(lock))} packages")
                _build(place, wanted.name, lock, python, log, look)
    (cache / f"{key}.used").touch()
    how = f"{'cached' if cached else 'built'} in {time.monotonic() - began:.2f} s"
    log(f"environment {wanted.name}: {how} ({key[:12]})")
    return Prepared(place / "bin" / "python", key, cached, pins_of(lock))


def _as_it_is(wanted: spec.Requirements, log: Log) -> Prepared:
    """Return an interpreter that people look after themselves: nothing is built."""
    python = interpreters.find(wanted.interpreter)
    packages = interpreters.packages(python)
    log(f"environment {wanted.name}: {python} is used as it is, with {len(packages)} packages")
    return Prepared(python, interpreters.key(python, packages), True, packages)


def pins_of(lock: str) -> tuple[str, ...]:
    """Return the `name==version` of every package of a lock that is meant for this machine."""
    return tuple(
        str(pin)
        for line in lock.splitlines()
        if line[:1].isalnum() and (pin := _pin(line.rstrip("\\ ")))
    )


def _pin(line: str) -> str:
    wanted, _, marker = line.partition(";")
    if marker and not Marker(marker.strip()).evaluate():
        return ""
    return wanted.strip()


def key_of(lock: str, python: Path) -> str:
    """Return the digest of everything that decides what an environment contains."""
    parts = [lock, _version_of(python), sys.platform, platform.machine(), _uv_major()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@functools.cache
def _uv_major() -> str:
    return importlib.metadata.version("uv").split(".")[0]


def lock_of(
    wanted: spec.Requirements, *, python: Path, cache: Path, log: Log, limit: float = BUILD_LIMIT,
    look: Look | None = None, chosen: Log | None = None,
) -> str:  # fmt: skip
    """Return the lock text: committed, remembered for the same requirements, or newly resolved.

    `chosen` is told each package when its version is settled.
    """
    if wanted.curated is not None:
        return curated.CURATED[wanted.curated].lock()
    if not wanted.packages:
        return ""
    packages = _with_pip(wanted)
    remembered = lock_file(wanted, python=python, cache=cache)
    if not remembered.exists():
        log(f"environment {wanted.name}: resolving {len(wanted.packages)} packages")
        lock = compile_lock(
            packages, python=python, name=wanted.name, limit=limit, look=look, chosen=chosen
        )
        remembered.parent.mkdir(parents=True, exist_ok=True)
        draft = remembered.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        draft.write_text(lock)
        draft.replace(remembered)
    return remembered.read_text()


def lock_file(wanted: spec.Requirements, *, python: Path, cache: Path) -> Path:
    """Return where the lock of these requirements is kept once it is resolved."""
    asked = json.dumps([_with_pip(wanted), _version_of(python), sys.platform, platform.machine()])
    return cache / "locks" / f"{hashlib.sha256(asked.encode()).hexdigest()}.txt"


def _with_pip(wanted: spec.Requirements) -> tuple[str, ...]:
    # Commands say `pip install ...`, as they may where conda made the environment.
    return tuple(sorted({*wanted.packages, "pip"}))


def compile_lock(
    packages: tuple[str, ...],
    *,
    python: Path,
    name: str = "environment",
    universal: bool = False,
    limit: float = BUILD_LIMIT,
    look: Look | None = None,
    chosen: Log | None = None,
) -> str:
    """Resolve packages to pinned versions with hashes; the text names no index."""
    options = [
        "--verbose" if chosen else "--quiet",
        *only_wheels(),
        "--generate-hashes",
        "--no-header",
        "--no-annotate",
    ]
    options += ["--python", str(python)]
    if universal:
        options.append("--universal")
    return run_uv(
        ["pip", "compile", *options, "-"],
        name=name,
        doing="resolved",
        stdin="\n".join(packages) + "\n",
        limit=limit,
        look=look,
        log=chosen,
    )


def interpreter(version: str | None, log: Log) -> Path:
    """Return a Python of this machine: the asked version, else ours, said in the log."""
    own = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    if version is None or version == ours:
        return own
    found = _search(version, os.environ.get("PATH", os.defpath))
    if found is not None:
        return found
    log(f"Python {version} is not on this machine; {ours} is used.")
    return own


@functools.lru_cache
def _search(version: str, path: str) -> Path | None:
    """Look along PATH; asking a version manager's stand-in takes half a second, hence remembered."""
    for folder in path.split(os.pathsep):
        # Version managers put shell scripts on PATH that fail for versions they do not have.
        real = (Path(folder) / f"python{version}").resolve()
        if real.exists() and real.name.startswith("python") and _is_version(real, version):
            return real
    return None


def short_version(python: Path) -> str:
    """Return "3.11" of an interpreter that `interpreter` chose."""
    return ".".join(_version_of(python).split(".")[:2])


def is_complete(place: Path) -> bool:
    """Return whether an environment is there and its interpreter still exists."""
    return (place / "officina.json").exists() and (place / "bin" / "python").exists()


def drafts_of(cache: Path, key: str) -> list[Path]:
    """Return what is being built, or was when its builder was killed; `key` may be `*`."""
    return list(cache.glob(f"{DRAFT}{key[:16]}-*"))


def _build(place: Path, name: str, lock: str, python: Path, log: Log, look: Look | None) -> None:
    # We hold the key's lock: what else there is of it, a killed builder left.
    for left in (place, *drafts_of(place.parent, place.name)):
        remove(left)
    draft = Path(tempfile.mkdtemp(prefix=f"{DRAFT}{place.name[:16]}-", dir=place.parent))
    try:
        offline = ["--no-python-downloads", "--python", str(python)]
        run_uv(
            ["venv", "--quiet", "--relocatable", "--clear", *offline, str(draft)],
            name=name,
            doing="created",
        )
        if lock:
            locked = draft / "requirements.txt"
            locked.write_text(lock)
            target = ["--python", str(draft / "bin" / "python")]
            options = ["--color", "never", "--require-hashes", *only_wheels(), "--compile-bytecode"]
            run_uv(
                ["pip", "sync", *options, *target, str(locked)],
                name=name,
                doing="installed",
                log=lambda line: log(f"environment {name}: {line.strip()}"),
                look=look,
            )
        about = {"name": name, "python": _version_of(python), "built": time.time()}
        about |= {"packages": len(pins_of(lock)), "size": _bytes_in(draft)}
        (draft / "officina.json").write_text(json.dumps(about))
        _make_read_only(draft)
        draft.rename(place)
    finally:
        if draft.exists():
            remove(draft)


def _bytes_in(place: Path) -> int:
    return sum(
        os.lstat(Path(folder) / name).st_size
        for folder, _, files in os.walk(place)
        for name in files
    )


def remove(place: Path) -> None:
    """Delete an environment, read-only as it is."""
    for folder, _, _ in os.walk(place):
        Path(folder).chmod(0o700)
    shutil.rmtree(place, ignore_errors=True)


def _make_read_only(place: Path) -> None:
    # Folders only: the files are hard links into uv's cache, and their modes are the cache's
    # business.
    for folder, _, _ in os.walk(place, topdown=False):
        Path(folder).chmod(0o555)


def _is_version(python: Path, version: str) -> bool:
    try:
        return _version_of(python).startswith(f"{version}.")
    except (OSError, subprocess.SubprocessError):
        return False


@functools.cache
def _version_of(python: Path) -> str:
    if python.parent == Path(sys.base_prefix) / "bin":
        return platform.python_version()
    question = "import platform; print(platform.python_version())"
    done = subprocess.run(
        [str(python), "-I", "-c", question], capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()


@contextmanager
def _locked(path: Path, waiting: Callable[[], None], look: Look | None) -> Iterator[None]:
    with path.open("w") as file:
        told = False
        while not try_lock(file):
            if not told:
                waiting()
                told = True
            time.sleep(LOOK_EVERY)
            if look is not None:
                look()
        yield


def try_lock(file: IO[str]) -> bool:
    """Take the lock on an open file unless another has it; it goes when the file is closed."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
