"""Ask the child processes that look at tables; each answers one question at a time."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from typing import Any

from officina.errors import StudioError

CHILDREN = 2
SECONDS = 60.0
# The child reads the store and nothing else of the server's.
HIDDEN = ("OFFICINA_SECRET", "DATABASE_URL", "REDIS_URL")

_free = threading.BoundedSemaphore(CHILDREN)
_lock = threading.Lock()
_idle: list[subprocess.Popen[bytes]] = []


def ask(verb: str, *, timeout: float = SECONDS, **asked: Any) -> Any:
    """Return the answer to a question; what takes too long or too much memory is a StudioError."""
    if not _free.acquire(timeout=timeout):
        raise _gone("Others are looking at tables at the moment.", "Try again in a minute.")
    child = None
    try:
        child = _take()
        line = _exchange(child, json.dumps({"verb": verb, **asked}).encode() + b"\n", timeout)
    except BaseException:
        if child is not None:
            _end(child)
        raise
    else:
        with _lock:
            _idle.append(child)
    finally:
        _free.release()
    answer = json.loads(line)
    if "error" in answer:
        raise StudioError(**answer["error"])
    return answer["ok"]


def warm() -> None:
    """Start a child if none is idle, and do not wait for it: its first question comes soon."""
    if not _free.acquire(blocking=False):
        return
    try:
        with _lock:
            if _idle:
                return
        child = _take()
        with _lock:
            _idle.append(child)
    finally:
        _free.release()


def _exchange(child: subprocess.Popen[bytes], question: bytes, timeout: float) -> bytes:
    assert child.stdin is not None and child.stdout is not None  # noqa: S101 - both are pipes
    try:
        child.stdin.write(question)
        child.stdin.flush()
    except OSError:
        raise _gone("The look at the table ended early.", "Try again.") from None
    until = time.monotonic() + timeout
    parts: list[bytes] = []
    descriptor = child.stdout.fileno()
    while not (parts and parts[-1].endswith(b"\n")):
        left = until - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            raise _gone(f"The table took longer than {timeout:g} s.", "Look at it in a job.")
        part = os.read(descriptor, 1 << 20)
        if not part:
            raise _gone("The file brought its reader down.", "Check the file; it may be damaged.")
        parts.append(part)
    return b"".join(parts)


def _take() -> subprocess.Popen[bytes]:
    with _lock:
        while _idle:
            child = _idle.pop()
            if child.poll() is None:
                return child
            _end(child)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(HIDDEN)}
    return subprocess.Popen(
        [sys.executable, "-m", "officina.data.worker"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, env=clean, bufsize=0,
    )  # fmt: skip


def _end(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        with contextlib.suppress(OSError):
            if pipe is not None:
                pipe.close()
    child.kill()
    child.wait()


def stop() -> None:
    """End the idle children; the next question starts new ones."""
    with _lock:
        while _idle:
            _end(_idle.pop())


def _gone(text: str, hint: str) -> StudioError:
    return StudioError(text, hint=hint, where="file", code="unavailable")
