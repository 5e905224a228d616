"""Keep a set of processes running, start them in order and stop them in order. Knows nothing of what they do."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import functools
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 15.0
# A part that ran for this long was healthy: its next crash starts again with the shortest pause.
HEALTHY_AFTER = 30.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

Probe = Callable[[], Awaitable[bool]]
Say = Callable[[str], None]


class AlreadyRunning(Exception):
    """Another supervisor holds the folder; the text names its process."""


@contextlib.contextmanager
def exclusive(lock_file: Path) -> Iterator[None]:
    """Hold the lock file, with our pid in it, or raise AlreadyRunning.

    The kernel drops the lock with the process, so a crash leaves nothing to clean up.
    """
    with lock_file.open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            raise AlreadyRunning(stream.read().strip() or "unknown") from None
        stream.seek(0)
        stream.truncate()
        stream.write(str(os.getpid()))
        stream.flush()
        yield


@dataclass
class Part:
    """One process: its command line, how to see that it is ready, and in which round it is told to stop."""

    name: str
    command: list[str]
    ready: Probe
    stops_in_round: int = 0
    stop_signal: int = signal.SIGTERM
    process: asyncio.subprocess.Process | None = field(default=None, init=False)
    starts: int = field(default=0, init=False)


class Supervisor:
    """Start parts, restart those that end, and stop all of them."""

    def __init__(
        self, *, environment: dict[str, str], folder: Path, say: Say, deadline: float = 8.0
    ) -> None:
        self.parts: list[Part] = []
        self._environment = environment
        self._folder = folder
        self._tell = say
        self._deadline = deadline
        self._stopping = False
        self._keepers: list[asyncio.Task[None]] = []

    def _say(self, text: str) -> None:
        # What we print may go to a file on a full disk: that must not keep a part from its next start.
        with contextlib.suppress(OSError):
            self._tell(text)

    async def start(self, part: Part, *, within: float) -> bool:
        """Start a part and wait until it is ready; False when it was not within so many seconds."""
        self.parts.append(part)
        self._keepers.append(asyncio.create_task(self._keep(part), name=part.name))
        end = time.monotonic() + within
        while time.monotonic() < end and not self._stopping:
            if await part.ready():
                return True
            await asyncio.sleep(0.05)
        return False

    async def stop(self, *, between: Callable[[], Awaitable[None]] | None = None) -> None:
        """Stop round after round, each with a deadline after which the whole process group is killed.

        `between` runs once, right after the first round was told to stop and before it is waited for.
        """
        self._stopping = True
        for number in sorted({part.stops_in_round for part in self.parts}):
            leaving = [part for part in self.parts if part.stops_in_round == number]
            for part in leaving:
                _send(part, part.stop_signal)
            if between:
                await between()
                between = None
            await asyncio.gather(*(self._end(part) for part in leaving))
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    def kill(self) -> None:
        """Kill every part at once: for the second Ctrl-C."""
        for part in self.parts:
            _send(part, signal.SIGKILL)

    async def _end(self, part: Part) -> None:
        if part.process is None:
            return
        try:
            await asyncio.wait_for(part.process.wait(), self._deadline)
        except TimeoutError:
            self._say(f"{part.name} did not stop within {self._deadline:.0f} s and is killed")
        # Also when it ended by itself: a child of its own may have stayed.
        _send(part, signal.SIGKILL)
        await part.process.wait()

    async def _keep(self, part: Part) -> None:
        pause = FIRST_PAUSE
        while not self._stopping:
            begun = time.monotonic()
            try:
                part.process = await self._spawn(part)
            except OSError as error:
                self._say(f"{part.name} cannot be started: {error}")
            else:
                part.starts += 1
                code = await part.process.wait()
                _send(part, signal.SIGKILL)
                if self._stopping:
                    return
                self._say(f"{part.name} {_ending(code)}; starting it again in {pause:.0f} s")
            if time.monotonic() - begun > HEALTHY_AFTER:
                pause = FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _spawn(self, part: Part) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *part.command,
            cwd=self._folder,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            # A session of its own: the terminal's Ctrl-C reaches the supervisor alone, which knows the order.
            start_new_session=True,
            preexec_fn=functools.partial(end_with_parent, os.getpid()),
        )


def end_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when `parent` ends, however it ends (Linux only)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _send(part: Part, number: int) -> None:
    """Send a signal to the part alone, SIGKILL to its whole group."""
    if part.process is None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if number == signal.SIGKILL:
            os.killpg(part.process.pid, number)
        elif part.process.returncode is None:
            part.process.send_signal(number)


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"
