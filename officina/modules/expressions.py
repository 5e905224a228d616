r"""The two little languages of Split Data, read by a parser of their own and never evaluated.

Regular expression: `\"Column" pattern` or `(\3) pattern`.
Relative expression: `\"Year" > 2010`, `(\0) <= 30 & != 20`, `\"a" < 1 | \"b" = "x"`.
Positions count from 0; `&` binds tighter than `|`; a comparison without a column means the last
one. A missing value meets no comparison.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from officina.modules.errors import NOT_PARSED, column_not_found, module_error

if TYPE_CHECKING:
    from officina.errors import StudioError

COLUMN = re.compile(r'\s*(?:\\"(?P<name>(?:[^"\\]|\\.)+)"|\(?\\(?P<index>\d+)\)?)')
COMPARE = re.compile(r"\s*(==|!=|<>|<=|>=|=|<|>)")
VALUE = re.compile(r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s&|"<>=!]+))')
JOIN = re.compile(r"\s*([&|])")
OPERATORS = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def regex_mask(frame: pd.DataFrame, expression: str) -> pd.Series[bool]:
    """Say for each row whether the pattern is found in the named column."""
    column, rest = _column(frame, expression, 0)
    if column is None:
        raise _fault(expression, 0, 'a column such as \\"Name"')
    try:
        pattern = re.compile(expression[rest:].strip())
    except re.error as error:
        raise module_error(
            NOT_PARSED,
            f"The regular expression is not valid: {error}.",
            where="expression",
            hint="Escape special characters with a backslash.",
        ) from error
    values = frame[column]
    found = [
        bool(pattern.search(text)) if known else False
        for text, known in zip(values.astype("str"), values.notna(), strict=True)
    ]
    return pd.Series(found, index=frame.index, dtype=bool)


def relative_mask(frame: pd.DataFrame, expression: str) -> pd.Series[bool]:
    """Say for each row whether the comparisons hold."""
    either: list[pd.Series[bool]] = []
    both: pd.Series[bool] | None = None
    column: str | None = None
    position = 0
    while True:
        found, position = _column(frame, expression, position)
        column = found or column
        if column is None:
            raise _fault(expression, position, 'a column such as \\"Year"')
        mask, position = _comparison(frame[column], expression, position)
        both = mask if both is None else both & mask
        joined = JOIN.match(expression, position)
        if not joined:
            break
        position = joined.end()
        if joined[1] == "|":
            either.append(both)
            both = None
    if expression[position:].strip():
        raise _fault(expression, position, "& or | or the end")
    for mask in either:
        both = both | mask
    return both


def _column(frame: pd.DataFrame, text: str, position: int) -> tuple[str | None, int]:
    match = COLUMN.match(text, position)
    if not match:
        return None, position
    names = [str(name) for name in frame.columns]
    if match["name"] is not None:
        name = re.sub(r"\\(.)", r"\1", match["name"])
        if name not in names:
            raise column_not_found(name, names, where="expression")
        return name, match.end()
    index = int(match["index"])
    if index >= len(names):
        raise module_error(
            "0001",
            f"There is no column {index}; the table has {len(names)}.",
            where="expression",
            hint="Positions count from 0.",
        )
    return names[index], match.end()


def _comparison(series: pd.Series[Any], text: str, position: int) -> tuple[pd.Series[bool], int]:
    compare = COMPARE.match(text, position)
    if not compare:
        raise _fault(text, position, "one of < <= > >= = !=")
    value = VALUE.match(text, compare.end())
    if not value:
        raise _fault(text, compare.end(), "a value")
    raw = value["quoted"] if value["quoted"] is not None else value["bare"]
    left, right = _comparable(series, re.sub(r"\\(.)", r"\1", raw))
    mask = OPERATORS[compare[1]](left, right) & series.notna()
    return mask.fillna(False).astype(bool), value.end()


def _comparable(series: pd.Series[Any], text: str) -> tuple[pd.Series[Any], Any]:
    """Return column and value as the same kind of thing."""
    try:
        if pd.api.types.is_bool_dtype(series):
            return series.astype("boolean"), {"true": True, "false": False}[text.lower()]
        if pd.api.types.is_numeric_dtype(series):
            return series, float(text)
        if pd.api.types.is_datetime64_any_dtype(series):
            return series, pd.Timestamp(text, tz=getattr(series.dtype, "tz", None))
    except (ValueError, KeyError) as error:
        raise module_error(
            NOT_PARSED,
            f'"{text}" cannot be compared with column "{series.name}" of type {series.dtype}.',
            where="expression",
            hint="Give a value of that type.",
        ) from error
    return series.astype("str"), text


def _fault(text: str, position: int, wanted: str) -> StudioError:
    rest = text[position:].strip()
    near = f'at "{rest[:30]}"' if rest else "at the end"
    return module_error(
        NOT_PARSED,
        f"The expression is not understood {near}.",
        where="expression",
        hint=f"Expected {wanted}.",
    )
