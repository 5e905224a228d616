"""Start, watch and end jobs from outside; everything goes through the files of the run folder.

Nothing here holds a handle on the job: whoever can see the run folder on this machine may adopt it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from officina.errors import StudioError
from officina.execution import processes

FRESH = 5.0
START_LIMIT = 20.0
# A machine that slept wakes with an old heartbeat: whoever watches gives the shim time for a new one.
PATIENCE = 3.0
SHIM = Path(__file__).with_name("shim.py")
PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Look:
    """What the run folder says now; `exit` wins over everything."""

    alive: bool
    exit: dict[str, Any] | None
    state: dict[str, Any] | None


def start(rundir: Path, *, forkhost: Path | None = None) -> None:
    """Start the job described in `rundir/job.json` under a shim; return at its heartbeat.

    Module jobs go to the warm fork host at that socket; without one, or when it does not answer,
    to a plain child. The folder of that socket, the broker's too, is hidden from the job.
    """
    rundir = rundir.resolve()
    try:
        job = json.loads((rundir / "job.json").read_text())
    except (OSError, ValueError) as error:
        where = str(rundir / "job.json")
        raise StudioError(
            f"The job cannot be started: {error}", where=where, code="failed"
        ) from error
    if "module" in job:
        if forkhost is not None and _start_in_host(rundir, forkhost):
            return
        _make_plain(rundir, job)
    _spawn_shim(rundir, [] if forkhost is None else [str(forkhost.parent.resolve())])


def look(rundir: Path) -> Look:
    """Return whether the job's shim lives, and its result if there is one."""
    result = _read(rundir / "exit.json")
    state = _read(rundir / "state.json")
    alive = result is None and state is not None and _is_alive(rundir, state)
    if not alive and result is None:
        result = _read(rundir / "exit.json")  # it may have ended between the two looks
    return Look(alive=alive, exit=result, state=state)


def cancel(rundir: Path) -> None:
    """Ask the shim to end the job: TERM to all of its processes, KILL after the grace."""
    (rundir / "cancel").touch()


def kill_leftovers(rundir: Path) -> int:
    """Kill what a dead shim left behind and return how many processes that was.

    The job itself dies with its shim; its own children may not. They are found by session, by
    their work folder, by the log file they write to and by the run folder's name in their
    environment.
    """
    rundir = rundir.resolve()
    state = _read(rundir / "state.json") or {}
    killed: set[int] = set()
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        found = [pid for pid in processes.everyone() if _belongs(pid, str(rundir), state)]
        if not found:
            break
        for pid in found:
            if processes.send(pid, signal.SIGKILL):
                killed.add(pid)
        time.sleep(0.02)
    return len(killed)


def tail(path: Path, offset: int, limit: int = 64 * 1024) -> tuple[bytes, int]:
    """Return the bytes of a growing file from `offset` and where to go on.

    A full block is cut after its last newline, so that no line is torn while more follows.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(limit + 1)
    except FileNotFoundError:
        return b"", offset
    if len(data) > limit:
        newline = data.rfind(b"\n", 0, limit)
        data = data[: newline + 1] if newline >= 0 else data[:limit]
    return data, offset + len(data)


def _start_in_host(rundir: Path, forkhost: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(START_LIMIT)
        try:
            connection.connect(str(forkhost))
            connection.sendall(json.dumps({"rundir": str(rundir)}).encode() + b"\n")
            answer = connection.makefile("rb").readline()
        except OSError:
            # Refused or cut off: only a job that surely has not begun may be started another way.
            return (rundir / "state.json").exists()
    return bool(answer) or (rundir / "state.json").exists()


def _make_plain(rundir: Path, job: dict[str, Any]) -> None:
    # The link gives the child one folder to import from, without a view of what else lies there.
    library = rundir / "lib"
    library.mkdir(exist_ok=True)
    if not (library / PACKAGE.name).is_symlink():
        (library / PACKAGE.name).symlink_to(PACKAGE)
    env = {"PATH": os.defpath, **(job.get("env") or {}), "PYTHONPATH": str(library)}
    job["argv"] = [sys.executable, "-m", "officina.execution.modules", str(rundir / "job.json")]
    job["env"] = env
    job["readonly"] = [*job.get("readonly", []), str(PACKAGE), sys.prefix, sys.base_prefix]
    draft = rundir / ".job"
    draft.write_text(json.dumps(job))
    draft.chmod(0o600)
    draft.replace(rundir / "job.json")


def _spawn_shim(rundir: Path, hidden: list[str]) -> None:
    reader, writer = os.pipe()
    try:
        child = subprocess.Popen(
            [sys.executable, "-S", "-E", str(SHIM), str(rundir), str(writer), *hidden],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": os.defpath},
            pass_fds=(writer,),
            start_new_session=True,
        )
    finally:
        os.close(writer)
    _children[:] = [other for other in _children if other.poll() is None]
    _children.append(child)
    with os.fdopen(reader, "rb") as pipe:
        if select.select([pipe], [], [], START_LIMIT)[0]:
            pipe.read()
    if not (rundir / "state.json").exists() and not (rundir / "exit.json").exists():
        raise StudioError(
            "The job's supervisor did not start.",
            hint="Is the disk of the work folder full or read-only?",
            where=str(rundir),
            code="failed",
        )


# Shims outlive us by design, but those that end before us want to be collected, or they stay as
# zombies.
_children: list[subprocess.Popen[bytes]] = []


def _is_alive(rundir: Path, state: dict[str, Any]) -> bool:
    pid = state.get("pid", 0)
    if processes.start_time(pid) != state.get("start_time") or processes.is_zombie(pid):
        return False
    # On a full disk the shim cannot write a new state, but it still moves the file's time stamp.
    try:
        stamp = (rundir / "state.json").stat().st_mtime
    except OSError:
        stamp = 0.0
    return time.time() - max(float(state.get("heartbeat", 0)), stamp) < FRESH


def _belongs(pid: int, rundir: str, state: dict[str, Any]) -> bool:
    if pid == os.getpid() or processes.is_zombie(pid):
        return False
    born = processes.start_time(pid)
    if born is None or born < state.get("start_time", 0):
        return False
    if state.get("session") and processes.session(pid) == state["session"]:
        return True
    places = [_link(f"/proc/{pid}/cwd"), _link(f"/proc/{pid}/fd/1"), _link(f"/proc/{pid}/fd/2")]
    if any(place == rundir or place.startswith(rundir + "/") for place in places):
        return True
    return f"={rundir}/" in processes.read(f"/proc/{pid}/environ")


def _link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
