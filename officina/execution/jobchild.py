"""The child that a shim forks: what it may touch, and how it becomes the job.

It is forked before its job is known and waits for orders: forking a warm host costs 10 ms, which
nobody waits for when it is done ahead.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import signal
import sys

from officina.execution import processes, sandbox

TYPE_CHECKING = False  # typing itself costs 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


class StartError(Exception):
    """The job's first instruction was never reached."""


class Waiting:
    """The parent's end of a child that waits for its orders."""

    def __init__(self, pid: int, orders: int, words: int) -> None:
        self.pid = pid
        self._orders = orders
        self._words = words

    @property
    def handles(self) -> tuple[int, int]:
        """The descriptors that a parent which closes all others has to keep."""
        return self._orders, self._words

    def is_gone(self) -> bool:
        """Return whether someone ended the child while it waited."""
        return processes.start_time(self.pid) is None or processes.is_zombie(self.pid)

    def give(self, orders: dict[str, Any]) -> None:
        """Tell the child which job it is: {"rundir", "job", "hidden"}."""
        try:
            with os.fdopen(self._orders, "wb") as pipe:
                pipe.write(json.dumps(orders).encode())
        except OSError as error:
            raise StartError(f"its process is gone ({error})") from error

    def confinement(self) -> str:
        """Return what confines the job, once it has exec'd, begun its module, or died."""
        told = b""
        while not told.endswith(b"\n") and (piece := os.read(self._words, 1 << 16)):
            told += piece
        words, _, failure = told.decode(errors="replace").strip().partition("\0")
        if failure:
            raise StartError(failure)
        return words or "none: the job died before it was confined"

    def signal_words(self) -> None:
        """Have SIGIO sent to this process when the child says that its module is over."""
        fcntl.fcntl(self._words, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(self._words, fcntl.F_GETFL)
        fcntl.fcntl(self._words, fcntl.F_SETFL, flags | os.O_ASYNC | os.O_NONBLOCK)

    def last_words(self) -> tuple[int, int] | None:
        """Return the module's exit code and its peak memory in bytes, once it has said them."""
        try:
            code, _, peak = os.read(self._words, 100).partition(b" ")
            return int(code), int(peak)
        except (OSError, ValueError):
            return None


class Orders:
    """What the child learns about its job."""

    def __init__(self, rundir: str, job: dict[str, Any], hidden: list[str], module: bool) -> None:
        self.rundir = rundir
        self.job = job
        self.hidden = hidden
        self.module = module

    def path(self, name: str) -> str:
        return f"{self.rundir}/{name}"


def fork_ahead(target: Callable[[str], None] | None) -> Waiting:
    """Fork a child that runs `target` with its run folder, or the job's own program without one.

    It dies with this process, and ends when it is given no orders.
    """
    orders_reader, orders_writer = os.pipe2(os.O_CLOEXEC)
    words_reader, words_writer = os.pipe2(os.O_CLOEXEC)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(orders_writer)
        os.close(words_reader)
        _wait(parent, orders_reader, words_writer, target)
    os.close(orders_reader)
    os.close(words_writer)
    return Waiting(pid, orders_writer, words_reader)


def _wait(parent: int, orders: int, words: int, target: Callable[[str], None] | None) -> NoReturn:
    try:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # it died between fork and prctl, so its death signal will never come
        processes.close_all_but(orders, words)
        with os.fdopen(orders, "rb") as pipe:
            given = pipe.read()
        if given:
            become(Orders(module=target is not None, **json.loads(given)), words, target)
    finally:
        os._exit(1)


def policy(orders: Orders) -> sandbox.Policy:
    """Return what the job may touch: its own folders, its inputs and what it runs from."""
    job, rundir = orders.job, orders.rundir
    cwd = job.get("cwd") or orders.path("work")
    own = [orders.path(name) for name in ("work", "outputs", "tmp", "messages.jsonl")]
    if os.path.realpath(cwd).startswith(os.path.realpath(rundir) + "/"):
        own.append(cwd)
    readable = [
        rundir,
        *job.get("readonly", []),
        *processes.input_targets(orders.path("inputs")),
    ]
    readable += processes.interpreter_folders(job.get("argv") or [], job.get("env") or {})
    if orders.module:  # a module still imports lazily from where its host did
        readable += [
            sys.prefix,
            sys.base_prefix,
            os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
        ]
    return sandbox.Policy(
        readonly=tuple(readable),
        writable=(*own, *job.get("writable", [])),
        hidden=tuple(
            path
            for path in [*orders.hidden, *job.get("hidden", [])]
            if not rundir.startswith(path.rstrip("/") + "/")
        ),
        network=job.get("network", True),
    )


def become(orders: Orders, writer: int, target: Callable[[str], None] | None) -> NoReturn:
    """Turn this child into the job: its streams, limits and cage, then its program or module."""
    job = orders.job
    try:
        os.setpgid(0, 0)
        confinement = sandbox.prepare(policy(orders)) if job.get("confine", True) else None
        _set_limits(job)
        _open_streams(orders.path("log.txt"))
        env = dict(job.get("env") or {})
        env.setdefault("TMPDIR", orders.path("tmp"))
        os.chdir(job.get("cwd") or orders.path("work"))
        for number in (
            signal.SIGTERM,
            signal.SIGINT,
            signal.SIGHUP,
            signal.SIGPIPE,
            signal.SIGCHLD,
        ):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        words = confinement.enter() if confinement else "none: switched off for this job"
        os.write(writer, words.encode())
        if target is None:
            os.execvpe(job["argv"][0], job["argv"], env)  # noqa: S606
        processes.close_all_but(writer)
        os.environ.clear()
        os.environ.update(env)
        os.write(writer, b"\n")
    except BaseException as error:
        what = (job.get("argv") or ["the module"])[0]
        os.write(writer, f"\0cannot start {what!r}: {error}".encode())
        os._exit(127)
    _run(target, orders.rundir, writer)


def _open_streams(log: str) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, handle in ((null, 0), (output, 1), (output, 2)):
        os.dup2(source, handle)
    os.close(null)
    os.close(output)


def _run(target: Callable[[str], None], rundir: str, writer: int) -> NoReturn:
    code, job = 1, os.getpid()
    try:
        target(rundir)
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        if os.getpid() == job:  # and not what the module's own code forked
            _say_over(writer, code)
        os._exit(code)


def _say_over(writer: int, code: int) -> None:
    """Tell the shim of the end: the kernel takes 8 ms to clear this much memory away after it."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    with contextlib.suppress(OSError):  # the module's own code closed it
        os.write(writer, f"{code & 255} {peak}".encode())


def _set_limits(job: dict[str, Any]) -> None:
    os.umask(0o077)
    # A machine that runs out of memory ends a job first, not the studio or what else runs there.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("500")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = job.get("data_bytes")
    if limit is None and job.get("memory_bytes"):
        # The watchdog names the reason; this only stops what allocates faster than the
        # watchdog looks.
        limit = job["memory_bytes"] * 2 + (1 << 30)
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (int(limit), int(limit)))
