"""The child that a shim forks: what it may touch, and how it becomes the job."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys

from officina.execution import processes, sandbox

TYPE_CHECKING = False  # typing itself costs 5 ms
if TYPE_CHECKING:
    from typing import Any

    from officina.execution.shim import Shim

PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def policy(shim: Shim) -> sandbox.Policy:
    """Return what the job may touch: its own folders, its inputs and what it runs from."""
    job = shim.job
    cwd = job.get("cwd") or shim.path("work")
    own = [shim.path(name) for name in ("work", "outputs", "tmp", "messages.jsonl")]
    if os.path.realpath(cwd).startswith(os.path.realpath(shim.rundir) + "/"):
        own.append(cwd)
    readable = [
        shim.rundir,
        *job.get("readonly", []),
        *processes.input_targets(shim.path("inputs")),
    ]
    readable += processes.interpreter_folders(job.get("argv") or [], job.get("env") or {})
    if shim.target is not None:  # a module still imports lazily from where its host did
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
            for path in [*shim.hidden, *job.get("hidden", [])]
            if not shim.rundir.startswith(path.rstrip("/") + "/")
        ),
        network=job.get("network", True),
    )


def become(shim: Shim, parent: int, writer: int, confinement: sandbox.Confinement | None) -> None:
    """Turn this forked child into the job: its streams, limits and cage, then its program or module."""
    try:
        os.setpgid(0, 0)
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # the shim died between fork and prctl, so its death signal will never come
        _set_limits(shim.job)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, handle in ((null, 0), (shim.log, 1), (shim.log, 2)):
            os.dup2(source, handle)
        env = dict(shim.job.get("env") or {})
        env.setdefault("TMPDIR", shim.path("tmp"))
        os.chdir(shim.job.get("cwd") or shim.path("work"))
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
        if shim.target is None:
            os.execvpe(shim.job["argv"][0], shim.job["argv"], env)  # noqa: S606
        processes.close_all_but_standard()
        os.environ.clear()
        os.environ.update(env)
    except BaseException as error:
        what = (shim.job.get("argv") or ["the module"])[0]
        os.write(writer, f"\0cannot start {what!r}: {error}".encode())
        os._exit(127)
    _run_target(shim)


def _run_target(shim: Shim) -> None:
    code = 1
    try:
        if shim.target is not None:
            shim.target()
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
        os._exit(code)


def _set_limits(job: dict[str, Any]) -> None:
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = job.get("data_bytes")
    if limit is None and job.get("memory_bytes"):
        # The watchdog names the reason; this only stops what allocates faster than the
        # watchdog looks.
        limit = job["memory_bytes"] * 2 + (1 << 30)
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (int(limit), int(limit)))
