"""What preparation steps do to a data frame where no designer module does it.

Each function stands alone: a saved pipeline carries its source in a Python script step, so that
the preview and the run do the same by construction. Faults are ValueErrors in plain words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from officina.lazy import lazy

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy("pandas")


def drop_rows(frame: pd.DataFrame, *, rows: str) -> pd.DataFrame:
    """Leave rows out by their position, counted from 1: 1-3,8."""
    gone = pd.Series(False, index=range(len(frame)))
    for part in rows.split(","):
        first, _, last = part.strip().partition("-")
        if not first.strip().isdigit() or (last.strip() and not last.strip().isdigit()):
            raise ValueError(f"{part.strip()!r} is no range of rows; write for example 1-3,8")
        gone.iloc[max(int(first) - 1, 0) : int(last or first)] = True
    return frame[~gone.to_numpy()].reset_index(drop=True)


def drop_empty(frame: pd.DataFrame, *, columns: list[str], axis: str) -> pd.DataFrame:
    """Leave out the rows, or the columns, in which every value is missing."""
    if axis == "rows":
        return frame.dropna(subset=columns, how="all").reset_index(drop=True)
    return frame.drop(columns=[name for name in columns if frame[name].isna().all()])


def drop_duplicates(frame: pd.DataFrame, *, columns: list[str], keep: str) -> pd.DataFrame:
    """Keep the first or the last of the rows that are equal in these columns."""
    chosen: Any = keep
    return frame.drop_duplicates(subset=columns or None, keep=chosen).reset_index(drop=True)


def append(frame: pd.DataFrame, other: pd.DataFrame, *, names: str) -> pd.DataFrame:
    """Put the rows of another table below; a column that only one has is filled up or left out."""
    parts = [each for each in (frame, other) if len(each)] or [frame, other]
    kept: Any = "outer" if names == "all" else "inner"
    shared = [name for name in frame.columns if name in other.columns]
    listed = shared if names == "common" else list(dict.fromkeys([*frame.columns, *other.columns]))
    return pd.concat(parts, join=kept, ignore_index=True).reindex(columns=listed)


def transpose(frame: pd.DataFrame, *, header: str, names: str) -> pd.DataFrame:
    """Turn rows into columns; `header` names the new columns, `names` holds the old names."""
    if len(frame) > 2_000:
        raise ValueError(f"{len(frame):,} rows would become as many columns; 2,000 is the most")
    body = frame.drop(columns=[header]) if header else frame
    titles = frame[header].astype(str) if header else [f"Row {i + 1}" for i in range(len(frame))]
    turned = body.T
    turned.columns = pd.Index([str(title) for title in titles])
    turned = turned.infer_objects()
    if names:
        turned.insert(0, names, [str(name) for name in body.columns])
    return turned.reset_index(drop=True)


def replace_values(
    frame: pd.DataFrame, *, columns: list[str], find: str, new: str, match: str
) -> pd.DataFrame:
    """Replace a whole value, a part of a text, or what a pattern matches."""
    result = frame.copy()
    for name in columns:
        column = frame[name]
        if match != "whole":
            if pd.api.types.is_string_dtype(column.dtype) or column.dtype == object:
                pattern = match == "pattern"
                result[name] = column.str.replace(find, new, regex=pattern)
            continue
        if pd.api.types.is_bool_dtype(column.dtype):
            hit = column.map({True: "true", False: "false"}) == find.strip().lower()
        elif pd.api.types.is_numeric_dtype(column.dtype):
            number = pd.to_numeric(pd.Series([find]), errors="coerce").iloc[0]
            hit = column == number
        else:
            hit = column.astype(object).map(str) == find
        hit = hit.fillna(False).astype(bool) & column.notna()
        if hit.any():
            values = column.astype(object).mask(hit, None if new == "" else new)
            numeric = pd.api.types.is_numeric_dtype(column.dtype)
            plain = pd.to_numeric(values, errors="coerce") if numeric else values
            fits = plain.isna().sum() == values.isna().sum()
            result[name] = plain if numeric and fits else values.map(str, na_action="ignore")
    return result


def fill_along(frame: pd.DataFrame, *, columns: list[str], direction: str) -> pd.DataFrame:
    """Fill missing values with the last one before them, or the first one after."""
    result = frame.copy()
    for name in columns:
        result[name] = frame[name].ffill() if direction == "forward" else frame[name].bfill()
    return result


def aggregate(
    frame: pd.DataFrame, *, by: list[str], columns: list[str], function: str
) -> pd.DataFrame:
    """Work out one value of each column: for all rows, or for each group of equal keys."""
    wanted: Any = {"distinct": "nunique"}.get(function, function)
    for name in columns:
        kind = frame[name].dtype
        counts = function in ("count", "distinct", "min", "max", "first", "last")
        if not counts and not pd.api.types.is_numeric_dtype(kind):
            raise ValueError(f"column {name!r} holds no numbers, so it has no {function}")
        if name in by:
            raise ValueError(f"column {name!r} cannot be both a key and a value")
    if not by:
        values = {name: [frame[name].agg(wanted)] if len(frame) else [None] for name in columns}
        return pd.DataFrame(values)
    groups = frame.groupby(by, sort=True, dropna=False, observed=True)
    if not columns:
        return groups.size().rename("count").reset_index()
    found: pd.DataFrame = groups[columns].agg(wanted).reset_index()
    return found


def holds(frame: pd.DataFrame, rule: dict[str, str]) -> Any:
    """Say in which rows a condition holds; a missing value fits none."""
    column, word = frame[rule["column"]], rule["operator"]
    if word in ("missing", "present"):
        return column.isna() if word == "missing" else column.notna()
    given: Any = frame[rule["other"]] if rule.get("other") else rule.get("value", "")
    if word in ("contains", "lacks", "starts", "ends", "matches"):
        words = column.astype(object).map(str)
        part = given if word == "matches" else re.escape(given)
        part = {"starts": f"^(?:{part})", "ends": f"(?:{part})$"}.get(word, part)
        found = words.str.contains(part, regex=True).fillna(False).astype(bool)
        return (~found if word == "lacks" else found) & column.notna()
    known = column.notna()
    if isinstance(given, str):
        listed: list[Any] = [one.strip() for one in given.split(",")] if word == "in" else [given]
        if pd.api.types.is_bool_dtype(column.dtype):
            listed = [one.strip().lower() in ("true", "1", "yes") for one in listed]
        elif pd.api.types.is_numeric_dtype(column.dtype):
            listed = [float(one) for one in listed]
        elif pd.api.types.is_datetime64_any_dtype(column.dtype):
            listed = [pd.Timestamp(one, tz=getattr(column.dtype, "tz", None)) for one in listed]
        else:
            column = column.astype(object).map(str)
        if word == "in":
            return column.isin(listed) & known
        given = listed[0]
    else:
        known = known & given.notna()
    names = {"is": "eq", "not": "ne", "less": "lt", "most": "le", "more": "gt", "least": "ge"}
    # Only known values are compared: a missing one has no order.
    found = getattr(column[known], names[word])(given[known] if rule.get("other") else given)
    return found.reindex(frame.index, fill_value=False).astype(bool)


def keep_rows(frame: pd.DataFrame, *, conditions: list[dict[str, str]], match: str) -> pd.DataFrame:
    """Keep the rows for which all, or any, of the conditions hold."""
    kept = pd.Series(match == "all", index=frame.index)
    for rule in conditions:
        found = holds(frame, rule)
        kept = kept & found if match == "all" else kept | found
    return frame[kept].reset_index(drop=True)


def sort_rows(frame: pd.DataFrame, *, columns: list[str], descending: bool) -> pd.DataFrame:
    """Sort by these columns, the first one first; equal rows keep their order, missing ones end."""
    return frame.sort_values(columns, ascending=not descending, kind="stable").reset_index(
        drop=True
    )


def take_rows(frame: pd.DataFrame, *, rows: int, seed: int) -> pd.DataFrame:
    """Take so many rows by chance, in the order of the table."""
    taken = frame.sample(n=min(rows, len(frame)), random_state=seed)
    return taken.sort_index().reset_index(drop=True)


def split_text(
    frame: pd.DataFrame, *, column: str, separator: str, parts: int, keep: bool
) -> pd.DataFrame:
    """Cut a text column at a separator into columns <name>_1 to <name>_<parts>."""
    texts = frame[column].astype(object).map(str, na_action="ignore")
    pieces = texts.map(lambda text: text.split(separator, parts - 1), na_action="ignore")
    at = list(frame.columns).index(column) + 1
    result = frame.copy()
    for number in range(parts):
        found = pieces.map(
            lambda cut, n=number: cut[n].strip() if n < len(cut) else None, na_action="ignore"
        )
        name = f"{column}_{number + 1}"
        if name in result.columns:
            raise ValueError(f"there is a column {name!r} already")
        result.insert(at + number, name, found.astype("str"))
    return result if keep else result.drop(columns=[column])


def derive(
    frame: pd.DataFrame, *, name: str, left: str, operator: str, right: str, value: float | None
) -> pd.DataFrame:
    """Make a column by arithmetic on a column and another one, or a number."""
    for each in (left, right):
        if each and not pd.api.types.is_numeric_dtype(frame[each].dtype):
            raise ValueError(f"column {each!r} holds no numbers; change its type first")
    words = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "%": "mod", "^": "pow"}
    second: Any = frame[right].astype("float64") if right else value
    found = getattr(frame[left].astype("float64"), words[operator])(second)
    return frame.assign(**{name: found})
