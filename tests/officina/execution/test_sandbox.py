"""What a confined job cannot do, tried from inside a real job."""

from __future__ import annotations

import os
import socket
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from officina.execution import launch, sandbox

from .conftest import Job

MakeJob = Callable[..., Job]

landlock = pytest.mark.skipif(sandbox.abi() < 6, reason="this kernel has no Landlock scopes")

TRY = """
import sys
def attempt(name, call):
    try:
        print(name, 'allowed', call())
    except Exception as error:
        print(name, type(error).__name__)
"""


def outcome(job: Job) -> dict[str, str]:
    result = job.start().wait()
    text = job.log.read_text()
    assert result["code"] == 0, text
    return {line.split()[0]: line.split()[1] for line in text.splitlines()}


@landlock
def test_files_outside_the_run_folder_are_closed(make_job: MakeJob, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "secret.txt").write_text("s3cret")
    sqlite3.connect(home / "db.sqlite3").execute("create table t (x)").connection.commit()
    other = make_job("pass").rundir
    code = TRY + (
        f"import os, sqlite3, shutil, tempfile\n"
        f"attempt('secret', lambda: open({str(home / 'secret.txt')!r}).read())\n"
        f"database = {str(home / 'db.sqlite3')!r}\n"
        "attempt('database', lambda: sqlite3.connect(database).execute('select * from t'))\n"
        f"attempt('other_run', lambda: open({str(other / 'job.json')!r}).read())\n"
        f"attempt('list', lambda: os.listdir({str(home)!r}))\n"
        f"attempt('write', lambda: open({str(home / 'new')!r}, 'w'))\n"
        f"attempt('delete', lambda: os.remove({str(home / 'secret.txt')!r}))\n"
        f"attempt('link', lambda: os.link({str(home / 'secret.txt')!r}, 'stolen'))\n"
        f"attempt('root', lambda: os.listdir('/root'))\n"
        f"attempt('shadow', lambda: open('/etc/shadow').read())\n"
        f"attempt('tmp', lambda: open('/tmp/officina-escape', 'w'))\n"
        f"attempt('exit', lambda: open('../exit.json', 'w'))\n"
        f"attempt('state', lambda: open('../state.json', 'w'))\n"
        f"attempt('own', lambda: open('result.txt', 'w').write('x'))\n"
        f"attempt('temporary', lambda: tempfile.NamedTemporaryFile().write(b'x'))\n"
        f"attempt('messages', lambda: open(os.environ['OFFICINA_MESSAGES'], 'a').write('x'))\n"
        f"attempt('null', lambda: open('/dev/null', 'w').write('x'))\n"
        f"attempt('hosts', lambda: open('/etc/hosts').read()[:0])\n"
    )
    seen = outcome(make_job(code))
    allowed = {name for name, result in seen.items() if result == "allowed"}
    assert allowed == {"own", "temporary", "messages", "null", "hosts"}
    assert (home / "secret.txt").read_text() == "s3cret"


@landlock
def test_a_read_only_input_refuses_writes_even_from_root(make_job: MakeJob, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o777)
    (data / "a.csv").write_text("1")
    code = TRY + (
        f"import os\n"
        f"attempt('read', lambda: open({str(data / 'a.csv')!r}).read())\n"
        f"attempt('through_link', lambda: open('../inputs/d/a.csv').read())\n"
        f"attempt('write', lambda: open({str(data / 'a.csv')!r}, 'w'))\n"
        f"attempt('truncate', lambda: os.truncate({str(data / 'a.csv')!r}, 0))\n"
        f"attempt('create', lambda: open({str(data / 'b.csv')!r}, 'w'))\n"
        f"attempt('rename', lambda: os.rename({str(data / 'a.csv')!r}, {str(data / 'c.csv')!r}))\n"
        f"attempt('write_link', lambda: open('../inputs/d/a.csv', 'a'))\n"
        f"attempt('replace_link', lambda: os.remove('../inputs/d'))\n"
    )
    job = make_job(code)
    (job.rundir / "inputs").mkdir()
    (job.rundir / "inputs" / "d").symlink_to(data)
    seen = outcome(job)
    assert {name for name, result in seen.items() if result == "allowed"} == {
        "read",
        "through_link",
    }
    assert seen["write"] == "PermissionError"
    assert (data / "a.csv").read_text() == "1"


