"""Palette category Data Transformation: Group Data into Bins."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import Column, choose, put
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.errors import NOT_PARSED, column_not_found, module_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd

    from officina.columns import Schemas
    from officina.modules.context import Context
    from officina.modules.tables import Roles, Table
else:
    np = lazy("numpy")
    pd = lazy("pandas")

SUFFIX = "_quantized"
QUANTILES = {"mode": "quantiles"}


@dataclass
class Binner:
    """The inner edges of the bins of each column, and how a bin is written.

    A value equal to an edge is in the bin above it, except with `closed_above`: there it is in
    the bin below, as Azure documents for edges that are typed in.
    """

    edges: dict[str, list[float]] = field(default_factory=dict)
    closed_above: bool = False
    scale: str = "quantile_index"
    output: str = "append"
    categorical: bool = True

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the table with the bins of its columns; a missing value has no bin."""
        made: dict[str, pd.Series[Any]] = {}
        for name, edges in self.edges.items():
            if name not in frame.columns:
                raise column_not_found(name, frame.columns, where="dataset")
            made[self.name_of(name)] = self._binned(frame[name], edges)
        if self.output == "result_only":
            return pd.DataFrame(made, index=frame.index)
        kept = frame.copy()
        for name, series in made.items():
            kept[name] = series
        return kept

    def without(self, names: Sequence[str]) -> Binner:
        """Return the same for a table that lacks these columns."""
        kept = {name: edges for name, edges in self.edges.items() if name not in names}
        return replace(self, edges=kept)

    def name_of(self, column: str) -> str:
        """Return what the column of bins is called."""
        return column if self.output == "inplace" else f"{column}{SUFFIX}"

    @property
    def roles(self) -> Roles:
        """What is to be known about the columns that this makes."""
        if not self.categorical:
            return {}
        return {self.name_of(name): {"categorical": True} for name in self.edges}

    def _binned(self, series: pd.Series[Any], edges: list[float]) -> pd.Series[Any]:
        values = columns.numbers(series)
        index = np.digitize(values, edges, right=self.closed_above)
        count = len(edges) + 1
        if self.scale == "quantile_index":
            levels: np.ndarray[Any, Any] = np.arange(1, count + 1)
        else:
            levels = (100.0 if self.scale == "percent" else 1.0) * np.arange(1, count + 1) / count
        missing = np.isnan(values)
        result = pd.Series(levels[index], index=series.index)
        if missing.any():
            whole = result.astype("Int64") if self.scale == "quantile_index" else result
            result = whole.mask(missing)
        return result


def _schema(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    schema, mode = inputs.get("dataset"), params["output_mode"]
    chosen = None if schema is None else choose(schema, params["columns"]).names
    if schema is None or chosen is None:
        return {"quantized": None}
    share = params["mode"] == "quantiles" and params["quantile_normalization"] != "quantile_index"
    kind = "number" if share else "integer"
    marked = bool(params["categorical"])
    made = [
        Column(name if mode == "inplace" else f"{name}{SUFFIX}", kind, categorical=marked)
        for name in chosen
    ]
    return {"quantized": tuple(made) if mode == "result_only" else put(schema, *made)}


@module(
    name="group_data_into_bins",
    title="Group Data into Bins",
    category="Data Transformation",
    inputs=[Port("dataset", "dataset", label="Dataset")],
    outputs=[
        Port("quantized", "dataset", label="Quantized dataset"),
        Port("transform", "transform", label="Binning transformation"),
    ],
    params=[
        Param(
            "mode",
            "enum",
            "Binning mode",
            "quantiles",
            enum=("quantiles", "equal_width", "custom_edges"),
        ),
        Param(
            "bins",
            "integer",
            "Number of bins",
            10,
            2,
            10_000,
            visible_when={"mode": ["quantiles", "equal_width"]},
        ),
        Param(
            "quantile_normalization",
            "enum",
            "Quantile normalization",
            "percent",
            enum=("percent", "pquantile", "quantile_index"),
            visible_when=QUANTILES,
            help="How a bin is written: 0 to 100, 0 to 1, or its number from 1.",
        ),
        Param(
            "edges",
            "string",
            "Comma-separated list of bin edges",
            visible_when={"mode": "custom_edges"},
            help="Ascending, for example 0, 18, 65: four bins.",
        ),
        Param("columns", "columns", "Columns to bin", columns.NUMERIC),
        Param(
            "output_mode",
            "enum",
            "Output mode",
            "append",
            enum=("append", "inplace", "result_only"),
        ),
        Param("categorical", "boolean", "Tag columns as categorical", True),
    ],
    summary="{mode}: {columns}",
    doc="Put numbers into bins: with equally many rows each (quantiles), equally wide, or between "
    "given edges. Equal edges are one. The bins of quantiles and equal widths are those of "
    "scikit-learn's KBinsDiscretizer; with custom edges a value equal to an edge is in the bin "
    "below it. Appended columns are called <column>_quantized.",
    schema=_schema,
)
def group_data_into_bins(ctx: Context) -> None:
    """Put the chosen columns into bins, and keep the edges for other tables."""
    table, params = ctx.table("dataset"), ctx.params
    chosen = columns.select_numeric(table, params["columns"], where="columns")
    custom = params["mode"] == "custom_edges"
    quantiles = params["mode"] == "quantiles"
    binner = Binner(
        closed_above=custom,
        scale=params["quantile_normalization"] if quantiles else "quantile_index",
        output=params["output_mode"],
        categorical=params["categorical"],
    )
    typed = _typed_edges(str(params["edges"])) if custom else []
    for name in chosen:
        binner.edges[name] = typed or _edges(table, name, params["bins"], quantiles)
    result = table.with_frame(binner.transform(table.frame))
    for name in chosen:
        if params["output_mode"] == "inplace":
            result.roles.get(name, {}).pop("categorical", None)
    for name, role in binner.roles.items():
        result.roles.setdefault(name, {}).update(role)
    ctx.save_table("quantized", result)
    meta = {
        "kind": "transform",
        "module": "group_data_into_bins",
        "columns": chosen,
        "labels": columns.labels(table, chosen),
    }
    ctx.save("transform", binner, meta)


def _edges(table: Table, name: str, bins: int, quantiles: bool) -> list[float]:
    """Return the inner edges, ascending and all different."""
    values = columns.numbers(table.frame[name])
    known = values[np.isfinite(values)]
    if not len(known):
        return []
    if quantiles:
        whole = np.percentile(known, np.linspace(0, 100, bins + 1))
        # As in scikit-learn, bins that would be narrower than 1e-8 are joined to their neighbour.
        found = whole[np.ediff1d(whole, to_begin=np.inf) > 1e-8][1:-1]
    else:
        found = np.linspace(known.min(), known.max(), bins + 1)[1:-1]
        found = np.unique(found) if known.min() < known.max() else found[:0]
    return [float(edge) for edge in found]


def _typed_edges(text: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise module_error(
            NOT_PARSED,
            f'"{text}" is no list of numbers.',
            where="edges",
            hint="Write for example 0, 18, 65.",
        ) from error
    if any(upper <= lower for lower, upper in itertools.pairwise(found)):
        raise module_error(
            NOT_PARSED,
            "The bin edges do not ascend.",
            where="edges",
            hint="Write them from the lowest to the highest, each once.",
        )
    return found
