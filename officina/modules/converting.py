"""Palette category Data Transformation: Convert to CSV, to Dataset, to Indicator Values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import Column, each, same, unknown
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.errors import (
    EMPTY_INPUT,
    NOT_CATEGORICAL,
    column_not_found,
    module_error,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from officina.columns import Schemas
    from officina.modules.context import Context
else:
    pd = lazy("pandas")

CATEGORY = "Data Transformation"
DATASET = Port("dataset", "dataset", label="Dataset")
CSV_FILE = "data.csv"


@module(
    name="convert_to_csv",
    title="Convert to CSV",
    category=CATEGORY,
    inputs=[DATASET],
    outputs=[Port("results", "dataset", label="Results dataset")],
    doc="Write the table as data.csv too (UTF-8, comma, with a header line), to be downloaded "
    "from the output. Later steps read the table itself, so nothing is lost on the way.",
    schema=same("dataset", "results"),
)
def convert_to_csv(ctx: Context) -> None:
    """Write the table as a CSV file beside itself."""
    table = ctx.table("dataset")
    ctx.save_table("results", table)
    table.frame.to_csv(ctx.outputs["results"] / CSV_FILE, index=False, lineterminator="\n")


def _dataset_schema(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    """Texts may become numbers when a word for "missing" goes."""

    def change(one: Column) -> tuple[Column, ...]:
        return (one.with_(type="any"),) if one.type == "string" else (one,)

    schema = inputs.get("dataset")
    if params["action"] == "set_missing_value":
        schema = each(schema, columns.ALL, change)
    return {"results": None if params["action"] not in _ACTIONS else schema}


_ACTIONS = ("none", "set_missing_value", "replace_values")
_REPLACE = {"action": "replace_values"}


@module(
    name="convert_to_dataset",
    title="Convert to Dataset",
    category=CATEGORY,
    inputs=[DATASET],
    outputs=[Port("results", "dataset", label="Results dataset")],
    params=[
        Param(
            "action",
            "enum",
            "Action",
            "none",
            enum=_ACTIONS,
        ),
        Param(
            "custom_missing_value",
            "string",
            "Custom missing value",
            "?",
            visible_when={"action": "set_missing_value"},
        ),
        Param(
            "replace",
            "enum",
            "Replace",
            "missing",
            enum=("missing", "custom"),
            visible_when=_REPLACE,
        ),
        Param(
            "custom_value",
            "string",
            "Custom value",
            "obs",
            visible_when={**_REPLACE, "replace": "custom"},
        ),
        Param("new_value", "string", "New value", "0", visible_when=_REPLACE),
    ],
    summary="{action}",
    doc="Take the table as it is, make one value missing everywhere, or replace missing values "
    "or one exact value everywhere. A column of texts of which only numbers are left becomes "
    "numeric; where the new value does not fit the type of a column, the column stays.",
    schema=_dataset_schema,
)
def convert_to_dataset(ctx: Context) -> None:
    """Replace one value throughout the table."""
    table, params = ctx.table("dataset"), ctx.params
    action = params["action"]
    frame = table.frame.copy()
    for name in frame.columns:
        if action == "set_missing_value":
            found = _equal(frame[name], params["custom_missing_value"])
            if found.any():
                frame[name] = _numeric_if_whole(_without(frame[name], found))
        elif action == "replace_values":
            missing = params["replace"] == "missing"
            found = frame[name].isna() if missing else _equal(frame[name], params["custom_value"])
            if found.any():
                frame[name] = _replaced(frame[name], found, params["new_value"])
    ctx.save_table("results", table.with_frame(frame))


def _equal(series: pd.Series[Any], text: str) -> pd.Series[bool]:
    """Say which values are exactly this one; 3 and 3.0 are the same number."""
    if columns.is_numeric(series):
        try:
            return (series == float(text)).fillna(False).astype(bool)
        except ValueError:
            return pd.Series(False, index=series.index)
    same_text = series.astype(object).map(str) == text
    return (same_text & series.notna()).astype(bool)


def _without(series: pd.Series[Any], found: pd.Series[bool]) -> pd.Series[Any]:
    result = series.mask(found)
    if isinstance(result.dtype, pd.CategoricalDtype):
        return result.cat.remove_unused_categories()
    return result


def _numeric_if_whole(series: pd.Series[Any]) -> pd.Series[Any]:
    """Return texts that are all numbers as numbers."""
    if not pd.api.types.is_string_dtype(series) or series.isna().all():
        return series
    try:
        return pd.to_numeric(series)
    except (ValueError, TypeError):
        return series


def _replaced(series: pd.Series[Any], found: pd.Series[bool], text: str) -> pd.Series[Any]:
    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        if text not in kind.categories and not pd.api.types.is_string_dtype(kind.categories.dtype):
            return series
        if text not in kind.categories:
            series = series.cat.add_categories([text])
        return _without(series.where(~found, text), pd.Series(False, index=series.index))
    try:
        value = _as_type(series, text)
    except (ValueError, KeyError):
        return series  # as documented: a value that does not fit changes nothing
    if isinstance(value, float) and pd.api.types.is_integer_dtype(kind):
        if value % 1:
            series = series.astype("Float64" if series.isna().any() else "float64")
        else:
            value = int(value)
    return series.where(~found, value)


def _as_type(series: pd.Series[Any], text: str) -> Any:
    if pd.api.types.is_bool_dtype(series):
        return {"true": True, "1": True, "false": False, "0": False}[text.strip().lower()]
    if pd.api.types.is_numeric_dtype(series):
        return float(text)
    if pd.api.types.is_datetime64_any_dtype(series):
        return pd.Timestamp(text)
    return text


@dataclass
class Indicators:
    """The categories of some columns, each to become a column of ones and zeros."""

    categories: dict[str, list[Any]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)  # columns that get an indicator of absence
    overwrite: bool = False

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the table with indicator columns; a category never seen before has none."""
        made: dict[str, pd.Series[Any]] = {}
        for name, values in self.categories.items():
            if name not in frame.columns:
                raise column_not_found(name, frame.columns, where="dataset")
            series = frame[name].astype(object)
            for value in values:
                made[f"{name}-{value}"] = (series == value).fillna(False).astype("int64")
            if name in self.missing:
                made[f"{name}-Missing"] = series.isna().astype("int64")
        gone = list(self.categories) if self.overwrite else []
        kept = frame.drop(columns=[*gone, *(name for name in made if name in frame.columns)])
        return pd.concat([kept, pd.DataFrame(made, index=frame.index)], axis=1)

    def without(self, names: Sequence[str]) -> Indicators:
        """Return the same for a table that lacks these columns."""
        kept = {name: found for name, found in self.categories.items() if name not in names}
        return replace(self, categories=kept)


