"""Designer modules run in children of a warm process, each under its own shim."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from officina.execution import launch, processes

from .conftest import LIMIT, Job, alive

MakeJob = Callable[..., Job]
TABLE = "age,bmi\n59,32.1\n48,21.6\n"


@pytest.fixture(scope="module")
def host() -> Iterator[tuple[Path, int]]:
    with tempfile.TemporaryDirectory(prefix="of-") as folder:  # a socket's path must be short
        address = Path(folder) / "fork.sock"
        process = subprocess.Popen([sys.executable, "-m", "officina.execution.forkhost", address])
        deadline = time.monotonic() + LIMIT
        while not address.exists() and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.02)
        yield address, process.pid
        process.terminate()
        process.wait(LIMIT)


@pytest.fixture
def make_module(make_job: MakeJob) -> Callable[..., Job]:
    def make(name: str = "enter_data_manually", **params: Any) -> Job:
        job = make_job("unused")
        description = json.loads((job.rundir / "job.json").read_text())
        del description["argv"]
        description["module"] = {
            "name": name,
            "version": "1",
            "params": params,
            "inputs": {},
            "outputs": {"dataset": str(job.rundir / "outputs" / "dataset")},
        }
        (job.rundir / "job.json").write_text(json.dumps(description))
        return job

    return make


def test_a_module_runs_in_a_forked_child(
    host: tuple[Path, int], make_module: Callable[..., Job]
) -> None:
    job = make_module(data=TABLE, has_header=True)
    launch.start(job.rundir, forkhost=host[0])
    result = job.wait()
    assert result["code"] == 0, job.log.read_text()
    assert (job.rundir / "outputs" / "dataset" / "data.parquet").exists()
    assert "2 rows x 2 columns" in job.log.read_text()
    assert '{"type":"finished"}' in (job.rundir / "messages.jsonl").read_text()
    assert launch.look(job.rundir).state["confinement"].startswith(("landlock", "none:"))


def test_a_module_runs_in_a_plain_child_when_no_host_answers(
    make_module: Callable[..., Job], tmp_path: Path
) -> None:
    job = make_module(data=TABLE, has_header=True)
    launch.start(job.rundir, forkhost=tmp_path / "nobody.sock")
    assert job.wait()["code"] == 0, job.log.read_text()
    assert (job.rundir / "outputs" / "dataset" / "data.parquet").exists()


def test_a_module_that_fails_says_why_in_the_log_and_in_a_message(
    host: tuple[Path, int], make_module: Callable[..., Job]
) -> None:
    job = make_module(name="no_such_module")
    launch.start(job.rundir, forkhost=host[0])
    assert job.wait()["code"] == 1
    assert "no_such_module" in job.log.read_text()
    assert "Traceback" not in job.log.read_text()
    assert '"type":"failed"' in (job.rundir / "messages.jsonl").read_text().replace(" ", "")


def test_an_unforeseen_error_leaves_its_traceback_in_the_log(
    host: tuple[Path, int], make_module: Callable[..., Job]
) -> None:
    job = make_module()
    description = json.loads((job.rundir / "job.json").read_text())
    description["module"] = ["not", "a", "module"]
    (job.rundir / "job.json").write_text(json.dumps(description))
    launch.start(job.rundir, forkhost=host[0])
    assert job.wait()["code"] == 1
    assert "Traceback" in job.log.read_text()


SCRIPT = """
import os, sys, threading, time
import pandas as pd

def scribble():
    with open("scribbled", "ab", 0) as file:
        while True:
            file.write(b"x")

def azureml_main(one=None, two=None):
    threading.Thread(target=scribble, daemon=True).start()
    if os.fork() == 0:
        sys.exit(3)
    os.wait()
    time.sleep(0.3)
    return pd.DataFrame({"x": [1]})
