"""However the supervisor ends, nothing of the studio goes on without it."""

from __future__ import annotations

import signal
import time

import psutil
import pytest

from tests.running import start_studio


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill-9"])
def test_nothing_is_left_when_the_supervisor_ends(number: int) -> None:
    with start_studio(f"ending{number}") as studio:
        family = psutil.Process(studio.process.pid).children(recursive=True)
        assert len(family) >= 6
        begun = time.monotonic()
        studio.process.send_signal(number)
        code = studio.process.wait(30)
        _gone, left = psutil.wait_procs(family, timeout=10)
        assert [
            process.cmdline()
            for process in left
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        ] == []
        assert time.monotonic() - begun < 20
        assert code == (0 if number == signal.SIGINT else -signal.SIGKILL)
        assert studio.health()[0] == 0
