"""Whatever is killed, a run ends as it should: no line of its log lost, nothing left running."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
from collections.abc import Iterator

import psutil
import pytest
import redis

from tests.live import jobs
from tests.running import Studio, spawn_studio, start_studio

pytestmark = [pytest.mark.live, pytest.mark.slow]


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    """Run a studio that these tests may hurt, apart from the one that all share."""
    with start_studio("killed") as running:
        yield running


def worker(studio: Studio) -> psutil.Process:
    """Return the parent process of the worker that watches over jobs."""
    for process in psutil.Process(studio.process.pid).children():
        if "jobs@%h" in jobs.command_line(process):
            return process
    raise AssertionError("no jobs worker")


def watcher(studio: Studio, guid: str) -> int:
    """Return the worker's child that watches over this run, as its lease names it; 0 while nobody does."""
    code = f"from studio.runs.models import Run; print(Run.objects.get(guid={guid!r}).lease_owner)"
    owner = studio.shell(code).strip()
    return int(owner.split(":")[-2]) if owner else 0


def goes_on(studio: Studio, guid: str, before: int) -> None:
    """Wait until another process watches the run, and see that it ends whole."""
    jobs.until("another watches over it", lambda: watcher(studio, guid) not in {0, before})
    jobs.let_end(studio, guid)
    assert jobs.processes_of(studio, guid) == []


def test_a_run_goes_on_when_the_child_that_watches_it_is_killed(studio: Studio) -> None:
    guid = jobs.submit(studio, jobs.GOING_ON)
    jobs.printed(studio, guid, b"line-3\n")
    child = psutil.Process(watcher(studio, guid))
    assert worker(studio).pid in [parent.pid for parent in child.parents()]
    child.kill()
    goes_on(studio, guid, child.pid)


def test_a_run_goes_on_when_the_whole_worker_is_killed(studio: Studio) -> None:
    guid = jobs.submit(studio, jobs.GOING_ON)
    jobs.printed(studio, guid, b"line-3\n")
    before, parent = watcher(studio, guid), worker(studio)
    # Asked before the first of them dies: the pool's processes go with their parent.
    for process in [*parent.children(), parent]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    goes_on(studio, guid, before)


def test_a_run_whose_shim_is_killed_fails_and_leaves_nothing(studio: Studio) -> None:
    guid = jobs.submit(studio, "echo here; sleep 300")
    jobs.printed(studio, guid, b"here\n")
    state = json.loads((jobs.folder(studio, guid) / "state.json").read_text())
    psutil.Process(state["pid"]).kill()
    run = jobs.ended(studio, guid)
    assert run["status"] == "Failed"
    assert run["error"]["message"]
    jobs.until("no orphan", lambda: not jobs.processes_of(studio, guid))


def test_twenty_cut_connections_to_the_broker_lose_nothing(studio: Studio) -> None:
    if "REDIS_URL" in studio.environment:
        pytest.skip("REDIS_URL names a broker that others use too")
    guids = []
    socket = studio.shell("from django.conf import settings; print(settings.BROKER_SOCKET)").strip()
    with redis.Redis(unix_socket_path=socket.splitlines()[-1]) as broker:
        for turn in range(20):
            broker.execute_command("CLIENT", "KILL", "SKIPME", "yes")
            if turn % 5 == 4:
                guids.append(jobs.submit(studio, "echo through"))
    for guid in guids:
        run = jobs.ended(studio, guid)
        assert (run["status"], run["attempt"]) == ("Completed", 1), run
    jobs.until("all parts are heard of", lambda: studio.health()[0] == 200)


def test_queued_runs_carry_on_when_the_broker_loses_all_it_knew(studio: Studio) -> None:
    if "REDIS_URL" in studio.environment:
        pytest.skip("REDIS_URL names a broker that is not ours to kill")
    guids = [jobs.submit(studio, "echo in; sleep 1; echo out") for _ in range(6)]
    jobs.printed(studio, guids[0], b"in\n")
    broker = next(
        process
        for process in psutil.Process(studio.process.pid).children()
        if any("broker.sock" in word or "unixsocket" in word for word in jobs.command_line(process))
    )
    broker.kill()
    for path in (studio.home / "broker").iterdir():
        if path.name.startswith(("appendonly", "dump")):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for guid in guids:
        run = jobs.ended(studio, guid)
        assert (run["status"], run["attempt"]) == ("Completed", 1), run
        assert jobs.log(studio, guid).count(b"out\n") == 1


def test_runs_are_settled_after_everything_was_killed_at_once() -> None:
    with start_studio("wrecked", OFFICINA_WORKERS="1") as studio:
        working = jobs.submit(studio, "echo here; sleep 300")
        queued = [jobs.submit(studio, "echo late") for _ in range(2)]
        jobs.printed(studio, working, b"here\n")
        family = psutil.Process(studio.process.pid).children(recursive=True)
        doomed = {
            process.pid: process for process in [*family, *jobs.processes_of(studio, working)]
        }
        studio.process.kill()
        for process in doomed.values():
            try:
                process.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
        studio.process.wait(60)
        again = spawn_studio("wrecked", OFFICINA_WORKERS="1")
        studio.url, studio.process = again.url, again.process
        studio.wait_until_healthy()
        run = jobs.ended(studio, working)
        assert run["status"] == "Failed", run
        assert run["error"]["message"], run
        for guid in queued:
            assert jobs.ended(studio, guid)["status"] == "Completed"
        assert jobs.processes_of(studio, working) == []
        # And when its supervisor alone is killed, none of the rest goes on.
        assert studio.ends_whole(signal.SIGKILL) == -signal.SIGKILL
