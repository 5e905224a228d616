"""Rows of CSV as text that a spreadsheet reads as data, never as a formula."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

# A cell that begins so is a formula to a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def row(values: Iterable[Any]) -> str:
    """Return one line; numbers stay numbers, a text that looks like a formula gets an apostrophe."""
    out = io.StringIO()
    csv.writer(out).writerow(_cell(value) for value in values)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False) if value else ""
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
