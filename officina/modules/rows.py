"""Palette category Data Transformation: Remove Duplicate Rows, SMOTE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import chosen_columns, names, same
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.errors import (
    INVALID_DATA,
    TOO_LARGE,
    WRONG_LEARNER,
    WRONG_TYPE,
    module_error,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from imblearn import over_sampling

    from officina.columns import Schemas
    from officina.modules import features
    from officina.modules.context import Context
    from officina.modules.tables import Table
else:
    pd = lazy("pandas")
    over_sampling = lazy("imblearn.over_sampling")
    features = lazy("officina.modules.features")

CATEGORY = "Data Transformation"


@module(
    name="remove_duplicate_rows",
    title="Remove Duplicate Rows",
    category=CATEGORY,
    inputs=[Port("dataset", "dataset", label="Dataset")],
    outputs=[Port("results", "dataset", label="Results dataset")],
    params=[
        Param("columns", "columns", "Key columns", columns.ALL),
        Param(
            "retain_first",
            "boolean",
            "Retain first duplicate row",
            True,
            help="Off: the last one is kept.",
        ),
    ],
    summary="{columns}",
    doc="Keep one of the rows that are equal in all key columns. A row in which a key is missing "
    "is never a duplicate.",
    schema=same("dataset", "results"),
)
def remove_duplicate_rows(ctx: Context) -> None:
    """Remove rows that repeat the keys of another."""
    table = ctx.table("dataset")
    keys = columns.select(table, ctx.params["columns"], where="columns")
    known = table.frame[keys].notna().all(axis=1)
    kept: Any = "first" if ctx.params["retain_first"] else "last"
    doubled = table.frame[known].duplicated(keys, keep=kept).reindex(table.frame.index)
    ctx.save_table("results", table.with_frame(table.frame[~doubled.fillna(False).astype(bool)]))


def _oversampled_schema(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    """Between whole numbers lie fractions; texts, categories and the label stay what they are."""
    table = inputs.get("samples")
    label = chosen_columns(table, params.get("label"))
    if table is None or label is None:
        return {"table": None}
    fixed = names(label)
    return {
        "table": tuple(
            one.with_(type="number")
            if one.type == "integer" and not one.categorical and one.name not in fixed
            else one
            for one in table
        )
        if params.get("percentage")
        else table
    }


@module(
    name="smote",
    title="SMOTE",
    category=CATEGORY,
    inputs=[Port("samples", "dataset", label="Samples")],
    outputs=[Port("table", "dataset", label="Table")],
    params=[
        Param("label", "columns", "Label column", single=True),
        Param(
            "percentage",
            "integer",
            "SMOTE percentage",
            100,
            0,
            100_000,
            help="How many new rows of the rarer class, in percent of those that it has.",
        ),
        Param("neighbors", "integer", "Number of nearest neighbors", 1, 1),
        Param(
            "random_seed",
            "integer",
            "Random seed",
            0,
            0,
            2**32 - 1,
            optional=True,
            help="Blank = drawn anew in each run, and recorded.",
        ),
    ],
    summary="{label}: {percentage} %",
    doc="Add made-up rows of the rarer of two classes, each between a row and one of its nearest "
    "neighbours; 100 % doubles the class. The original rows come first. Texts and categories are "
    "taken from the neighbours. Leave it out of pipelines that score new data.",
    schema=_oversampled_schema,
)
def smote(ctx: Context) -> None:
    """Add made-up rows of the rarer class."""
    table, params = ctx.table("samples", allow_empty=False), ctx.params
    label = columns.select_one(table, params["label"], where="label")
    features.refuse_missing(table.frame, list(table.frame.columns))
    counts = table.frame[label].astype(object).value_counts(sort=False)
    if len(counts) != 2:
        raise module_error(
            WRONG_LEARNER,
            f'Label "{label}" has {len(counts)} values, not two.',
            where="label",
            hint="Choose a label with two classes.",
        )
    new = round(int(counts.min()) * params["percentage"] / 100)
    if not new:
        ctx.save_table("table", table)
        return
    rarer = next(value for value in sorted(counts.index) if counts[value] == counts.min())
    if counts[rarer] <= params["neighbors"]:
        raise module_error(
            TOO_LARGE,
            f"Class {rarer} has {counts[rarer]} rows, too few for {params['neighbors']} neighbors.",
            where="neighbors",
            hint=f"Give at most {counts[rarer] - 1}.",
        )
    wanted = {rarer: int(counts[rarer]) + new}
    ctx.save_table("table", table.with_frame(_oversampled(ctx, table, label, wanted)))


def _oversampled(ctx: Context, table: Table, label: str, wanted: dict[Any, int]) -> pd.DataFrame:
    source = table.frame.drop(columns=label)
    texts = []
    for name in source.columns:
        kind = columns.type_of(table, name)
        if kind == "datetime":
            raise module_error(
                WRONG_TYPE,
                f'Column "{name}" holds dates, between which no row can be made up.',
                where=name,
                hint="Leave it out with Select Columns, or make numbers of it.",
            )
        if kind in ("string", "categorical", "boolean"):
            texts.append(name)
    inputs = source.copy()
    for name in source.columns:
        # Floats, for what lies between whole numbers is not whole.
        inputs[name] = inputs[name].astype(object if name in texts else "float64")
    if len(texts) == len(source.columns):
        raise module_error(
            INVALID_DATA,
            "No feature column holds numbers.",
            where="samples",
            hint="SMOTE needs one at least.",
        )
    options = {
        "sampling_strategy": wanted,
        "k_neighbors": ctx.params["neighbors"],
        "random_state": ctx.seed(),
    }
    sampler = over_sampling.SMOTE(**options)
    if texts:
        sampler = over_sampling.SMOTENC([name in texts for name in source.columns], **options)
    target = table.frame[label].astype(object).infer_objects()
    try:
        made, labels = sampler.fit_resample(inputs, target)
    except ValueError as error:
        raise module_error(
            INVALID_DATA,
            f"No rows can be made up between these: {error}",
            where="samples",
            hint="Clip or normalize the numbers before this step.",
        ) from error
    for name in texts:
        made[name] = made[name].astype(source[name].dtype)
    made[label] = labels.to_numpy()
    made[label] = made[label].astype(table.frame[label].dtype)
    result: pd.DataFrame = made[list(table.frame.columns)]
    return result
