"""Own one job: start it, watch it, end it whole, and leave its result on disk.

Run as `python -S -E shim.py RUNDIR [READY_FD [HIDDEN...]]`, or called by the fork host as
`supervise(rundir, target)`. Standard library only, and no import that costs milliseconds: one of
these exists for each running job. The shim outlives whoever started it; everybody else learns
about the job from three files in the run folder: `state.json` (heartbeat), `exit.json` (the
result, written once) and `log.txt` (the job's own bytes).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import time

if (
    __name__ == "__main__"
):  # started as a file: the package's own parent takes the place of its folder
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from officina.execution import jobchild, processes, rundisk

TYPE_CHECKING = False  # typing itself costs 5 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TICK = 0.1
# A log is for reading; a job that prints without end would fill the disk of all.
LOG_LIMIT = 256 << 20
MAX_PROCESSES = 1_000
HEARTBEAT = 1.0
GRACE = 3.0
LEFTOVER_GRACE = 0.5
KILL_LIMIT = 1.5
EXIT_RESERVE = 4096
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

_libc = ctypes.CDLL(None, use_errno=True)


class Shim:
    """The life of one job, from `job.json` to `exit.json`."""

    def __init__(self, rundir: str, waiting: jobchild.Waiting, hidden: tuple[str, ...]) -> None:
        self.rundir = rundir
        self.waiting = waiting
        self.hidden = hidden
        self.job: dict[str, Any] = {}
        self.child = waiting.pid
        self.started = time.time()
        self.started_clock = time.monotonic()
        self.confinement = ""
        self.beat = self.started
        self.rss = 0
        self.peak = 0
        self.status: int | None = None
        self.is_over = False  # the module has said that it is: its process is being cleared away
        self.ended_by: tuple[str, str] | None = (
            None  # (reason, detail) once the shim itself ends the job
        )
        self.log = -1

    def path(self, name: str) -> str:
        return f"{self.rundir}/{name}"

    def run(self, ready: Callable[[], None]) -> None:
        """Supervise the job to its end; the result is in `exit.json` whatever happens."""
        if not self._claim():
            return
        try:
            self._reserve_exit()
            with open(self.path("job.json"), encoding="utf-8") as file:
                self.job = json.load(file)
            self._prepare_folder()
            orders = {"rundir": self.rundir, "job": self.job, "hidden": self.hidden}
            self.waiting.give(orders)
            self._write_state()
            ready()
            self.confinement = self.waiting.confinement()
            self._write_state()
            self._watch()
        except Exception as error:  # whatever it was, the run must end with a reason
            self._fail(error)
        finally:
            ready()
            self._end_tree(LEFTOVER_GRACE)
            self._cut_log()
            self._write_exit()
            self._collect_child()

    def _fail(self, error: Exception) -> None:
        known = isinstance(error, OSError | jobchild.StartError)
        text = str(error) if known else f"{type(error).__name__}: {error}"
        self.ended_by = ("shim_error", f"The job could not be run: {text}"[:2000])

    # -- before the start

    def _prepare_folder(self) -> None:
        for name in ("work", "outputs", "tmp"):
            os.makedirs(self.path(name), exist_ok=True)
        append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        os.close(os.open(self.path("messages.jsonl"), append, 0o600))
        self.log = os.open(self.path("log.txt"), append | os.O_CLOEXEC, 0o600)

    def _claim(self) -> bool:
        """Take the run folder; false if another shim has it: a start that seemed lost was not."""
        try:
            os.close(os.open(self.path(".shim"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return False
        except OSError:
            pass  # the disk is full: the run will say so
        return True

    def _reserve_exit(self) -> None:
        # Blocks taken now cannot be missing when the disk is full at the end.
        with contextlib.suppress(OSError):  # full already: the end may find room again
            handle = os.open(self.path(".exit"), os.O_WRONLY | os.O_CREAT, 0o600)
            os.write(handle, b" " * EXIT_RESERVE)
            os.close(handle)

    # -- while it runs

    def _watch(self) -> None:
        memory, timeout = self.job.get("memory_bytes"), self.job.get("timeout")
        next_beat = time.monotonic() + HEARTBEAT
        self.waiting.signal_words()
        while not self._reap() and not self._heed_last_words():
            signaled = signal.sigtimedwait([signal.SIGCHLD, signal.SIGTERM, signal.SIGIO], TICK)
            now = time.monotonic()
            if signaled is not None and signaled.si_signo == signal.SIGTERM:
                self.ended_by = ("shim_error", "The machine asked the job's supervisor to stop.")
            elif os.path.exists(self.path("cancel")):
                self.ended_by = ("canceled", "Canceled on request.")
            elif timeout and now - self.started_clock > timeout:
                self.ended_by = ("timeout", f"The job ran longer than its limit of {timeout:g} s.")
            elif memory and self._measure() > memory:
                self._check_memory(memory)
            elif os.fstat(self.log).st_size > self.log_limit:
                text = f"The job printed more than {self.log_limit >> 20} MiB to its log."
                self.ended_by = ("log", text)
            elif len(processes.descendants()) > MAX_PROCESSES:
                text = f"The job started more than {MAX_PROCESSES} processes."
                self.ended_by = ("processes", text)
            if self.ended_by is not None:
                return
            # A machine that slept wakes with a heartbeat of hours ago, which reads as a dead shim.
            if now >= next_beat or time.time() - self.beat > 1.5 * HEARTBEAT:
                next_beat = now + HEARTBEAT
                self._measure()
                self._write_state()

    @property
    def log_limit(self) -> int:
        return int(self.job.get("log_bytes") or LOG_LIMIT)

    def _cut_log(self) -> None:
        """Bring a log that outgrew its limit between two looks back to it."""
        if self.ended_by is not None and self.ended_by[0] == "log":
            with contextlib.suppress(OSError):
                os.ftruncate(self.log, self.log_limit)

    def _measure(self) -> int:
        self.rss = sum(processes.rss(pid) for pid in processes.descendants())
        self.peak = max(self.peak, self.rss)
        return self.rss

    def _check_memory(self, limit: int) -> None:
        # RSS counts a page shared by ten forked workers ten times; the slow, exact figure decides.
        used = sum(processes.pss(pid) for pid in processes.descendants())
        if used > limit:
            mib = 1 << 20
            self.ended_by = (
                "memory",
                f"The job used {used / mib:.0f} MiB of memory; its limit is {limit / mib:.0f} MiB.",
            )

    def _reap(self) -> bool:
        """Collect every dead child, adopted ones too; true once the job itself is among them."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return self.status is not None
            if pid == self.child and not self.is_over:
                self.status = status
                self.peak = max(self.peak, usage.ru_maxrss * 1024)

    def _heed_last_words(self) -> bool:
        """Take the module's word for its end, and see to it that this was the last thing it did."""
        told = self.waiting.last_words()
        if told is not None:
            processes.send(self.child, signal.SIGKILL)
            self.is_over, self.status = True, told[0] << 8
            self.peak = max(self.peak, told[1])
        return self.is_over

    # -- the end

    def _end_tree(self, leftover_grace: float) -> None:
        """Ask every process below to stop, then kill what is left, also what left the session."""
        grace = float(self.job.get("grace", GRACE)) if self.status is None else leftover_grace
        if self.ended_by is not None and self.ended_by[0] in ("memory", "log", "processes"):
            grace = min(grace, leftover_grace)  # the machine has none to spare
        processes.signal_all(signal.SIGTERM)
        self._wait_for_none(grace)
        deadline = time.monotonic() + KILL_LIMIT
        while self._living() and time.monotonic() < deadline:
            processes.signal_all(
                signal.SIGKILL
            )  # again and again: a fork may slip between two looks
            self._wait_for_none(0.02)
        self._reap()

    def _wait_for_none(self, seconds: float) -> None:
        deadline, next_beat = time.monotonic() + seconds, time.monotonic() + HEARTBEAT
        while not self._all_gone():
            left = deadline - time.monotonic()
            if left <= 0:
                return
            signal.sigtimedwait([signal.SIGCHLD], min(left, TICK))
            if time.monotonic() >= next_beat:
                next_beat += HEARTBEAT
                self._write_state()

    def _all_gone(self) -> bool:
        self._reap()
        return not self._living()

    def _living(self) -> list[int]:
        gone = self.child if self.is_over else None
        return [pid for pid in processes.descendants() if pid != gone]

    def _collect_child(self) -> None:
        """Wait for a process that is being cleared away, or nobody would collect it."""
        if self.is_over:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.child, 0)

    # -- files

    def _write_state(self) -> None:
        self.beat = time.time()
        state = {
            "pid": os.getpid(),
            "start_time": processes.start_time(os.getpid()),
            "session": os.getsid(0),
            "child": self.child,
            "heartbeat": self.beat,
            "started": self.started,
            "rss": self.rss,
            "peak_rss": self.peak,
            "confinement": self.confinement,
        }
        try:
            rundisk.write_atomically(
                self.path("state.json"), self.path(".state"), json.dumps(state).encode()
            )
        except OSError:
            # A full disk still takes a time stamp, and readers honour it; the job goes on in any
            # case.
            with contextlib.suppress(OSError):
                os.utime(self.path("state.json"))

    def _write_exit(self) -> None:
        code, number = None, None
        if self.status is not None:
            code = os.WEXITSTATUS(self.status) if os.WIFEXITED(self.status) else None
            number = os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else None
        reason, detail = self.ended_by or ("exited", rundisk.describe(code, number))
        result = {
            "code": code,
            "signal": number,
            "reason": reason,
            "started": self.started,
            "ended": time.time(),
            "peak_rss": self.peak,
            "detail": detail,
            "confinement": self.confinement,
        }
        # Not synced: a machine that loses power within the second loses this job's result, like
        # that of the jobs that still ran, and the run is ended with that reason.
        data = json.dumps(result).encode().ljust(EXIT_RESERVE)
        rundisk.write_in_place(self.path(".exit"), data)
        os.rename(self.path(".exit"), self.path("exit.json"))


def supervise(
    rundir: str,
    waiting: jobchild.Waiting,
    ready: Callable[[], None] = lambda: None,
    hidden: tuple[str, ...] = (),
) -> None:
    """Become the supervisor of the job in `rundir` and return when it is over.

    The caller must be single-threaded. `waiting` is its child that will be the job; `ready` is
    called once the heartbeat file exists; `hidden` folders are kept from the job.
    """
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.umask(0o077)
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD, signal.SIGTERM, signal.SIGIO])
    Shim(os.path.abspath(rundir), waiting, hidden).run(ready)


def main() -> None:
    """Supervise the run folder on the command line; close the ready descriptor at the heartbeat."""
    ready_handle = int(sys.argv[2]) if len(sys.argv) > 2 else -1
    processes.close_all_but(ready_handle)
    null = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(null, handle)
    opened = [ready_handle] if ready_handle > 2 else []

    def ready() -> None:
        while opened:
            os.close(opened.pop())

    supervise(sys.argv[1], jobchild.fork_ahead(None), ready, tuple(sys.argv[3:]))


if __name__ == "__main__":
    main()
