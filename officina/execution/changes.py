"""Wait until something happens in a folder, without looking again and again where the kernel tells."""

from __future__ import annotations

import ctypes
import os
import select
import time
from pathlib import Path
from types import TracebackType

IN_MODIFY, IN_MOVED_TO, IN_CREATE = 0x2, 0x80, 0x100
IN_NONBLOCK, IN_CLOEXEC = os.O_NONBLOCK, os.O_CLOEXEC
# Without notices: the first look after this long, the later ones less and less often.
FIRST_PAUSE, LONGEST_PAUSE = 0.003, 0.1

_libc = ctypes.CDLL(None, use_errno=True)


class FolderChanges:
    """Notices of files written to and renamed in one folder; where there are none, patience."""

    def __init__(self, folder: Path) -> None:
        self._pause = FIRST_PAUSE
        self._handle = int(_libc.inotify_init1(IN_NONBLOCK | IN_CLOEXEC))
        wanted = IN_MODIFY | IN_MOVED_TO | IN_CREATE
        if (
            self._handle >= 0
            and _libc.inotify_add_watch(self._handle, os.fsencode(folder), wanted) < 0
        ):
            self.close()

    def __enter__(self) -> FolderChanges:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ask for no more notices."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def wait(self, seconds: float) -> None:
        """Return at the next change since the last call, or after so many seconds.

        What this process does in the folder counts as well.
        """
        if self._handle < 0:
            time.sleep(min(seconds, self._pause))
            self._pause = min(self._pause * 1.3, LONGEST_PAUSE)
            return
        if select.select([self._handle], [], [], max(0.0, seconds))[0]:
            os.read(self._handle, 1 << 16)

    def expect_more(self) -> None:
        """Look again soon where the kernel gives no notices: the folder has just changed."""
        self._pause = FIRST_PAUSE
