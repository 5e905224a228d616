"""Whether this worker was told to stop: a byte that its pool's processes share with it."""

from __future__ import annotations

import mmap

# Anonymous and shared: made before the pool forks, it is the same byte in all of its processes.
_flag = mmap.mmap(-1, 1)


def ask() -> None:
    """Say that nothing new should be begun."""
    _flag[0] = 1


def is_asked() -> bool:
    """Return whether nothing new should be begun."""
    return _flag[0] == 1
