"""The numbered errors of the designer modules; docs and messages use the same numbers."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from officina.errors import StudioError

if TYPE_CHECKING:
    from collections.abc import Iterable

COLUMN_NOT_FOUND = "0001"
NOT_PARSED = "0002"
EMPTY_INPUT = "0003"
TOO_SMALL = "0005"
TOO_LARGE = "0006"
NAMES_DIFFER = "0010"
NO_COLUMNS = "0011"
UNTRAINED_MODEL = "0012"
WRONG_LEARNER = "0013"
WRONG_TYPE = "0017"
INVALID_DATA = "0018"
MISSING_VALUES = "0019"
FILE_NOT_FOUND = "0020"
NOT_REACHED = "0021"
NOT_CATEGORICAL = "0056"
QUERY_FAILED = "0069"
SCRIPT_FAILED = "0085"


def module_error(number: str, message: str, *, where: str, hint: str) -> StudioError:
    """Make a numbered error: `where` names the port, parameter or column at fault."""
    return StudioError(f"Error {number}: {message}", where=where, hint=hint)


def column_not_found(name: str, known: Iterable[object], *, where: str) -> StudioError:
    """Make the error for a column that the table does not have, with the nearest names."""
    names = [str(item) for item in known]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    hint = f"Did you mean {' or '.join(near)}?" if near else f"The columns are: {shown}."
    return module_error(COLUMN_NOT_FOUND, f'There is no column "{name}".', where=where, hint=hint)
