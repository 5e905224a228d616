"""Exit codes, so that scripts can tell a failed job from a wrong document or an absent studio."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from officina.errors import StudioError


class Exit(IntEnum):
    """What the command ends with; `docs/cli.md` explains each."""

    OK = 0
    JOB_FAILED = 1
    USAGE = 2
    REFUSED = 3
    NOT_FOUND = 4
    NOT_ALLOWED = 5
    UNAVAILABLE = 6
    INTERRUPTED = 130


_OF_CODE = {
    "not_found": Exit.NOT_FOUND,
    "unauthenticated": Exit.NOT_ALLOWED,
    "forbidden": Exit.NOT_ALLOWED,
    "unavailable": Exit.UNAVAILABLE,
    "rate_limited": Exit.UNAVAILABLE,
    "failed": Exit.UNAVAILABLE,
    "storage_full": Exit.UNAVAILABLE,
}


def exit_of(error: StudioError) -> Exit:
    """Return the exit code of an error; what the document or request is to blame for is REFUSED."""
    return _OF_CODE.get(error.code, Exit.REFUSED)


@contextmanager
def told_to_people() -> Iterator[None]:
    """Show a StudioError as two lines on standard error and end with its code."""
    try:
        yield
    except StudioError as error:
        tell(error)
        raise SystemExit(exit_of(error)) from None
    except BrokenPipeError:
        # `officina job list | head`: the reader has had enough.
        sys.stderr.close()
        raise SystemExit(Exit.OK) from None


def tell(error: StudioError) -> None:
    """Write an error to standard error: where, what, and what to do."""
    place = f"{error.where}: " if error.where else ""
    print(f"error: {place}{error.message}", file=sys.stderr)
    if error.hint:
        print(f"  {error.hint}", file=sys.stderr)
