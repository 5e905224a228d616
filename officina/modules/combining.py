"""Palette category Data Transformation: two tables put together (Add Columns, Add Rows, Join)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import choose, rename
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.errors import INVALID_DATA, NAMES_DIFFER, NO_COLUMNS, module_error
from officina.modules.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    import pandas as pd
    from pandas.api import types

    from officina.columns import Schemas
    from officina.modules.context import Context
else:
    np = lazy("numpy")
    pd = lazy("pandas")
    types = lazy("pandas.api.types")

CATEGORY = "Data Transformation"
LEFT_KEYS, RIGHT_KEYS = "left_keys", "right_keys"


def _combined_schema(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    left, right = inputs.get("left"), inputs.get("right")
    if left is None or right is None:
        return {"combined": None}
    lefts, rights = _numbered([one.name for one in left], [one.name for one in right])
    return {"combined": rename(left, lefts) + rename(right, rights)}


@module(
    name="add_columns",
    title="Add Columns",
    category=CATEGORY,
    inputs=[
        Port("left", "dataset", label="Left dataset"),
        Port("right", "dataset", label="Right dataset"),
    ],
    outputs=[Port("combined", "dataset", label="Combined dataset")],
    doc="Put two tables side by side, row by row. The shorter one is filled up with missing "
    "values. A name that both have gets _1 on the left and _2 on the right.",
    schema=_combined_schema,
)
def add_columns(ctx: Context) -> None:
    """Put two tables side by side."""
    left, right = ctx.table("left"), ctx.table("right")
    rows = max(len(left.frame), len(right.frame))
    lefts, rights = _numbered(left.frame.columns, right.frame.columns)
    sides = [
        _renamed(Table(rows_at(side.frame, _positions(len(side.frame), rows)), side.roles), names)
        for side, names in ((left, lefts), (right, rights))
    ]
    ctx.save_table("combined", beside(*sides))


@module(
    name="add_rows",
    title="Add Rows",
    category=CATEGORY,
    inputs=[
        Port("dataset1", "dataset", label="Dataset 1"),
        Port("dataset2", "dataset", label="Dataset 2"),
    ],
    outputs=[Port("results", "dataset", label="Results dataset")],
    doc="Put the rows of the second table below those of the first. Both need the same columns; "
    "their order may differ, that of the first is kept.",
    schema=lambda params, inputs: {"results": inputs.get("dataset1") or inputs.get("dataset2")},
)
def add_rows(ctx: Context) -> None:
    """Put one table below the other."""
    first, second = ctx.table("dataset1"), ctx.table("dataset2")
    names = [str(name) for name in first.frame.columns]
    others = [str(name) for name in second.frame.columns]
    if set(names) != set(others):
        only = [name for name in (*names, *others) if (name in names) != (name in others)]
        raise module_error(
            NAMES_DIFFER,
            f'The tables differ in their columns: only one has "{only[0]}".',
            where="dataset2",
            hint=f"Both need the same columns; look at: {', '.join(only[:8])}.",
        )
    stacked = {name: _stacked(first.frame[name], second.frame[name]) for name in names}
    frame = pd.DataFrame(stacked, columns=pd.Index(names, dtype=object))
    roles = {
        name: second.roles.get(name, {}) | first.roles.get(name, {})
        for name in names
        if name in first.roles or name in second.roles
    }
    ctx.save_table("results", Table(frame, roles))


def _stacked(upper: pd.Series[Any], lower: pd.Series[Any]) -> pd.Series[Any]:
    if isinstance(upper.dtype, pd.CategoricalDtype) or isinstance(lower.dtype, pd.CategoricalDtype):
        # pd.concat would forget that they are categories where the two lists differ.
        both = [side.astype("category") for side in (upper, lower)]
        known = both[0].cat.categories
        new = [value for value in both[1].cat.categories if value not in known]
        kind = pd.CategoricalDtype([*known, *new])
        return pd.concat([side.astype(kind) for side in both], ignore_index=True)
    if len(upper) == 0 or len(lower) == 0:
        return (lower if len(upper) == 0 else upper).reset_index(drop=True)
    return pd.concat([upper, lower], ignore_index=True)


def _joined_schema(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    left, right = inputs.get("dataset1"), inputs.get("dataset2")
    if params["join_type"] == "left_semi_join":
        return {"results": left}
    if left is None or right is None:
        return {"results": None}
    keys = choose(right, params[RIGHT_KEYS]).names
    if not params["keep_right_keys"]:
        if keys is None:
            return {"results": None}
        right = tuple(one for one in right if one.name not in keys)
    taken = [one.name for one in left]
    return {"results": left + rename(right, _freed([one.name for one in right], taken))}


@module(
    name="join_data",
    title="Join Data",
    category=CATEGORY,
    inputs=[
        Port("dataset1", "dataset", label="Left dataset"),
        Port("dataset2", "dataset", label="Right dataset"),
    ],
    outputs=[Port("results", "dataset", label="Results dataset")],
    params=[
        Param(LEFT_KEYS, "columns", "Join key columns for left dataset"),
        Param(RIGHT_KEYS, "columns", "Join key columns for right dataset", port="dataset2"),
        Param("match_case", "boolean", "Match case", True),
        Param(
            "join_type",
            "enum",
            "Join type",
            "inner_join",
            enum=("inner_join", "left_outer_join", "full_outer_join", "left_semi_join"),
        ),
        Param(
            "keep_right_keys",
            "boolean",
            "Keep right key columns in joined table",
            True,
            visible_when={"join_type": ["inner_join", "left_outer_join", "full_outer_join"]},
        ),
    ],
    summary="{join_type}: {left_keys} = {right_keys}",
    doc="Join two tables where their key columns are equal; several keys are compared in the "
    "order in which they are listed. A missing key equals nothing. Rows keep the order of the "
    "left table; a name that the left table has already gets _2.",
    schema=_joined_schema,
)
def join_data(ctx: Context) -> None:
    """Join two tables on equal keys."""
    left, right, params = ctx.table("dataset1"), ctx.table("dataset2"), ctx.params
    lefts = columns.select(left, params[LEFT_KEYS], where=LEFT_KEYS, as_listed=True)
    rights = columns.select(right, params[RIGHT_KEYS], where=RIGHT_KEYS, as_listed=True)
    if len(lefts) != len(rights):
        raise module_error(
            NO_COLUMNS,
            f"{len(lefts)} key columns on the left, {len(rights)} on the right.",
            where=RIGHT_KEYS,
            hint="Choose as many on both sides, in the same order.",
        )
    pairs = [
        (left.frame[one], right.frame[other]) for one, other in zip(lefts, rights, strict=True)
    ]
    codes = _codes(pairs, len(left.frame), match_case=params["match_case"])
    kind = params["join_type"]
    if kind == "left_semi_join":
        ctx.save_table("results", left.with_frame(left.frame[np.isin(*codes)]))
        return
    at_left, at_right = _pairs(*codes, kind)
    frame = rows_at(left.frame, at_left)
    taken = right
    if not params["keep_right_keys"]:
        taken = right.with_frame(right.frame.drop(columns=rights))
        for one, other in zip(lefts, rights, strict=True):
            frame[one] = _filled(
                frame[one], at_left, rows_at(right.frame[[other]], at_right)[other]
            )
    renamed = _freed(taken.frame.columns, frame.columns)
    side = _renamed(Table(rows_at(taken.frame, at_right), taken.roles), renamed)
    ctx.save_table("results", beside(Table(frame, left.roles), side))


def _codes(
    pairs: list[tuple[pd.Series[Any], pd.Series[Any]]], rows: int, *, match_case: bool
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Number the different keys, so that equal keys have equal numbers; a missing one its own."""
    total = rows + len(pairs[0][1])
    codes = np.zeros(total, dtype="int64")
    missing = np.zeros(total, dtype=bool)
    for left, right in pairs:
        values = _comparable(left, right, match_case)
        missing |= values.isna().to_numpy()
        numbers, known = pd.factorize(values)
        # Squeezed after each column: products of many counts would not fit into 64 bits.
        codes = pd.factorize(codes * (len(known) + 1) + numbers + 1)[0].astype("int64")
    codes[missing] = -1 - np.arange(total)[missing]
    return codes[:rows], codes[rows:]


