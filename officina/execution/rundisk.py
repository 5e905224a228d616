"""How a shim writes its files so that no reader and no full disk gets a torn one."""

from __future__ import annotations

import os
import signal


def describe(code: int | None, number: int | None) -> str:
    """Say in words how the job ended by itself."""
    if number is not None:
        name = (
            signal.Signals(number).name
            if number in {item.value for item in signal.Signals}
            else str(number)
        )
        return f"The job was ended by {name}, not by the studio."
    return f"The job ended with exit code {code}."


def write_atomically(path: str, draft: str, data: bytes) -> None:
    """Put a file in its place whole: whoever looks sees the old or the new one."""
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, data)
    finally:
        os.close(handle)
    os.rename(draft, path)


def write_in_place(path: str, data: bytes) -> None:
    """Fill blocks that are reserved already."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(handle, data, 0)
    finally:
        os.close(handle)
