"""Select Columns Transform, and palette category Feature Selection: Filter Based."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import Column, chain, fixed, unknown
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.errors import (
    EMPTY_INPUT,
    MISSING_VALUES,
    column_not_found,
    module_error,
)
from officina.modules.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from scipy import stats

    from officina.columns import Schemas
    from officina.modules.context import Context
else:
    np = lazy("numpy")
    pd = lazy("pandas")
    stats = lazy("scipy.stats")


MAX_CELLS = 10_000_000


@dataclass
class ColumnSelection:
    """The columns of one table, to be taken from others in the same order.

    Its label is left out where the other table has none, as data to be scored mostly has not.
    """

    names: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return only the columns that were remembered."""
        for name in self.names:
            if name not in frame.columns and name not in self.labels:
                raise column_not_found(name, frame.columns, where="dataset")
        return frame[[name for name in self.names if name in frame.columns]]


def _transform_schema(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    return {"transform": inputs.get("dataset")}


@module(
    name="select_columns_transform",
    title="Select Columns Transform",
    category="Data Transformation",
    inputs=[Port("dataset", "dataset", label="Dataset with desired columns")],
    outputs=[Port("transform", "transform", label="Columns selection transformation")],
    doc="Remember which columns a table has; Apply Transformation then takes the same ones, in "
    "the same order, from another table. The label may be absent there.",
    schema=_transform_schema,
)
def select_columns_transform(ctx: Context) -> None:
    """Remember the columns of the table."""
    table = ctx.table("dataset")
    names = [str(name) for name in table.frame.columns]
    selection = ColumnSelection(names, columns.labels(table, names))
    meta = {"kind": "transform", "module": "select_columns_transform", "columns": names}
    ctx.save("transform", selection, meta)


@module(
    name="filter_based_feature_selection",
    title="Filter Based Feature Selection",
    category="Feature Selection",
    inputs=[Port("dataset", "dataset", label="Dataset")],
    outputs=[
        Port("filtered", "dataset", label="Filtered dataset"),
        Port("features", "dataset", label="Features"),
    ],
    params=[
        Param("features_only", "boolean", "Operate on feature columns only", True),
        Param("label", "columns", "Target column", single=True),
        Param("count", "integer", "Number of desired features", 1, 1),
        Param(
            "method",
            "enum",
            "Feature scoring method",
            "pearson_correlation",
            enum=("pearson_correlation", "chi_squared"),
        ),
    ],
    summary="{method}: {count}",
    doc="Keep the columns that tell most about the target, with the target first and the others "
    "by falling score. Pearson scores are absolute correlations of numeric columns; with a target "
    "of texts, each value of it stands for the column's mean in it. Chi squared is the test of "
    "independence (scipy's chi2_contingency) over the values as they are. Rows where a value is "
    "missing do not count for that column. Features lists all scores.",
    schema=chain(
        unknown("filtered"),
        fixed("features", Column("Feature", "string"), Column("Score", "number")),
    ),
)
def filter_based_feature_selection(ctx: Context) -> None:
    """Score the columns against the target and keep the best."""
    table, params = ctx.table("dataset", allow_empty=False), ctx.params
    label = columns.select_one(table, params["label"], where="label")
    target = table.frame[label]
    if target.isna().all():
        raise module_error(
            MISSING_VALUES,
            f'Target column "{label}" has no values.',
            where="label",
            hint="Choose another column.",
        )
    judged = [str(name) for name in table.frame.columns if _is_judged(table, str(name), label)]
    if params["features_only"]:
        judged = [name for name in judged if table.role(name) == "feature"]
    if not judged:
        raise module_error(
            EMPTY_INPUT,
            "No feature column is left beside the target.",
            where="dataset",
            hint="Mark columns as features with Edit Metadata, or judge all columns.",
        )
    score = _pearson if params["method"] == "pearson_correlation" else _chi_squared
    scores = {name: score(table, name, label) for name in judged}
    # sorted() is stable: equal scores keep the order of the table.
    ranked = sorted(judged, key=lambda name: -scores[name])
    kept = [label, *ranked[: params["count"]]]
    ctx.save_table("filtered", table.with_frame(table.frame[kept]))
    listed = pd.DataFrame({"Feature": ranked, "Score": [scores[name] for name in ranked]})
    ctx.save_table("features", Table(listed))


def _is_judged(table: Table, name: str, label: str) -> bool:
    return name != label and table.role(name) not in ("label", "score", "fold")


def _pearson(table: Table, name: str, label: str) -> float:
    """Return the absolute correlation; 0 for a column that holds no numbers."""
    series, target = table.frame[name], table.frame[label]
    known = series.notna() & target.notna()
    if not (columns.is_numeric(series) or pd.api.types.is_bool_dtype(series)) or not known.any():
        return 0.0
    values = columns.numbers(series[known])
    if table.is_categorical(label) or not columns.is_numeric(target):
        others = pd.Series(values).groupby(target[known].astype(object).map(str).to_numpy())
        against = others.transform("mean").to_numpy()
    else:
        against = columns.numbers(target[known])
    if values.min() == values.max() or against.min() == against.max():
        return 0.0
    return abs(float(np.corrcoef(values, against)[0, 1]))


def _chi_squared(table: Table, name: str, label: str) -> float:
    """Return the statistic of the test whether column and target are independent."""
    series, target = table.frame[name], table.frame[label]
    known = series.notna() & target.notna()
    if not known.any():
        return 0.0
    rows, values = pd.factorize(series[known])
    classes, names = pd.factorize(target[known])
    cells = rows.astype("int64") * len(names) + classes
    if len(values) * len(names) <= MAX_CELLS:
        counts = np.bincount(cells, minlength=len(values) * len(names))
        return float(stats.chi2_contingency(counts.reshape(-1, len(names))).statistic)
    # The same sum over the cells that are not empty, for a table that would not fit into memory.
    found, observed = np.unique(cells, return_counts=True)
    by_row, by_class = np.bincount(rows), np.bincount(classes)
    expected = by_row[found // len(names)] * (by_class[found % len(names)] / len(rows))
    return float(np.sum(observed**2 / expected) - len(rows))
