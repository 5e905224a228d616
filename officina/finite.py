"""Numbers of JSON that a float can hold."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeGuard


def is_finite(value: object) -> TypeGuard[float]:
    """Return whether a value is such a number; true and false are none, nor is an integer beyond every float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # Compared, not asked by math.isfinite: that raises OverflowError on the longest integers. NaN compares false.
    return -sys.float_info.max <= value <= sys.float_info.max