"""


def test_a_module_is_over_when_it_says_so_itself_and_not_when_its_fork_ends(
    host: tuple[Path, int], make_module: Callable[..., Job]
) -> None:
    job = make_module("execute_python_script", python_script=SCRIPT)
    description = json.loads((job.rundir / "job.json").read_text())
    ports = {name: str(job.rundir / "outputs" / name) for name in ("results1", "results2")}
    description["module"]["outputs"] = ports
    (job.rundir / "job.json").write_text(json.dumps(description))
    launch.start(job.rundir, forkhost=host[0])
    result = job.wait()
    scribbled = (job.rundir / "work" / "scribbled").stat().st_size
    assert (result["code"], result["reason"]) == (0, "exited"), job.log.read_text()
    assert (job.rundir / "outputs" / "results1" / "data.parquet").exists()
    assert result["peak_rss"] > 50 << 20
    time.sleep(0.1)
    assert (job.rundir / "work" / "scribbled").stat().st_size == scribbled > 0


def test_twenty_modules_at_once_all_finish_and_leave_no_zombie(
    host: tuple[Path, int], make_module: Callable[..., Job]
) -> None:
    jobs = [make_module(data=TABLE, has_header=True) for _ in range(20)]
    for job in jobs:
        launch.start(job.rundir, forkhost=host[0])
    assert [job.wait()["code"] for job in jobs] == [0] * 20
    # The shim and the child for the next.
    jobs[0].until(lambda: len(processes.descendants(host[1])) == 2)
    (child,) = psutil.Process(host[1]).children()
    assert child.status() != psutil.STATUS_ZOMBIE


def test_a_module_lives_on_when_its_host_is_killed(
    make_module: Callable[..., Job], tmp_path: Path
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="of-"))
    address = folder / "fork.sock"
    process = subprocess.Popen([sys.executable, "-m", "officina.execution.forkhost", address])
    job = make_module(data=TABLE * 20_000, has_header=True)
    job.until(address.exists)
    launch.start(job.rundir, forkhost=address)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert job.wait()["code"] == 0, job.log.read_text()
    address.unlink()
    folder.rmdir()


def test_the_host_dies_with_its_parent(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="of-"))
    starter = (
        "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-m', "
        f"'officina.execution.forkhost', '{folder}/fork.sock']); print(p.pid, flush=True); "
        "time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout as lines:
        host = int(lines.readline())
    deadline = time.monotonic() + LIMIT
    while not (folder / "fork.sock").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    while alive(host) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(host)
    assert not list(folder.iterdir())
    folder.rmdir()


def test_only_the_owner_may_ask_the_host(host: tuple[Path, int]) -> None:
    assert host[0].stat().st_mode & 0o077 == 0
    assert host[0].stat().st_uid == os.getuid()


def test_a_job_that_finds_the_socket_gets_nothing_from_it(
    host: tuple[Path, int], make_job: MakeJob, make_module: Callable[..., Job]
) -> None:
    wanted = make_module(data=TABLE, has_header=True)
    code = (
        "import json, socket\n"
        "s = socket.socket(socket.AF_UNIX)\n"
        "try:\n"
        f"    s.connect({str(host[0])!r})\n"
        f"    s.sendall(json.dumps({{'rundir': {str(wanted.rundir)!r}}}).encode() + b'\\n')\n"
        "    print('answer', s.recv(100))\n"
        "except OSError as error: print(type(error).__name__)\n"
    )
    job = make_job(code)
    launch.start(job.rundir)  # without the host's address, so its folder is not hidden
    job.wait()
    answers = {"answer b''\n", "ConnectionResetError\n", "BrokenPipeError\n"}
    assert job.log.read_text() in answers
    hiding = make_job(code)
    launch.start(hiding.rundir, forkhost=host[0])
    hiding.wait()
    if "sockets hidden" in launch.look(hiding.rundir).state["confinement"]:
        assert hiding.log.read_text() == "FileNotFoundError\n"
    assert not (wanted.rundir / "state.json").exists()


def test_a_run_folder_is_taken_by_one_shim_only(
    host: tuple[Path, int], make_module: Callable[..., Job]
) -> None:
    job = make_module(data=TABLE, has_header=True)
    launch.start(job.rundir, forkhost=host[0])
    result = job.wait()
    launch.start(job.rundir, forkhost=host[0])
    time.sleep(0.3)
    assert launch.look(job.rundir).exit == result
    assert job.log.read_text().count("2 rows") == 1


@pytest.mark.parametrize("which", [0, 1], ids=["the shim to be", "the job to be"])
def test_a_killed_spare_is_replaced(
    which: int, host: tuple[Path, int], make_module: Callable[..., Job]
) -> None:
    job = make_module(data=TABLE, has_header=True)
    job.until(lambda: len(processes.descendants(host[1])) == 2)
    spare = processes.descendants(host[1])[which]
    os.kill(spare, signal.SIGKILL)
    job.until(lambda: spare not in processes.descendants(host[1]))
    launch.start(job.rundir, forkhost=host[0])
    assert job.wait()["code"] == 0


def test_a_probe_that_says_nothing_does_not_stop_the_host(
    host: tuple[Path, int], make_module: Callable[..., Job]
) -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(host[0]))
        job = make_module(data=TABLE, has_header=True)
        launch.start(job.rundir, forkhost=host[0])
        assert job.wait()["code"] == 0
