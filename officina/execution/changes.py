"""Wait until something happens in a folder, without looking again and again where the kernel tells."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import threading
import time
from pathlib import Path
from types import TracebackType

IN_MODIFY, IN_MOVED_TO, IN_CREATE = 0x2, 0x80, 0x100
# Without notices: the first look after this long, the later ones less and less often.
FIRST_PAUSE, LONGEST_PAUSE = 0.003, 0.1

_libc = ctypes.CDLL(None, use_errno=True)


class _Notices(threading.local):
    """This thread's queue of notices; the kernel takes some 10 ms to close one, so it is kept."""

    process = 0
    handle = -1

    def open(self) -> int:
        """Return the queue's descriptor, -1 where the kernel gives none."""
        if self.process != os.getpid():
            self.process = os.getpid()
            self.handle = int(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        return self.handle


_notices = _Notices()


class FolderChanges:
    """Notices of files written to and renamed in one folder; where there are none, patience.

    One at a time in a thread.
    """

    def __init__(self, folder: Path) -> None:
        self._pause = FIRST_PAUSE
        self._handle = _notices.open()
        self._watch = -1
        if self._handle >= 0:
            wanted = IN_MODIFY | IN_MOVED_TO | IN_CREATE
            self._watch = _libc.inotify_add_watch(self._handle, os.fsencode(folder), wanted)

    def __enter__(self) -> FolderChanges:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._watch >= 0:
            _libc.inotify_rm_watch(self._handle, self._watch)
            self._drain()

    def wait(self, seconds: float) -> None:
        """Return at the next change since the last call, or after so many seconds.

        What this process does in the folder counts as well.
        """
        if self._watch < 0:
            time.sleep(min(seconds, self._pause))
            self._pause = min(self._pause * 1.3, LONGEST_PAUSE)
            return
        if select.select([self._handle], [], [], max(0.0, seconds))[0]:
            self._drain()

    def expect_more(self) -> None:
        """Look again soon where the kernel gives no notices: the folder has just changed."""
        self._pause = FIRST_PAUSE

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                os.read(self._handle, 1 << 16)
