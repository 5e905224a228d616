"""Keep the data libraries loaded and fork a supervised child from them for each designer module.

`python -m officina.execution.forkhost SOCKET`. A request is one JSON line `{"rundir": ...}` on the
unix socket; the answer is `{"pid": ...}`, sent by the new shim once its heartbeat exists. The host
never runs user code itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import io
import json
import os
import pkgutil
import signal
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import officina.modules
from officina.execution import jobchild, processes, shim

# Set before numpy loads: a process with threads must not fork, and BLAS starts its threads at
# import.
SINGLE_THREAD = {
    name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
}
PRELOADED = (
    "numpy",
    "pandas",
    "pandas.core.arrays.arrow.extension_types",
    "pyarrow",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.impute",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "officina.execution.modules",
)
# Arrow's allocator purges in the background and minds forks by itself.
HARMLESS_THREADS = {"jemalloc_bg_thd"}
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def main(path: str) -> None:
    """Serve fork requests on the socket at `path` until told to stop or orphaned."""
    parent = os.getppid()
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        return
    os.environ.update(SINGLE_THREAD)
    preload()
    server = listen(Path(path))

    def end(*_: object) -> None:
        # An exception would be swallowed where the signal happens to land, a callback for one.
        Path(path).unlink(missing_ok=True)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    # The kernel collects ended shims: a second fork to be rid of them would cost 10 ms a module.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        while True:
            keep_spare(server, Path(path))
    finally:
        Path(path).unlink(missing_ok=True)


def preload() -> None:
    """Import what modules need and freeze it, so that children share its pages."""
    for name in PRELOADED:
        importlib.import_module(name)
    for module in pkgutil.iter_modules(officina.modules.__path__):
        try:
            importlib.import_module(f"officina.modules.{module.name}")
        except ImportError as error:
            # One module that lacks its library must not take the others down; its own run says why.
            sys.stderr.write(f"forkhost: {module.name} is not preloaded: {error}\n")
    warm_up()
    gc.collect()
    gc.freeze()
    others = sorted(threads() - HARMLESS_THREADS)
    if others:
        sys.stderr.write(f"forkhost: threads {others} run here; forked modules may hang\n")


def warm_up() -> None:
    """Make a small table once: what pandas and Arrow prepare at first use is then done for all."""
    from officina.execution import modules

    class Silent:
        def __getattr__(self, name: str) -> Callable[..., None]:
            return lambda *_, **__: None

    with tempfile.TemporaryDirectory(prefix="officina-") as folder:
        spec = {
            "name": "enter_data_manually",
            "version": "1",
            "params": {"data": "a,b\n1,x\n", "has_header": True},
            "outputs": {"dataset": f"{folder}/dataset"},
        }
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                modules.run_module(spec, cast("Any", Silent()))
        except Exception as error:
            sys.stderr.write(f"forkhost: the first table failed: {error}\n")


def threads() -> set[str]:
    """Return the names of this process's threads beside the main one."""
    tasks = sorted(Path("/proc/self/task").glob("*"), key=lambda task: int(task.name))
    return {(task / "comm").read_text().strip() for task in tasks[1:]}


def listen(path: Path) -> socket.socket:
    """Bind the socket for its owner only, replacing one left by a host that died."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        server.bind(str(path))
    finally:
        os.umask(mask)
    server.listen(64)
    return server


def may_ask(connection: socket.socket) -> bool:
    """Return whether the caller is one of the studio's own processes and not a job.

    A job reaches this socket only where its folder could not be hidden; every job runs with
    no_new_privs, which it cannot shed.
    """
    size = struct.calcsize("3i")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    pid, user, _ = struct.unpack("3i", credentials)
    if user != os.getuid():
        return False
    return has_no_new_privileges(os.getpid()) or not has_no_new_privileges(pid)


def has_no_new_privileges(pid: int) -> bool:
    """Return whether a process gave up gaining privileges; one that is gone counts as such."""
    status = processes.read(f"/proc/{pid}/status")
    return "NoNewPrivs:\t0" not in status


def keep_spare(server: socket.socket, path: Path) -> None:
    """Fork the process that will take the next request, and return once it has taken one.

    Forking this much memory costs 5 ms, which nobody waits for when it is done ahead.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    host = os.getpid()
    try:
        child = os.fork()
    except OSError as error:
        sys.stderr.write(f"forkhost: {error}\n")
        child = -1
    if child == 0:
        try:
            os.close(reader)
            be_spare(server, path, host, writer)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        if not pipe.read(1):
            time.sleep(0.2)  # the machine has no room for a process, or someone killed the spare


def be_spare(server: socket.socket, path: Path, host: int, taken: int) -> None:
    """Fork the job's child, wait for a request, become its shim; die with the host until then."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != host:
        return
    waiting = jobchild.fork_ahead(run_in_child)
    while True:
        connection, _ = server.accept()
        rundir = read_request(connection)
        if rundir is not None:
            break
        connection.close()
    _libc.prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0)
    os.write(taken, b"t")
    if waiting.is_gone():
        waiting = jobchild.fork_ahead(run_in_child)
    become_shim(rundir, waiting, connection, path)


def read_request(connection: socket.socket) -> str | None:
    """Return the run folder that is asked for; None for a probe, a torn request or a stranger."""
    connection.settimeout(1)
    if not may_ask(connection):
        return None
    try:
        return str(json.loads(connection.makefile("rb").readline())["rundir"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def become_shim(
    rundir: str, waiting: jobchild.Waiting, connection: socket.socket, path: Path
) -> None:
    """Turn this process into the shim of `rundir`; never returns."""
    try:
        handle = connection.detach()
        processes.close_all_but(handle, *waiting.handles)
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        os.close(null)
        opened = [handle]

        def ready() -> None:
            while opened:
                answer = opened.pop()
                # Whoever asked may have died meanwhile; the job is owed its shim all the same.
                with contextlib.suppress(OSError):
                    os.write(answer, json.dumps({"pid": os.getpid()}).encode() + b"\n")
                os.close(answer)

        hidden = (str(path.parent.resolve()),)
        shim.supervise(rundir, waiting, ready, hidden)
    finally:
        os._exit(0)


def run_in_child(rundir: str) -> None:
    """Run the module of `rundir/job.json` here; our streams are the run's log already."""
    from officina.execution import modules

    threads = int(os.environ.get("OMP_NUM_THREADS") or 1)
    if threads > 1:
        import threadpoolctl  # type: ignore[import-untyped]

        threadpoolctl.threadpool_limits(threads)
    # Line by line, as a program started with -u would show it: the log is read while the module
    # runs.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.argv = ["module", rundir]
    sys.exit(modules.main([f"{rundir}/job.json"]))


if __name__ == "__main__":
    main(sys.argv[1])
