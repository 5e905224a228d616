"""Palette category Data Transformation: Partition and Sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import Column, put
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.errors import (
    EMPTY_INPUT,
    INVALID_DATA,
    NOT_PARSED,
    TOO_LARGE,
    module_error,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from sklearn import model_selection

    from officina.columns import Schemas
    from officina.modules.context import Context
    from officina.modules.tables import Table
else:
    np = lazy("numpy")
    pd = lazy("pandas")
    model_selection = lazy("sklearn.model_selection")

# Folds travel as a column of numbers from 1; its role keeps learners from looking at it.
FOLD, FOLD_ROLE = "Fold", "fold"
ASSIGN = {"mode": "assign_to_folds"}
CHANCE = {"mode": ["sampling", "assign_to_folds"]}


def _schema(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    schema = inputs.get("dataset")
    if schema is None or params["mode"] in ("sampling", "head"):
        return {"results": schema}
    plain = tuple(one for one in schema if one.role != FOLD_ROLE)
    if params["mode"] == "pick_fold":
        return {"results": plain}
    name = FOLD
    while any(one.name == name for one in plain):
        name += "_"
    return {"results": put(plain, Column(name, "integer", FOLD_ROLE))}


@module(
    name="partition_and_sample",
    title="Partition and Sample",
    category="Data Transformation",
    inputs=[Port("dataset", "dataset", label="Dataset")],
    outputs=[Port("results", "dataset", label="Results dataset")],
    params=[
        Param(
            "mode",
            "enum",
            "Partition or sample mode",
            "sampling",
            enum=("sampling", "assign_to_folds", "pick_fold", "head"),
        ),
        Param("rate", "number", "Rate of sampling", 0.01, 0, 1, visible_when={"mode": "sampling"}),
        Param(
            "method",
            "enum",
            "Partitioner method",
            "evenly",
            enum=("evenly", "proportions"),
            visible_when=ASSIGN,
        ),
        Param(
            "folds",
            "integer",
            "Number of folds to split evenly into",
            5,
            1,
            visible_when={**ASSIGN, "method": "evenly"},
        ),
        Param(
            "proportions",
            "string",
            "Proportions separated by comma",
            visible_when={**ASSIGN, "method": "proportions"},
            help="For example .5, .25, .25; what is left below 1 becomes one more fold.",
        ),
        Param("replacement", "boolean", "Use replacement", False, visible_when=ASSIGN),
        Param(
            "randomized",
            "boolean",
            "Randomized split",
            True,
            visible_when=ASSIGN,
            help="Off: rows are dealt out to the folds in turn.",
        ),
        Param(
            "random_seed",
            "integer",
            "Random seed",
            0,
            0,
            2**32 - 1,
            optional=True,
            visible_when=CHANCE,
            help="Blank = drawn anew in each run, and recorded.",
        ),
        Param("stratified", "boolean", "Stratified split", False, visible_when=CHANCE),
        Param(
            "stratify_by",
            "columns",
            "Stratification key column",
            single=True,
            optional=True,
            visible_when={**CHANCE, "stratified": True},
        ),
        Param("fold", "integer", "Fold to pick", 1, 1, visible_when={"mode": "pick_fold"}),
        Param(
            "complement",
            "boolean",
            "Pick complement of the selected fold",
            False,
            visible_when={"mode": "pick_fold"},
        ),
        Param("rows", "integer", "Number of rows to select", 10, 0, visible_when={"mode": "head"}),
    ],
    summary="{mode}",
    doc="Take a random sample (the rows of pandas' sample), the first rows, or deal the rows into "
    "folds: a column Fold with numbers from 1, which learners leave alone, Cross Validate Model "
    "uses, and Pick Fold reads and removes.",
    schema=_schema,
)
def partition_and_sample(ctx: Context) -> None:
    """Take some rows, or number the folds."""
    table, params = ctx.table("dataset"), ctx.params
    mode = params["mode"]
    if mode == "head":
        result = table.with_frame(table.frame.head(params["rows"]))
    elif mode == "sampling":
        result = table.with_frame(_sample(ctx, table))
    elif mode == "pick_fold":
        result = _picked(table, params["fold"], complement=params["complement"])
    else:
        result = _assigned(ctx, table)
    ctx.save_table("results", result)


def fold_column(table: Table) -> str | None:
    """Return the column in which Partition and Sample numbered the folds, or None."""
    return next((name for name, role in table.roles.items() if role.get("role") == FOLD_ROLE), None)


def _sample(ctx: Context, table: Table) -> pd.DataFrame:
    rate, seed = ctx.params["rate"], ctx.seed()
    key = _key(ctx, table)
    if key is None:
        return table.frame.sample(frac=rate, random_state=seed)
    groups = key.reset_index(drop=True).groupby(key.to_numpy(), sort=True)
    return table.frame.iloc[groups.sample(frac=rate, random_state=seed).index.to_numpy()]


def _key(ctx: Context, table: Table) -> pd.Series[Any] | None:
    """Return the column by whose values both parts should be alike; a missing one is a value."""
    if not ctx.params["stratified"]:
        return None
    if not ctx.params["stratify_by"]:
        raise module_error(
            EMPTY_INPUT,
            "The stratification key column is not chosen.",
            where="stratify_by",
            hint="Choose the column whose values all parts should share.",
        )
    name = columns.select_one(table, ctx.params["stratify_by"], where="stratify_by")
    return table.frame[name].astype(object).map(str)


def _picked(table: Table, fold: int, *, complement: bool) -> Table:
    name = fold_column(table)
    if name is None:
        raise module_error(
            INVALID_DATA,
            "The table has no folds.",
            where="dataset",
            hint="Put Partition and Sample with the mode Assign to folds before this step.",
        )
    numbers = table.frame[name]
    if fold not in set(numbers):
        raise module_error(
            INVALID_DATA,
            f"There is no fold {fold}; the folds are 1 to {numbers.max()}.",
            where="fold",
            hint="Choose one of them.",
        )
    mask = numbers != fold if complement else numbers == fold
    return table.with_frame(table.frame[mask].drop(columns=name))


def _assigned(ctx: Context, table: Table) -> Table:
    """Return the table with a column of fold numbers, in the order of the rows."""
    old = fold_column(table)
    if old is not None:
        table = table.with_frame(table.frame.drop(columns=old))
    shares = _shares(ctx.params)
    if ctx.params["replacement"]:
        rows, folds = _drawn(ctx, table, shares)
    else:
        rows, folds = np.arange(len(table.frame)), _dealt(ctx, table, shares)
    name = FOLD
    while name in table.frame.columns:
        name += "_"
    result = table.with_frame(table.frame.iloc[rows].assign(**{name: folds.astype("int64")}))
    result.roles[name] = {"role": FOLD_ROLE}
    return result


def _shares(params: Mapping[str, Any]) -> list[float]:
    if params["method"] == "evenly":
        return [1 / params["folds"]] * params["folds"]
    try:
        found = [float(part) for part in str(params["proportions"]).split(",")]
    except ValueError as error:
        raise module_error(
            NOT_PARSED,
            f'"{params["proportions"]}" is no list of proportions.',
            where="proportions",
            hint="Write for example .5, .25, .25.",
        ) from error
    total = round(sum(found), 9)
    if min(found) <= 0 or total > 1:
        raise module_error(
            TOO_LARGE if total > 1 else NOT_PARSED,
            f"The proportions add up to {total:g}."
            if total > 1
            else "A proportion is not above 0.",
            where="proportions",
            hint="Give numbers above 0 that add up to 1 at most.",
        )
    return found if total == 1 else [*found, 1 - total]


def _dealt(ctx: Context, table: Table, shares: list[float]) -> np.ndarray[Any, Any]:
    """Number the fold of each row, each row in one fold."""
    key, count = _key(ctx, table), len(table.frame)
    seed = ctx.seed() if ctx.params["randomized"] else None
    if ctx.params["method"] == "evenly" and len(shares) > 1 and seed is not None:
        return _by_scikit_learn(table, key, len(shares), seed)
    chance = np.random.default_rng(seed) if seed is not None else None
    folds = np.ones(count, dtype="int64")
    groups = [np.arange(count)] if key is None else _groups(key)
    for group in groups:
        order = chance.permutation(group) if chance is not None else group
        if chance is None and ctx.params["method"] == "evenly":
            folds[order] = np.arange(len(order)) % len(shares) + 1
            continue
        ends = np.round(np.cumsum(shares) * len(order), 6).astype("int64")
        ends[-1] = len(order)
        folds[order] = np.searchsorted(ends, np.arange(len(order)), side="right") + 1
    return folds


def _groups(key: pd.Series[Any]) -> list[np.ndarray[Any, Any]]:
    """Return the positions of the rows of each value."""
    codes = pd.factorize(key, sort=True)[0]
    return [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]


def _by_scikit_learn(
    table: Table, key: pd.Series[Any] | None, count: int, seed: int
) -> np.ndarray[Any, Any]:
    """Deal the rows as KFold and StratifiedKFold do."""
    kind = model_selection.KFold if key is None else model_selection.StratifiedKFold
    folds = np.zeros(len(table.frame), dtype="int64")
    rows = np.zeros((len(table.frame), 1))
    try:
        parts = kind(count, shuffle=True, random_state=seed).split(rows, key)
        for number, (_, chosen) in enumerate(parts, 1):
            folds[chosen] = number
    except ValueError as error:
        raise module_error(
            INVALID_DATA,
            f"The rows cannot be dealt into {count} folds: {error}",
            where="folds",
            hint="Choose fewer folds, or another stratification key.",
        ) from error
    return folds


def _drawn(
    ctx: Context, table: Table, shares: list[float]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Draw each fold from all rows with replacement: a row may be in several, or in none."""
    count = len(table.frame)
    if not count:
        return np.arange(0), np.arange(0)
    chance = np.random.default_rng(ctx.seed())
    ends = np.round(np.cumsum(shares) * count, 6).astype("int64")
    ends[-1] = count
    sizes = np.diff(ends, prepend=0)
    rows = np.concatenate([np.sort(chance.integers(0, count, size)) for size in sizes])
    return rows, np.repeat(np.arange(1, len(sizes) + 1), sizes)
