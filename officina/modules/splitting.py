"""Palette category Data Transformation: Split Data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from officina.catalogue import Param, Port, module
from officina.columns import rules
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.errors import INVALID_DATA, module_error

if TYPE_CHECKING:
    import pandas as pd
    from sklearn import model_selection

    from officina.modules import expressions
    from officina.modules.context import Context
    from officina.modules.tables import Table
else:
    model_selection = lazy("sklearn.model_selection")
    expressions = lazy("officina.modules.expressions")

_ROWS = {"mode": "rows"}


@module(
    name="split_data",
    title="Split Data",
    category="Data Transformation",
    inputs=[Port("dataset", "dataset", label="Dataset")],
    outputs=[
        Port("results1", "dataset", label="Results dataset 1"),
        Port("results2", "dataset", label="Results dataset 2"),
    ],
    params=[
        Param(
            "mode",
            "enum",
            "Splitting mode",
            "rows",
            enum=("rows", "regular_expression", "relative_expression"),
        ),
        Param(
            "fraction",
            "number",
            "Fraction of rows in the first output",
            0.5,
            0,
            1,
            visible_when=_ROWS,
        ),
        Param("randomized", "boolean", "Randomized split", True, visible_when=_ROWS),
        Param(
            "random_seed",
            "integer",
            "Random seed",
            0,
            0,
            2**32 - 1,
            optional=True,
            visible_when=_ROWS,
            help="Blank = drawn anew in each run, and recorded.",
        ),
        Param("stratified", "boolean", "Stratified split", False, visible_when=_ROWS),
        Param(
            "stratify_by",
            "columns",
            "Stratification key column",
            single=True,
            optional=True,
            visible_when={"stratified": True},
        ),
        Param(
            "expression",
            "string",
            "Expression",
            visible_when={"mode": ["regular_expression", "relative_expression"]},
            help='\\"City" ^Se finds a pattern; \\"Year" > 2010 & < 2020 compares.',
        ),
    ],
    summary="{mode} {fraction}",
    doc="Divide the rows in two: at random (the same rows as scikit-learn's train_test_split), in "
    "their order, by a pattern in a column, or by comparing a column. Rows that match go to the "
    "first output.",
    schema=rules.same("dataset", "results1", "results2"),
)
def split_data(ctx: Context) -> None:
    """Divide the rows in two."""
    table, params = ctx.table("dataset"), ctx.params
    if params["mode"] == "rows":
        first, second = _split_rows(ctx, table)
    else:
        by = expressions.regex_mask
        if params["mode"] == "relative_expression":
            by = expressions.relative_mask
        mask = by(table.frame, params["expression"])
        first, second = table.frame[mask], table.frame[~mask]
    ctx.save_table("results1", table.with_frame(first))
    ctx.save_table("results2", table.with_frame(second))


def _split_rows(ctx: Context, table: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame, params = table.frame, ctx.params
    # Rounded first: 0.29 of 100 rows is 29, though 0.29 * 100 is a little less.
    count = int(round(params["fraction"] * len(frame), 9))
    if params["stratified"]:
        return _split_stratified(ctx, table, count)
    if not params["randomized"]:
        return frame.iloc[:count], frame.iloc[count:]
    seed = ctx.seed()
    if count in (0, len(frame)):  # train_test_split refuses an empty side
        return frame.iloc[:count], frame.iloc[count:]
    first, second = model_selection.train_test_split(
        frame, train_size=count, test_size=len(frame) - count, random_state=seed
    )
    return first, second


def _split_stratified(ctx: Context, table: Table, count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    if not ctx.params["stratify_by"]:
        raise module_error(
            "0003",
            "The stratification key column is not chosen.",
            where="stratify_by",
            hint="Choose the column whose values both outputs should share.",
        )
    key = columns.select_one(table, ctx.params["stratify_by"], where="stratify_by")
    values = table.frame[key].astype("str")
    try:
        first, second = model_selection.train_test_split(
            table.frame,
            train_size=count,
            test_size=len(table.frame) - count,
            random_state=ctx.seed(),
            stratify=values,
        )
    except ValueError as error:
        raise module_error(
            INVALID_DATA,
            f'The rows cannot be stratified by "{key}": {error}',
            where="stratify_by",
            hint="Each value needs at least two rows.",
        ) from error
    return first, second
