"""One command starts everything, keeps it running, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from studio.lib.supervisor import AlreadyRunning, Part, Supervisor, exclusive
from tests.running import ROOT, START_LIMIT, Studio, spawn_studio, start_studio

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open(sys.argv[1], 'w'); time.sleep(600)",
]


async def yes() -> bool:
    return True


def make(tmp_path: Path, said: list[str], deadline: float = 60.0) -> Supervisor:
    return Supervisor(
        environment=dict(os.environ), folder=tmp_path, say=said.append, deadline=deadline
    )


async def until(check: object, within: float = 60.0) -> None:
    end = time.monotonic() + within
    while not check():  # type: ignore[operator]
        assert time.monotonic() < end, "did not happen in time"
        await asyncio.sleep(0.02)


async def test_a_part_that_dies_is_started_again_and_the_console_says_why(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = make(tmp_path, said)
    part = Part("sleeper", SLEEPER, yes)
    await supervisor.start(part, within=60)
    await until(lambda: part.process is not None)
    part.process.kill()
    await until(lambda: part.starts == 2)
    await supervisor.stop()
    assert said == ["sleeper was ended by SIGKILL; starting it again in 1 s"]


async def test_a_part_is_started_again_when_nothing_can_be_printed(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        supervisor = make(tmp_path, [])
        supervisor._tell = lambda text: print(text, file=full, flush=True)
        part = Part("sleeper", SLEEPER, yes)
        await supervisor.start(part, within=60)
        await until(lambda: part.process is not None)
        part.process.kill()
        await until(lambda: part.starts == 2)
        await supervisor.stop()
        with contextlib.suppress(OSError):
            full.close()


async def test_a_part_that_keeps_dying_is_started_less_and_less_often(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = make(tmp_path, said)
    await supervisor.start(
        Part("broken", [sys.executable, "-c", "raise SystemExit(3)"], yes), within=1
    )
    await until(lambda: len(said) == 3)
    await supervisor.stop()
    assert [line.rsplit(" ", 2)[1] for line in said] == ["1", "2", "4"]
    assert said[0].startswith("broken ended with code 3")


async def test_a_part_that_ignores_the_signal_is_killed_at_the_deadline(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = make(tmp_path, said, deadline=0.5)
    part = Part("stubborn", [*STUBBORN, str(tmp_path / "deaf")], yes)
    await supervisor.start(part, within=60)
    await until((tmp_path / "deaf").exists)
    await supervisor.stop()
    assert part.process is not None and part.process.returncode == -signal.SIGKILL
    assert said == ["stubborn did not stop within 0 s and is killed"]


async def test_what_a_part_started_goes_with_it(tmp_path: Path) -> None:
    program = (
        f"import subprocess, time; p = subprocess.Popen({SLEEPER!r});"
        "open('child', 'w').write(str(p.pid)); time.sleep(600)"
    )
    supervisor = make(tmp_path, [])
    await supervisor.start(Part("parent", [sys.executable, "-c", program], yes), within=60)
    await until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text())
    child = int((tmp_path / "child").read_text())
    await supervisor.stop()
    await until(lambda: not running(child))


async def test_later_rounds_stop_after_earlier_ones_have_ended(tmp_path: Path) -> None:
    program = (
        "import signal, sys, time\n"
        "def end(*_): open('ends', 'a').write(sys.argv[1]); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); open(sys.argv[1], 'w'); time.sleep(600)"
    )
    supervisor = make(tmp_path, [])
    for name, number in (("last", 1), ("first", 0)):
        await supervisor.start(
            Part(name, [sys.executable, "-c", program, name], yes, number), within=60
        )
        await until((tmp_path / name).exists)
    await supervisor.stop()
    assert (tmp_path / "ends").read_text() == "firstlast"


def test_a_held_folder_names_its_holder(tmp_path: Path) -> None:
    with (
        exclusive(tmp_path / "lock"),
        pytest.raises(AlreadyRunning, match=str(os.getpid())),
        exclusive(tmp_path / "lock"),
    ):
        pass


def test_a_folder_is_free_again_after_its_holder_was_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from studio.lib.supervisor import exclusive\n"
        "with exclusive(Path(sys.argv[1])): print('held', flush=True); time.sleep(600)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "lock")], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with exclusive(tmp_path / "lock"):
        pass


# --- The whole studio


@pytest.fixture(scope="module")
def supervised() -> Iterator[Studio]:
    """A studio of this file's own: its parts are killed."""
    with start_studio("supervised") as studio:
        yield studio


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def parts(studio: Studio) -> dict[str, psutil.Process]:
    """Return the supervisor's own children by the name of the part."""
    marks = {
        "serve": "web",
        "jobs": "worker",
        "system": "system",
        "officina.execution.forkhost": "fork host",
    }
    found = {}
    for child in psutil.Process(studio.process.pid).children():
        try:
            line = child.cmdline()
        except psutil.Error:
            continue
        name = next((marks[word] for word in line if word in marks), "")
        if name := name or ("broker" if "-server" in "".join(line[:1]) else ""):
            found[name] = child
    return found


class TestTheStudio:
    pytestmark = [pytest.mark.slow, pytest.mark.servers]

    def test_it_says_where_it_is_and_how_the_first_administrator_gets_in(
        self, supervised: Studio
    ) -> None:
        assert f"Studio   {supervised.url}" in supervised.log
        assert f"open once:  {supervised.url}/setup/" in supervised.log

    def test_the_tls_port_serves_the_same_application_by_its_own_authority(
        self, supervised: Studio
    ) -> None:
        trusting = ssl.create_default_context(cafile=str(supervised.home / "tls" / "ca.pem"))
        with urllib.request.urlopen(
            f"{supervised.tls_url}/healthz", context=trusting, timeout=60
        ) as answer:
            assert answer.status == 200

    def test_a_second_start_is_refused_with_the_process_that_is_in_the_way(
        self, supervised: Studio
    ) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", "up"],
            env=supervised.environment, cwd=ROOT, capture_output=True, text=True, timeout=START_LIMIT,
        )  # fmt: skip
        assert done.returncode == 1
        assert (
            f"already running on {supervised.home} (process {supervised.process.pid})"
            in done.stderr
        )

    def test_a_taken_port_is_named_before_anything_starts(self, supervised: Studio) -> None:
        port = supervised.url.rsplit(":", 1)[1]
        other = spawn_studio("other", OFFICINA_PORT=port)
        assert other.process.wait(START_LIMIT) == 1
        assert f"Port {port} is taken" in other.log and "OFFICINA_PORT" in other.log

    @pytest.mark.parametrize("name", ["web", "worker", "system", "fork host", "broker"])
    def test_a_killed_part_comes_back(self, supervised: Studio, name: str) -> None:
        if name == "broker" and "REDIS_URL" in supervised.environment:
            assert "broker" not in parts(supervised)
            return
        old = parts(supervised)[name]
        old.kill()
        end = time.monotonic() + START_LIMIT
        while name not in (now := parts(supervised)) or now[name].pid == old.pid:
            assert time.monotonic() < end, f"{name} did not come back"
            time.sleep(0.1)
        supervised.wait_until_healthy()
        assert f"{name} was ended by SIGKILL" in supervised.log

    def test_nothing_goes_on_without_it_after_a_ctrl_c(self, supervised: Studio) -> None:
        assert supervised.ends_whole(signal.SIGINT) == 0
