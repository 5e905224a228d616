"""Palette category Data Transformation: Normalize Data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import per_column
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.errors import (
    EMPTY_INPUT,
    INVALID_DATA,
    column_not_found,
    module_error,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from scipy import special

    from officina.modules.context import Context
else:
    np = lazy("numpy")
    pd = lazy("pandas")
    special = lazy("scipy.special")

METHODS = ("zscore", "minmax", "logistic", "lognormal", "tanh")


@dataclass
class Normalizer:
    """A method, and for each column the numbers that it needs: two of place and scale.

    Columns in `constant` become 0. Formulas, with mean m and population standard deviation s:
    zscore (x-m)/s; minmax (x-min)/(max-min); logistic 1/(1+exp(-x)); lognormal the distribution
    function of ln x ~ N(m, s) with m and s of ln x; tanh the estimator of Hampel,
    (tanh(0.01 (x-m)/s) + 1) / 2.
    """

    method: str
    places: dict[str, tuple[float, float]] = field(default_factory=dict)
    constant: list[str] = field(default_factory=list)

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the table with these columns normalized; a missing value stays missing."""
        result = frame.copy()
        for name, (place, scale) in self.places.items():
            if name not in frame.columns:
                raise column_not_found(name, frame.columns, where="dataset")
            if not columns.is_numeric(frame[name]):
                raise module_error(
                    INVALID_DATA,
                    f'Column "{name}" holds no numbers.',
                    where=name,
                    hint="The transformation was made for numbers in it.",
                )
            values = columns.numbers(frame[name])
            if name in self.constant:
                done = np.where(np.isnan(values), np.nan, 0.0)
            else:
                with np.errstate(all="ignore"):
                    done = self._normalized(values, place, scale)
            result[name] = pd.Series(done, index=frame.index)
        return result

    def without(self, names: Sequence[str]) -> Normalizer:
        """Return the same for a table that lacks these columns."""
        kept = {name: place for name, place in self.places.items() if name not in names}
        return replace(self, places=kept)

    def _normalized(self, values: Any, place: float, scale: float) -> Any:
        if self.method == "logistic":
            return special.expit(values)
        if self.method == "lognormal":
            # Zero and below lie outside a lognormal distribution: nothing of it is below them.
            positive = np.where(values > 0, values, 1.0)
            done = special.ndtr(np.divide(np.log(positive) - place, scale))
            return np.where(np.isnan(values), np.nan, np.where(values > 0, done, 0.0))
        standard = np.divide(values - place, scale)
        if self.method == "tanh":
            return 0.5 * (np.tanh(0.01 * standard) + 1)
        return standard


@module(
    name="normalize_data",
    title="Normalize Data",
    category="Data Transformation",
    inputs=[Port("dataset", "dataset", label="Dataset")],
    outputs=[
        Port("transformed", "dataset", label="Transformed dataset"),
        Port("transform", "transform", label="Transformation function"),
    ],
    params=[
        Param("method", "enum", "Transformation method", "zscore", enum=METHODS),
        Param("zero_for_constant", "boolean", "Use 0 for constant columns when checked", True),
        Param("columns", "columns", "Columns to transform", columns.NUMERIC),
    ],
    summary="{method}: {columns}",
    doc="Bring numeric columns to one scale, in place: z-score (population standard deviation), "
    "min-max, logistic, lognormal, or the tanh estimator 0.5 (tanh(0.01 z) + 1). The "
    "transformation does the same to other data, with the numbers learned here.",
    schema=per_column(
        "dataset",
        "transformed",
        lambda one, params: (one.with_(type="number", categorical=False),),
    ),
)
def normalize_data(ctx: Context) -> None:
    """Normalize the chosen columns, and keep how for other tables."""
    table, params = ctx.table("dataset"), ctx.params
    chosen = columns.select_numeric(table, params["columns"], where="columns")
    normalizer = Normalizer(params["method"])
    for name in chosen:
        _fit(normalizer, name, table.frame[name], zero=params["zero_for_constant"])
    result = table.with_frame(normalizer.transform(table.frame))
    for name in chosen:
        result.roles.get(name, {}).pop("categorical", None)
    ctx.save_table("transformed", result)
    meta = {
        "kind": "transform",
        "module": "normalize_data",
        "method": params["method"],
        "columns": chosen,
        "labels": columns.labels(table, chosen),
    }
    ctx.save("transform", normalizer, meta)


def _fit(normalizer: Normalizer, name: str, series: pd.Series[Any], *, zero: bool) -> None:
    values = columns.numbers(series)
    known = values[~np.isnan(values)]
    if not len(known):
        raise module_error(
            EMPTY_INPUT,
            f'Column "{name}" has no values to learn its scale from.',
            where=name,
            hint="Leave it out, or look at the step that makes the table.",
        )
    if not np.isfinite(known).all():
        raise module_error(
            INVALID_DATA,
            f'Column "{name}" has infinite values.',
            where=name,
            hint="Put Clip Values before this step.",
        )
    if normalizer.method == "lognormal":
        if (known <= 0).any():
            raise module_error(
                INVALID_DATA,
                f'Column "{name}" has values that are not above 0, as a lognormal scale needs.',
                where=name,
                hint="Choose another method, or other columns.",
            )
        known = np.log(known)
    with np.errstate(over="ignore"):  # numbers near the largest one have no deviation
        place, scale = float(known.mean()), float(known.std())
    if normalizer.method == "minmax":
        place, scale = float(known.min()), float(known.max() - known.min())
    normalizer.places[name] = (place, scale)
    if zero and known.min() == known.max():
        normalizer.constant.append(name)
