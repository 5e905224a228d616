"""The column selector: ordered include and exclude rules, applied to a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from officina.lazy import lazy
from officina.modules.errors import (
    NO_COLUMNS,
    NOT_PARSED,
    WRONG_TYPE,
    column_not_found,
    module_error,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    import pandas as pd

    from officina.modules.tables import Table
else:
    np = lazy("numpy")
    pd = lazy("pandas")

TYPES = ("numeric", "integer", "string", "boolean", "datetime", "categorical")
ROLES = ("feature", "label", "score")
NUMERIC = {"rules": [{"include": True, "by": "type", "value": ["numeric"]}]}
ALL = {"rules": [{"include": True, "by": "all"}]}


def select(
    table: Table, selector: Mapping[str, Any], *, where: str, as_listed: bool = False
) -> list[str]:
    """Return the chosen column names in the table's order; an empty choice is an error.

    A selector whose first rule excludes starts from all columns, any other from none. With
    `as_listed`, columns that one rule lists by name keep the order of the list.
    """
    names = [str(name) for name in table.frame.columns]
    rules = selector["rules"]
    chosen = set() if rules[0]["include"] else set(names)
    for rule in rules:
        matched = _matches(table, names, rule, where)
        chosen = chosen | matched if rule["include"] else chosen - matched
    if not chosen:
        raise module_error(
            NO_COLUMNS,
            "No column is left by the column selector.",
            where=where,
            hint="Loosen its rules.",
        )
    if as_listed and len(rules) == 1 and rules[0]["by"] == "names":
        return list(dict.fromkeys(str(name) for name in rules[0]["value"]))
    return [name for name in names if name in chosen]


def select_numeric(table: Table, selector: Mapping[str, Any], *, where: str) -> list[str]:
    """Return the chosen columns like `select`; one that holds no numbers is an error."""
    chosen = select(table, selector, where=where)
    for name in chosen:
        if not is_numeric(table.frame[name]):
            raise module_error(
                WRONG_TYPE,
                f'Column "{name}" holds no numbers but is {type_of(table, name)}.',
                where=where,
                hint="Choose numeric columns only, or change its type with Edit Metadata.",
            )
    return chosen


def labels(table: Table, names: Iterable[str]) -> list[str]:
    """Return those of the columns that are labels: data to be scored mostly lacks them."""
    return [name for name in names if table.role(name) == "label"]


def is_numeric(series: pd.Series[Any]) -> bool:
    """Say whether the column holds numbers; true and false are none."""
    kind = series.dtype
    return pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)


def numbers(series: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the column as floats; a missing value is NaN."""
    return series.to_numpy(dtype="float64", na_value=np.nan)


def select_one(table: Table, selector: Mapping[str, Any], *, where: str) -> str:
    """Return the one column that the selector means; more than one is an error."""
    chosen = select(table, selector, where=where)
    if len(chosen) > 1:
        raise module_error(
            NO_COLUMNS,
            f"{len(chosen)} columns are selected: {', '.join(chosen[:5])}.",
            where=where,
            hint="Select exactly one.",
        )
    return chosen[0]


def type_of(table: Table, column: str) -> str:
    """Return the column's type in the selector's words."""
    if table.is_categorical(column):
        return "categorical"
    series = table.frame[column]
    kind = series.dtype
    if pd.api.types.is_bool_dtype(kind):
        return "boolean"
    if pd.api.types.is_integer_dtype(kind):
        return "integer"
    if pd.api.types.is_numeric_dtype(kind):
        return "numeric"
    if pd.api.types.is_datetime64_any_dtype(kind):
        return "datetime"
    return "string"


def _matches(table: Table, names: list[str], rule: Mapping[str, Any], where: str) -> set[str]:
    by, value = rule["by"], rule.get("value")
    if by == "all":
        return set(names)
    if by == "range":
        return {names[index] for index in positions(str(value), len(names), where=where)}
    wanted = [str(item) for item in value or ()]
    if by == "names":
        for name in wanted:
            if name not in names:
                raise column_not_found(name, names, where=where)
        return set(wanted)
    known = TYPES if by == "type" else ROLES
    for word in wanted:
        if word not in known:
            raise module_error(
                NOT_PARSED,
                f'"{word}" is no column {by}.',
                where=where,
                hint=f"Known: {', '.join(known)}.",
            )
    if by == "role":
        return {name for name in names if table.role(name) in wanted}
    return {name for name in names if _is_type(type_of(table, name), wanted)}


def _is_type(kind: str, wanted: list[str]) -> bool:
    return kind in wanted or (kind == "integer" and "numeric" in wanted)


def positions(text: str, count: int, *, where: str) -> list[int]:
    """Read a range such as `1-4,6`, counted from 1, as positions counted from 0."""
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part)
        first = int(match[1]) if match else 0
        last = int(match[2] or match[1]) if match else 0
        if not 1 <= first <= last:
            raise module_error(
                NOT_PARSED,
                f'"{part.strip()}" is no range of columns.',
                where=where,
                hint="Write for example 1-4,6; the first column is 1.",
            )
        if last > count:
            raise module_error(
                "0001",
                f"There is no column {last}; the table has {count}.",
                where=where,
                hint=f"Use 1 to {count}.",
            )
        found.extend(range(first - 1, last))
    return found
