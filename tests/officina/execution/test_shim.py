"""The shim owns a job: it starts it clean, ends it whole and always leaves a result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from officina import local
from officina.execution import launch

from .conftest import Job, alive

MakeJob = Callable[..., Job]


def test_a_job_that_ends_well_leaves_its_code_and_its_bytes_untouched(make_job: MakeJob) -> None:
    job = make_job(
        "import sys; sys.stdout.write('no newline \\x1b[31m'); sys.stderr.write('err')"
    ).start()
    result = job.wait()
    assert (result["code"], result["signal"], result["reason"]) == (0, None, "exited")
    assert job.log.read_bytes() == b"no newline \x1b[31merr"
    assert result["started"] <= result["ended"]
    assert result["peak_rss"] > 1 << 20


def test_the_exit_code_and_the_signal_of_a_job_are_told_apart(make_job: MakeJob) -> None:
    assert make_job("raise SystemExit(7)").start().wait()["code"] == 7
    result = make_job("import os; os.kill(os.getpid(), 11)").start().wait()
    assert (result["code"], result["signal"], result["reason"]) == (None, 11, "exited")
    assert "SIGSEGV" in result["detail"]


def test_a_job_sees_the_given_environment_and_nothing_of_the_starter(
    make_job: MakeJob, monkeypatch
) -> None:
    monkeypatch.setenv("OFFICINA_SECRET_KEY", "the server's own")
    job = make_job(["/usr/bin/env"], env={"A": "1 2", "ONLY": "this"}).start()
    job.wait()
    lines = set(job.log.read_text().split("\n")) - {""}
    assert lines == {"A=1 2", "ONLY=this", f"TMPDIR={job.rundir}/tmp"}


def test_a_job_inherits_no_descriptor_no_terminal_and_no_core_dumps(make_job: MakeJob) -> None:
    with open("/dev/null") as held:  # noqa: PTH123
        os.set_inheritable(held.fileno(), True)
        job = make_job(
            "import os,resource,sys\n"
            "fds = sorted(int(n) for n in os.listdir('/proc/self/fd'))[:-1]\n"
            "print(fds, sys.stdin.read() == '', resource.getrlimit(resource.RLIMIT_CORE),"
            " os.getpgrp() == os.getpid(), oct(os.umask(0)))"
        ).start()
        job.wait()
    assert job.log.read_text() == "[0, 1, 2] True (0, 0) True 0o77\n"


def test_a_command_that_does_not_exist_is_a_readable_result(make_job: MakeJob) -> None:
    result = make_job(["no-such-program"]).start().wait()
    assert result["reason"] == "shim_error"
    assert "cannot start 'no-such-program': [Errno 2] No such file" in result["detail"]


def test_a_job_description_that_is_broken_is_a_readable_result(make_job: MakeJob) -> None:
    job = make_job("pass", cwd="/no/such/folder").start()
    assert "/no/such/folder" in job.wait()["detail"]


def test_a_cancel_ends_a_job_that_ignores_it_with_a_grandchild_in_its_own_session(
    make_job: MakeJob,
) -> None:
    grandchild = (
        "import os,signal,time; signal.signal(15, signal.SIG_IGN); os.setsid();"
        "os.fork() and os._exit(0); print('grand', os.getpid(), '.'); time.sleep(60)"
    )
    job = make_job(
        "import os,signal,subprocess,sys,time; signal.signal(15, signal.SIG_IGN)\n"
        f"subprocess.Popen([sys.executable, '-u', '-c', {grandchild!r}])\n"
        "print('child', os.getpid(), '.'); time.sleep(60)"
    ).start()
    job.log_has("child")
    text = job.log_has("grand")
    pids = [int(word) for word in text.split() if word.isdigit()]
    assert len(pids) == 2 and all(alive(pid) for pid in pids)
    launch.cancel(job.rundir)
    result = job.wait()
    assert (result["reason"], result["signal"]) == ("canceled", 9)
    assert not any(alive(pid) for pid in pids)


def test_a_job_may_tidy_up_when_it_is_canceled(make_job: MakeJob) -> None:
    job = make_job(
        "import signal,time,sys; signal.signal(15, lambda *_: sys.exit('tidied'))\n"
        "print('up'); time.sleep(60)"
    ).start()
    job.log_has("up")
    launch.cancel(job.rundir)
    assert job.wait()["reason"] == "canceled"
    assert "tidied" in job.log.read_text()


def test_a_job_that_outlives_its_time_is_ended(make_job: MakeJob) -> None:
    job = make_job("import time; time.sleep(60)", timeout=0.5, grace=1).start()
    result = job.wait()
    assert result["reason"] == "timeout"
    assert "0.5 s" in result["detail"]


def test_a_job_that_takes_too_much_memory_is_ended_with_both_figures(make_job: MakeJob) -> None:
    grandchild = "import time; b = bytearray(300 << 20); time.sleep(60)"
    eater = f"import subprocess,sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    result = make_job(eater, memory_bytes=100 << 20).start().wait()
    assert result["reason"] == "memory"
    assert "limit is 100 MiB" in result["detail"]
    assert result["peak_rss"] > 100 << 20


def test_daemons_left_by_a_finished_job_are_ended_with_it(make_job: MakeJob) -> None:
    job = make_job(
        "import subprocess\n"
        "print(subprocess.Popen(['/bin/sleep', '60'], start_new_session=True).pid)"
    ).start()
    assert job.wait()["reason"] == "exited"
    assert not alive(int(job.log.read_text()))


def test_killing_the_shim_kills_the_job_and_leftovers_are_found(make_job: MakeJob) -> None:
    job = make_job(
        "import os,subprocess,time\n"
        "p = subprocess.Popen(['/bin/sleep', '60'], start_new_session=True)\n"
        "print(os.getpid(), p.pid, '.'); time.sleep(60)"
    ).start()
    child, grandchild, _ = job.log_has(".").split()
    shim = launch.look(job.rundir).state["pid"]
    os.kill(shim, signal.SIGKILL)
    job.until(lambda: not alive(int(child)))
    assert not launch.look(job.rundir).alive
    assert launch.look(job.rundir).exit is None
    launch.kill_leftovers(job.rundir)
    assert not alive(int(grandchild))


def test_the_job_survives_whoever_started_it(make_job: MakeJob) -> None:
    job = make_job("import os,time\nwhile not os.path.exists('go'): time.sleep(0.02)")
    starter = os.fork()
    if starter == 0:
        launch.start(job.rundir)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(starter, 0)
    job.until(lambda: launch.look(job.rundir).alive)
    (job.rundir / "work" / "go").touch()
    assert job.wait()["code"] == 0


def test_one_hundred_thousand_lines_arrive_complete(make_job: MakeJob) -> None:
    job = make_job("for i in range(100_000): print('line', i)").start()
    seen, offset = b"", 0
    ended = False
    while True:
        data, offset = launch.tail(job.log, offset)
        seen += data
        if not data and ended:
            break
        ended = ended or launch.look(job.rundir).exit is not None
    assert seen == b"".join(b"line %d\n" % number for number in range(100_000))


def test_state_carries_a_fresh_heartbeat_and_the_confinement(make_job: MakeJob) -> None:
    job = make_job("import time; time.sleep(60)").start()
    first = launch.look(job.rundir)
    assert first.state["pid"] != os.getpid()
    job.until(lambda: launch.look(job.rundir).alive)
    assert job.until(
        lambda: launch.look(job.rundir).state["heartbeat"] > first.state["heartbeat"] + 0.9
    )
    assert launch.look(job.rundir).state["confinement"]
    assert launch.look(job.rundir).state["rss"] > 0
    launch.cancel(job.rundir)
    job.wait()


def test_a_stale_heartbeat_and_a_reused_pid_count_as_dead(make_job: MakeJob) -> None:
    job = make_job("import time; time.sleep(60)").start()
    pid = launch.look(job.rundir).state["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        stale = job.until(lambda: not launch.look(job.rundir).alive)
        assert stale
    finally:
        os.kill(pid, signal.SIGCONT)
    job.until(lambda: launch.look(job.rundir).alive)
    launch.cancel(job.rundir)
    job.wait()
    state = json.loads((job.rundir / "state.json").read_text())
    (job.rundir / "exit.json").unlink()
    (job.rundir / "state.json").write_text(
        json.dumps({**state, "pid": os.getpid(), "heartbeat": time.time()})
    )
    assert not launch.look(job.rundir).alive


def test_a_tail_is_cut_at_a_newline_while_more_follows(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    assert launch.tail(log, 0) == (b"", 0)
    log.write_bytes(b"one\ntwo\nthree")
    assert launch.tail(log, 0, limit=6) == (b"one\n", 4)
    assert launch.tail(log, 4, limit=6) == (b"two\n", 8)
    assert launch.tail(log, 8, limit=6) == (b"three", 13)
    assert launch.tail(log, 13) == (b"", 13)
    log.write_bytes(b"x" * 100)
    assert launch.tail(log, 0, limit=10) == (b"x" * 10, 10)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_ends_neither_the_job_nor_its_result(make_job: MakeJob) -> None:
    job = make_job(
        "import os, time\n"
        "try:\n"
        "    open('big', 'wb').write(b'x' * (1 << 22))\n"
        "except OSError as error: full = error.errno\n"
        "while not os.path.exists('go'): time.sleep(0.02)\n"
        "raise SystemExit(full)"
    )
    description = (job.rundir / "job.json").read_text()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", job.rundir], check=True)
    try:
        (job.rundir / "work").mkdir()
        (job.rundir / "job.json").write_text(description)
        job.start()
        job.until((job.rundir / "work" / "big").exists)
        # Its last word is too old to count, but it still moves the file's time stamp.
        last = launch.look(job.rundir).state["heartbeat"]
        job.until(lambda: time.time() > last + launch.FRESH + 0.5)
        job.until(lambda: launch.look(job.rundir).alive)
        (job.rundir / "work" / "go").touch()
        result = job.wait()
        assert (result["reason"], result["code"]) == ("exited", 28)
    finally:
        subprocess.run(["umount", "-l", job.rundir], check=True)


def test_a_machine_that_slept_costs_a_local_job_nothing(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it wakes, the shim's last word is old, until it says the next one."""
    job, look = make_job("print('whole')").start(), launch.look
    slept = iter([True, True])
    monkeypatch.setattr(
        launch, "look", lambda place: launch.Look(False, None, None) if next(slept, 0) else look(place)
    )  # fmt: skip
    said: list[str] = []
    result = local._watch(job.rundir, said.append, "")
    assert (result["reason"], result["code"]) == ("exited", 0)
    assert "".join(said).strip() == "whole"