def _comparable(left: pd.Series[Any], right: pd.Series[Any], match_case: bool) -> pd.Series[Any]:
    """Return the keys of both tables in one column; numbers and texts are never equal."""
    sides = [
        side.astype(object).infer_objects() if isinstance(side.dtype, pd.CategoricalDtype) else side
        for side in (left, right)
    ]
    kinds = [_kind(side) for side in sides if side.notna().any()]
    if len(set(kinds)) > 1:
        raise module_error(
            INVALID_DATA,
            f'Key "{left.name}" holds {kinds[0]}, key "{right.name}" {kinds[1]}.',
            where=RIGHT_KEYS,
            hint="Give both the same type with Edit Metadata.",
        )
    values = pd.concat(sides, ignore_index=True)
    if not match_case and kinds[:1] == ["texts"]:
        values = values.astype(object).where(values.isna(), values.astype("str").str.casefold())
    return values


def _kind(series: pd.Series[Any]) -> str:
    if types.is_bool_dtype(series):
        return "true and false"
    if types.is_numeric_dtype(series):
        return "numbers"
    return "dates" if types.is_datetime64_any_dtype(series) else "texts"


def _pairs(
    left: np.ndarray[Any, Any], right: np.ndarray[Any, Any], kind: str
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return which rows stand beside each other, -1 for none, in the order of the left table."""
    rows = pd.DataFrame({"key": left, "left": np.arange(len(left))})
    others = pd.DataFrame({"key": right, "right": np.arange(len(right))})
    how: Any = "inner" if kind == "inner_join" else "left"
    found = rows.merge(others, on="key", how=how)
    at_left, at_right = found["left"].to_numpy(), found["right"].fillna(-1).to_numpy("int64")
    if kind == "full_outer_join":
        alone = np.flatnonzero(~np.isin(right, left))
        at_left = np.concatenate([at_left, np.full(len(alone), -1)])
        at_right = np.concatenate([at_right, alone])
    return at_left, at_right


def _filled(
    series: pd.Series[Any], positions: np.ndarray[Any, Any], other: pd.Series[Any]
) -> pd.Series[Any]:
    """Take the right key where there is no left row."""
    if not (positions < 0).any():
        return series
    if isinstance(series.dtype, pd.CategoricalDtype):
        new = [value for value in other.dropna().unique() if value not in series.cat.categories]
        series = series.cat.add_categories(new)
    return series.where(pd.Series(positions >= 0), other)


def rows_at(frame: pd.DataFrame, positions: np.ndarray[Any, Any]) -> pd.DataFrame:
    """Return the rows at these positions; -1 gives a row of missing values.

    Whole numbers stay whole and truths stay truths, where plain pandas would make floats of them.
    """
    plain = frame.reset_index(drop=True)
    if (positions < 0).any():
        for name, kind in plain.dtypes.items():
            if isinstance(kind, np.dtype) and kind.kind in "biu":
                plain[name] = plain[name].astype("boolean" if kind.kind == "b" else "Int64")
    return plain.reindex(positions).reset_index(drop=True)


def beside(left: Table, right: Table) -> Table:
    """Put two tables of equal length side by side; their names must differ."""
    frame = pd.concat([left.frame, right.frame], axis=1)
    return Table(frame, left.roles | right.roles).with_frame(frame)


def _positions(rows: int, wanted: int) -> np.ndarray[Any, Any]:
    return np.where(np.arange(wanted) < rows, np.arange(wanted), -1)


def _renamed(table: Table, names: Mapping[str, str]) -> Table:
    frame = table.frame.rename(columns=names)
    return Table(frame, {names.get(name, name): role for name, role in table.roles.items()})


def _numbered(left: Iterable[str], right: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the new names of columns that both sides have: with _1 and _2, or the next free."""
    lefts, rights = [str(name) for name in left], [str(name) for name in right]
    taken = {*lefts, *rights}
    renamed: tuple[dict[str, str], dict[str, str]] = {}, {}
    for name in lefts:
        if name in rights:
            number = 0
            for side in renamed:
                number += 1
                while f"{name}_{number}" in taken:
                    number += 1
                side[name] = f"{name}_{number}"
                taken.add(side[name])
    return renamed


def _freed(names: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """Return a new name for each of these that is taken already: with _2, or the next free."""
    wanted, used = [str(name) for name in names], {str(name) for name in taken}
    everything = {*wanted, *used}
    renamed = {}
    for name in wanted:
        if name in used:
            number = 2
            while f"{name}_{number}" in everything:
                number += 1
            renamed[name] = f"{name}_{number}"
            everything.add(renamed[name])
    return renamed
