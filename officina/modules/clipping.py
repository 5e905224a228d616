"""Palette category Data Transformation: Clip Values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import Column, each
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.errors import TOO_SMALL, module_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd

    from officina.columns import Schema, Schemas
    from officina.modules.context import Context
else:
    np = lazy("numpy")
    pd = lazy("pandas")

UPPER = {"clip": ["clip_peaks", "clip_peaks_and_subpeaks"]}
LOWER = {"clip": ["clip_subpeaks", "clip_peaks_and_subpeaks"]}
SUBSTITUTES = ("threshold", "mean", "median", "missing")


def _schema(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    def change(one: Column) -> Schema:
        mark = (Column(f"{one.name}_IsClipped", "boolean"),) if params["indicator"] else ()
        if params["overwrite"]:
            return (one.with_(type="number"), *mark)
        return (one, Column(f"{one.name}_Clipped", "number"), *mark)

    return {"results": each(inputs.get("dataset"), params["columns"], change)}


def _limit(side: str, shown: Mapping[str, Any], constant: float, percentile: float) -> list[Param]:
    title = {"upper": "Upper", "lower": "Lower"}[side]
    return [
        Param(
            f"{side}_constant",
            "number",
            f"Constant value of {side} threshold",
            constant,
            visible_when={**shown, "threshold": "constant"},
        ),
        Param(
            f"{side}_percentile",
            "number",
            f"Percentile value of {side} threshold",
            percentile,
            0,
            100,
            visible_when={**shown, "threshold": "percentile"},
        ),
        Param(
            f"{side}_substitute",
            "enum",
            f"{title} substitute value",
            "threshold",
            enum=SUBSTITUTES,
            visible_when=shown,
        ),
    ]


@module(
    name="clip_values",
    title="Clip Values",
    category="Data Transformation",
    inputs=[Port("dataset", "dataset", label="Dataset")],
    outputs=[Port("results", "dataset", label="Results dataset")],
    params=[
        Param(
            "clip",
            "enum",
            "Set of thresholds",
            "clip_peaks",
            enum=("clip_peaks", "clip_subpeaks", "clip_peaks_and_subpeaks"),
        ),
        Param("threshold", "enum", "Threshold", "constant", enum=("constant", "percentile")),
        *_limit("upper", UPPER, 1.0, 99.0),
        *_limit("lower", LOWER, -1.0, 1.0),
        Param("columns", "columns", "List of columns", columns.NUMERIC),
        Param("overwrite", "boolean", "Overwrite flag", True, help="Off: a new column is added."),
        Param("indicator", "boolean", "Add indicator columns", False),
    ],
    summary="{clip} {threshold}: {columns}",
    doc="Replace values above or below a threshold, which is a constant or a percentile of the "
    "column, by the threshold, by the mean or median of the column before clipping, or by a "
    "missing value. A value equal to a threshold stays. New columns are called <column>_Clipped, "
    "indicators <column>_IsClipped.",
    schema=_schema,
)
def clip_values(ctx: Context) -> None:
    """Clip the chosen columns."""
    table, params = ctx.table("dataset"), ctx.params
    chosen = columns.select_numeric(table, params["columns"], where="columns")
    result: dict[str, pd.Series[Any]] = {}
    for name, series in table.frame.items():
        result[str(name)] = series
        if name not in chosen:
            continue
        clipped, mark = _clipped(series, params)
        result[str(name) if params["overwrite"] else f"{name}_Clipped"] = clipped
        if params["indicator"]:
            result[f"{name}_IsClipped"] = mark
    ctx.save_table("results", table.with_frame(pd.DataFrame(result, index=table.frame.index)))


def _clipped(
    series: pd.Series[Any], params: Mapping[str, Any]
) -> tuple[pd.Series[Any], pd.Series[Any]]:
    values = columns.numbers(series)
    result = values.copy()
    low = _threshold(values, params, "lower", LOWER)
    high = _threshold(values, params, "upper", UPPER)
    if low > high:
        raise module_error(
            TOO_SMALL,
            f"The upper threshold {high:g} is below the lower one, {low:g}.",
            where=f"upper_{params['threshold']}",
            hint="Swap them.",
        )
    with np.errstate(invalid="ignore"):
        below, above = values < low, values > high
    for side, where, bound in (("lower", below, low), ("upper", above, high)):
        if where.any():
            result[where] = _substitute(values, params[f"{side}_substitute"], bound)
    mark = pd.Series(below | above, index=series.index)
    return _whole(pd.Series(result, index=series.index), series, mark), mark


def _threshold(
    values: np.ndarray[Any, Any], params: Mapping[str, Any], side: str, shown: Mapping[str, Any]
) -> float:
    if params["clip"] not in shown["clip"]:
        return float("inf" if side == "upper" else "-inf")
    if params["threshold"] == "constant":
        return float(params[f"{side}_constant"])
    known = values[~np.isnan(values)]
    if not len(known):
        return float("inf" if side == "upper" else "-inf")
    return float(np.percentile(known, params[f"{side}_percentile"]))


def _substitute(values: np.ndarray[Any, Any], kind: str, bound: float) -> float:
    if kind == "threshold":
        return bound
    if kind == "missing":
        return float("nan")
    return float(np.nanmean(values) if kind == "mean" else np.nanmedian(values))


def _whole(
    clipped: pd.Series[Any], source: pd.Series[Any], mark: pd.Series[bool]
) -> pd.Series[Any]:
    """Keep whole numbers whole where the substitutes are whole as well."""
    known = clipped.dropna()
    if not pd.api.types.is_integer_dtype(source) or (known % 1 != 0).any():
        return clipped
    whole = clipped.astype("Int64") if clipped.isna().any() else clipped.astype(source.dtype)
    return whole.where(mark, source)  # a large number that stays must not have been a float