@module(
    name="convert_to_indicator_values",
    title="Convert to Indicator Values",
    category=CATEGORY,
    inputs=[DATASET],
    outputs=[
        Port("results", "dataset", label="Results dataset"),
        Port("transform", "transform", label="Indicator values transformation"),
    ],
    params=[
        Param("columns", "columns", "Categorical columns to convert"),
        Param("overwrite", "boolean", "Overwrite categorical columns", False),
    ],
    summary="{columns}",
    doc="Make a column of ones and zeros of each category: <column>-<value>, and "
    "<column>-Missing where values are missing. Columns must be categorical; Edit Metadata makes "
    "them so. In other data, a category that was not there gets zeros only.",
    schema=unknown("results", "transform"),  # the new names are values of the table
)
def convert_to_indicator_values(ctx: Context) -> None:
    """Make indicator columns of categories, and keep how for other tables."""
    table = ctx.table("dataset")
    chosen = columns.select(table, ctx.params["columns"], where="columns")
    for name in chosen:
        if not table.is_categorical(name):
            raise module_error(
                NOT_CATEGORICAL,
                f'Column "{name}" is not categorical.',
                where="columns",
                hint="Mark it as categorical with Edit Metadata, or do not choose it.",
            )
    indicators = Indicators(overwrite=ctx.params["overwrite"])
    for name in chosen:
        indicators.categories[name] = _categories(table.frame[name])
        if table.frame[name].isna().any():
            indicators.missing.append(name)
    if not any(indicators.categories.values()) and not indicators.missing:
        raise module_error(
            EMPTY_INPUT,
            "The chosen columns have no values.",
            where="dataset",
            hint="Look at the step that makes the table.",
        )
    ctx.save_table("results", table.with_frame(indicators.transform(table.frame)))
    meta = {
        "kind": "transform",
        "module": "convert_to_indicator_values",
        "columns": chosen,
        "labels": columns.labels(table, chosen),
    }
    ctx.save("transform", indicators, meta)


def _categories(series: pd.Series[Any]) -> list[Any]:
    """Return the categories that occur, in the order of the categories or else sorted."""
    return list(series.astype("category").cat.remove_unused_categories().cat.categories)