@landlock
def test_listed_folders_are_readable_or_writable_as_said(make_job: MakeJob, tmp_path: Path) -> None:
    for name in ("ro", "rw"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").write_text("x")
    code = TRY + (
        f"attempt('read', lambda: open('{tmp_path}/ro/f').read())\n"
        f"attempt('write', lambda: open('{tmp_path}/ro/f', 'w'))\n"
        f"attempt('rw', lambda: open('{tmp_path}/rw/g', 'w').write('y'))\n"
    )
    seen = outcome(make_job(code, readonly=[str(tmp_path / "ro")], writable=[str(tmp_path / "rw")]))
    assert seen == {"read": "allowed", "write": "PermissionError", "rw": "allowed"}


@landlock
def test_processes_outside_can_be_neither_signalled_nor_inspected(make_job: MakeJob) -> None:
    code = TRY + (
        "import os, ctypes\n"
        f"attempt('signal', lambda: os.kill({os.getpid()}, 0))\n"
        "attempt('shim', lambda: os.kill(os.getppid(), 9))\n"
        f"attempt('environ', lambda: open('/proc/{os.getpid()}/environ').read())\n"
        f"attempt('root_link', lambda: os.listdir('/proc/{os.getpid()}/root/root'))\n"
        f"attempt('memory', lambda: open('/proc/{os.getpid()}/mem', 'rb'))\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        f"print('ptrace', 'allowed' if libc.ptrace(16, {os.getpid()}, 0, 0) == 0 else 'refused')\n"
        "mounted = libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0\n"
        "print('mount', 'allowed' if mounted else 'refused')\n"
    )
    seen = outcome(make_job(code))
    assert "allowed" not in seen.values(), seen


@landlock
def test_sockets_of_the_studio_are_out_of_reach(make_job: MakeJob, tmp_path: Path) -> None:
    broker = Path(f"/tmp/officina-test-{os.getpid()}")
    broker.mkdir(mode=0o700)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(broker / "v.sock"))
    server.listen()
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind(f"\0officina-test-{os.getpid()}")
    abstract.listen()
    code = TRY + (
        "import socket\n"
        "def connect(address): socket.socket(socket.AF_UNIX).connect(address)\n"
        f"attempt('path', lambda: connect({str(broker / 'v.sock')!r}))\n"
        f"attempt('abstract', lambda: connect('\\0officina-test-{os.getpid()}'))\n"
    )
    try:
        job = make_job(code, hidden=[str(broker)])
        seen = outcome(job)
        confinement = launch.look(job.rundir).state["confinement"]
    finally:
        server.close()
        abstract.close()
        (broker / "v.sock").unlink()
        broker.rmdir()
    assert seen["abstract"] == "PermissionError"
    if "reachable by path" in confinement:
        assert seen["path"] == "allowed"  # said honestly on the run page
    else:
        assert "sockets hidden" in confinement
        assert seen["path"] == "FileNotFoundError"


@landlock
def test_the_network_can_be_taken_away(make_job: MakeJob) -> None:
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    code = TRY + (
        f"import socket\naddress = {server.getsockname()!r}\n"
        "attempt('connect', lambda: socket.create_connection(address, 2))\n"
    )
    try:
        assert outcome(make_job(code))["connect"] == "allowed"
        closed = make_job(code, network=False)
        assert outcome(closed)["connect"] in {"ConnectionRefusedError", "PermissionError"}
        assert "off" in launch.look(closed.rundir).state["confinement"]
    finally:
        server.close()


@landlock
def test_the_run_page_can_say_what_held(make_job: MakeJob) -> None:
    job = make_job("pass").start()
    job.wait()
    words = f"landlock abi {sandbox.abi()}: files confined; network open"
    assert launch.look(job.rundir).state["confinement"] == words


def test_without_landlock_the_job_runs_and_the_words_are_honest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sandbox, "abi", lambda: 0)
    confinement = sandbox.prepare(sandbox.Policy())
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, confinement.enter().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 1000) == b"none: kernel lacks Landlock; network open"
    os.close(reader)
    os.close(writer)


@landlock
def test_a_scientific_job_works_inside(make_job: MakeJob) -> None:
    code = (
        "import matplotlib; matplotlib.use('Agg')\n"
        "import numpy, pandas, multiprocessing, subprocess, matplotlib.pyplot as plt\n"
        "from sklearn.ensemble import RandomForestRegressor\n"
        "x = numpy.random.rand(200, 3); RandomForestRegressor(10, n_jobs=2).fit(x, x[:, 0])\n"
        "pandas.DataFrame(x).to_parquet('x.parquet'); plt.plot([1, 2]); plt.savefig('p.png')\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool: print(pool.map(abs, [-1]))\n"
        "print(subprocess.check_output('echo $((1+1)) | cat', shell=True))\n"
    )
    env = {"PATH": f"{Path(sys.executable).parent}:{os.defpath}", "HOME": "."}
    job = make_job(code, env=env).start()
    assert job.wait()["code"] == 0, job.log.read_text()
