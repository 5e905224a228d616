"""A run folder as a worker makes it, and a way to wait for its end."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from officina.execution import launch

# Long enough for any machine: only what hangs takes so many seconds.
LIMIT = 120.0


class Job:
    """One run folder with a job that can be started, watched and read."""

    def __init__(self, rundir: Path) -> None:
        self.rundir = rundir
        self.log = rundir / "log.txt"

    def start(self) -> Job:
        launch.start(self.rundir)
        return self

    def wait(self) -> dict[str, Any]:
        found: dict[str, Any] = self.until(lambda: launch.look(self.rundir).exit)
        return found

    def until(self, found: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            result = found()
            if result:
                return result
            time.sleep(0.01)
        log = self.log.read_text() if self.log.exists() else "(no log)"
        raise AssertionError(f"not within {LIMIT} s; {launch.look(self.rundir)}; log: {log}")

    def log_has(self, text: str) -> str:
        return str(
            self.until(
                lambda: self.log.exists() and text in self.log.read_text() and self.log.read_text()
            )
        )


@pytest.fixture
def make_job(tmp_path: Path) -> Iterator[Callable[..., Job]]:
    made: list[Job] = []

    def make(code: str | list[str], **more: Any) -> Job:
        rundir = tmp_path / f"run-{len(made)}" / "1"
        (rundir / "work").mkdir(parents=True)
        argv = [sys.executable, "-u", "-c", code] if isinstance(code, str) else code
        env = {
            "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
            "OFFICINA_MESSAGES": f"{rundir}/messages.jsonl",
        }
        job = {
            "argv": argv,
            "env": env,
            "cwd": str(rundir / "work"),
            "timeout": None,
            "memory_bytes": None,
        }
        (rundir / "job.json").write_text(json.dumps({**job, **more}))
        made.append(Job(rundir))
        return made[-1]

    yield make
    for job in made:
        with contextlib.suppress(Exception):
            launch.kill_leftovers(job.rundir)
        shutil.rmtree(job.rundir, ignore_errors=True)


def alive(pid: int) -> bool:
    """Return whether `pid` still runs (a zombie does not)."""
    status = Path(f"/proc/{pid}/status")
    try:
        return "State:\tZ" not in status.read_text()
    except OSError:
        return False
