"""Palette category Statistical Functions: Summarize Data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.catalogue import Port, module
from officina.columns import Column, fixed
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.tables import Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from officina.modules.context import Context
else:
    np = lazy("numpy")
    pd = lazy("pandas")

COUNTS = ("Count", "Unique Value Count", "Missing Value Count")
PERCENTILES = (0.5, 1.0, 5.0, 95.0, 99.0, 99.5)
MEASURES = (
    *("Min", "Max", "Mean", "Mean Deviation", "1st Quartile", "Median", "3rd Quartile", "Mode"),
    *("Range", "Sample Variance", "Sample Standard Deviation", "Sample Skewness"),
    *("Sample Kurtosis", *(f"P{percent:g}" for percent in PERCENTILES)),
)


@module(
    name="summarize_data",
    title="Summarize Data",
    category="Statistical Functions",
    inputs=[Port("dataset", "dataset", label="Dataset")],
    outputs=[Port("results", "dataset", label="Results dataset")],
    doc="One row of statistics for each column: counts for all, the measures for numbers and for "
    "true and false (as 1 and 0). Count counts all rows. Variance, skewness and kurtosis are "
    "those of a sample (as pandas calculates them), percentiles are interpolated; the mode is the "
    "lowest of the most frequent values.",
    schema=fixed(
        "results",
        Column("Feature", "string"),
        *(Column(name, "integer") for name in COUNTS),
        *(Column(name, "number") for name in MEASURES),
    ),
)
def summarize_data(ctx: Context) -> None:
    """Describe each column by numbers."""
    table = ctx.table("dataset")
    rows = [_row(str(name), series) for name, series in table.frame.items()]
    frame = pd.DataFrame(rows, columns=["Feature", *COUNTS, *MEASURES])
    kinds = {"Feature": "str"} | dict.fromkeys(COUNTS, "int64") | dict.fromkeys(MEASURES, "float64")
    ctx.save_table("results", Table(frame.astype(kinds)))


def _row(name: str, series: pd.Series[Any]) -> dict[str, Any]:
    missing = int(series.isna().sum())
    unique = int(series.nunique())
    row: dict[str, Any] = {"Feature": name}
    row |= dict(zip(COUNTS, (len(series), unique, missing), strict=True))
    if columns.is_numeric(series) or pd.api.types.is_bool_dtype(series):
        values = pd.Series(columns.numbers(series)).dropna()
        if len(values):
            with np.errstate(over="ignore", invalid="ignore"):  # infinite values have no variance
                row |= _measures(values)
    return row


def _measures(values: pd.Series[float]) -> dict[str, float]:
    low, high, mean = values.min(), values.max(), values.mean()
    quartiles = np.percentile(values, [25, 50, 75])
    found = {
        "Min": low,
        "Max": high,
        "Mean": mean,
        "Mean Deviation": (values - mean).abs().mean(),
        "1st Quartile": quartiles[0],
        "Median": quartiles[1],
        "3rd Quartile": quartiles[2],
        "Mode": values.mode().iloc[0],
        "Range": high - low,
        "Sample Variance": values.var(),
        "Sample Standard Deviation": values.std(),
        "Sample Skewness": values.skew(),
        "Sample Kurtosis": values.kurt(),
    }
    at = np.percentile(values, PERCENTILES)
    return found | {f"P{percent:g}": one for percent, one in zip(PERCENTILES, at, strict=True)}
