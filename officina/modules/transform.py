"""Palette category Data Transformation: select, clean and describe columns."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import editing, rules
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.errors import (
    NAMES_DIFFER,
    NOT_PARSED,
    TOO_SMALL,
    module_error,
)

if TYPE_CHECKING:
    import pandas as pd

    from officina.modules import cleaning
    from officina.modules.context import Context
    from officina.modules.tables import Table
else:
    pd = lazy("pandas")
    cleaning = lazy("officina.modules.cleaning")

CATEGORY = "Data Transformation"
ALL = {"rules": [{"include": True, "by": "all"}]}
DATASET = Port("dataset", "dataset", label="Dataset")


@module(
    name="select_columns",
    title="Select Columns in Dataset",
    category=CATEGORY,
    inputs=[DATASET],
    outputs=[Port("results", "dataset", label="Results dataset")],
    params=[Param("columns", "columns", "Select columns", help="Rules, applied in order.")],
    summary="{columns}",
    doc="Keep some columns. Rules include or exclude by name, position, type or role; the columns "
    "stay in the order of the table.",
    replaces=["select_columns_in_dataset"],
    schema=rules.kept("dataset", "results"),
)
def select_columns(ctx: Context) -> None:
    """Keep the selected columns."""
    table = ctx.table("dataset")
    chosen = columns.select(table, ctx.params["columns"], where="columns")
    ctx.save_table("results", table.with_frame(table.frame[chosen]))


@module(
    name="clean_missing_data",
    title="Clean Missing Data",
    category=CATEGORY,
    inputs=[DATASET],
    outputs=[
        Port("cleaned", "dataset", label="Cleaned dataset"),
        Port("transform", "transform", label="Cleaning transformation"),
    ],
    params=[
        Param("columns", "columns", "Columns to be cleaned", ALL),
        Param("min_ratio", "number", "Minimum missing value ratio", 0.0, 0, 1),
        Param("max_ratio", "number", "Maximum missing value ratio", 1.0, 0, 1),
        Param(
            "mode",
            "enum",
            "Cleaning mode",
            "custom_value",
            enum=("custom_value", "mean", "median", "mode", "remove_row", "remove_column"),
        ),
        Param(
            "replacement", "string", "Replacement value", "0", visible_when={"mode": "custom_value"}
        ),
        Param(
            "all_missing",
            "enum",
            "Columns with all values missing",
            "remove",
            enum=("remove", "propagate"),
            visible_when={"mode": ["mean", "median", "mode"]},
        ),
        Param(
            "indicator",
            "boolean",
            "Generate missing value indicator column",
            False,
            visible_when={"mode": list(("custom_value", "mean", "median", "mode"))},
        ),
    ],
    summary="{mode}: {columns}",
    doc="Replace or remove missing values in the chosen columns whose share of missing values "
    "lies between the two ratios. The transformation does the same to other data. An indicator "
    "column is called <column>_IsMissing.",
    schema=editing.cleaned,
)
def clean_missing_data(ctx: Context) -> None:
    """Clean the table, and keep how for other tables."""
    table, params = ctx.table("dataset"), ctx.params
    if params["min_ratio"] > params["max_ratio"]:
        raise module_error(
            TOO_SMALL,
            "The maximum ratio is below the minimum ratio.",
            where="max_ratio",
            hint="Swap them.",
        )
    chosen = columns.select(table, params["columns"], where="columns")
    cleaner = cleaning.fit(
        table.frame,
        chosen,
        mode=params["mode"],
        replacement=params["replacement"],
        ratios=(params["min_ratio"], params["max_ratio"]),
        keep_empty=params["all_missing"] == "propagate",
        indicator=params["indicator"] and params["mode"] in cleaning.REPLACING,
    )
    ctx.save_table("cleaned", table.with_frame(cleaner.transform(table.frame)))
    meta = {
        "kind": "transform",
        "module": "clean_missing_data",
        "columns": sorted(cleaner.fill),
        "labels": columns.labels(table, chosen),
    }
    ctx.save("transform", cleaner, meta)


_KINDS = ("unchanged", "string", "integer", "double", "boolean", "datetime")
_FIELDS = (
    "unchanged",
    "feature",
    "label",
    "score",
    "clear_feature",
    "clear_label",
    "clear_score",
)


@module(
    name="edit_metadata",
    title="Edit Metadata",
    category=CATEGORY,
    inputs=[DATASET],
    outputs=[Port("results", "dataset", label="Results dataset")],
    params=[
        Param("columns", "columns", "Columns"),
        Param("data_type", "enum", "Data type", "unchanged", enum=_KINDS),
        Param(
            "date_format",
            "string",
            "Date format",
            optional=True,
            visible_when={"data_type": "datetime"},
            help="As %Y-%m-%d; blank = guessed.",
        ),
        Param(
            "categorical",
            "enum",
            "Categorical",
            "unchanged",
            enum=("unchanged", "categorical", "noncategorical"),
        ),
        Param("field", "enum", "Fields", "unchanged", enum=_FIELDS),
        Param(
            "new_names",
            "string",
            "New column names",
            optional=True,
            help="One for each column, with commas between; quote a name that has a comma.",
        ),
    ],
    summary="{columns} {data_type} {field}",
    doc="Change type, role (feature, label, score), categorical flag or name of columns. A "
    "column with its role cleared is left out of training.",
    schema=editing.edited,
)
def edit_metadata(ctx: Context) -> None:
    """Change what is said about the chosen columns."""
    table, params = ctx.table("dataset"), ctx.params
    chosen = columns.select(table, params["columns"], where="columns")
    table.frame = table.frame.copy()
    for name in chosen:
        series = _converted(table.frame[name], params["data_type"], params["date_format"])
        if params["categorical"] == "categorical":
            series = series.astype("category")
            table.roles.setdefault(name, {})["categorical"] = True
        elif params["categorical"] == "noncategorical":
            series = _plain_column(series)
            table.roles.setdefault(name, {}).pop("categorical", None)
        table.frame[name] = series
        _set_field(table, name, params["field"])
    if params["new_names"]:
        _rename(table, chosen, params["new_names"])
    ctx.save_table("results", table)


def _converted(series: pd.Series[Any], kind: str, date_format: str | None) -> pd.Series[Any]:
    if kind == "unchanged":
        return series
    series = _plain_column(series)
    try:
        if kind == "string":
            return series.astype("str")
        if kind == "datetime":
            return pd.to_datetime(series, format=date_format)
        if kind == "boolean":
            return _as_boolean(series)
        numbers = pd.to_numeric(series)
        if kind == "double":
            return numbers.astype("float64")
        if (numbers.dropna() % 1 != 0).any():
            raise ValueError("it holds fractions")
        return numbers.astype("Int64" if numbers.isna().any() else "int64")
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise module_error(
            NOT_PARSED,
            f'Column "{series.name}" cannot become {kind}: {error}.',
            where=str(series.name),
            hint="Clean the column first, or choose another type.",
        ) from error


def _as_boolean(series: pd.Series[Any]) -> pd.Series[Any]:
    words = {
        "true": True,
        "1": True,
        "1.0": True,
        "yes": True,
        "false": False,
        "0": False,
        "0.0": False,
        "no": False,
    }
    known = series.dropna().astype("str").str.lower()
    if strange := sorted(set(known) - set(words)):
        raise ValueError(f"{strange[0]!r} is neither true nor false")
    result = known.map(words).reindex(series.index)
    return result.astype("boolean" if series.isna().any() else "bool")


def _plain_column(series: pd.Series[Any]) -> pd.Series[Any]:
    """Return a categorical column as what its categories are."""
    if not isinstance(series.dtype, pd.CategoricalDtype):
        return series
    plain = series.astype(object)
    return plain.infer_objects()


def _set_field(table: Table, name: str, field: str) -> None:
    if field == "unchanged":
        return
    role = table.roles.setdefault(name, {})
    if not field.startswith("clear_"):
        role["role"] = field
    elif table.role(name) == field.removeprefix("clear_"):
        # A cleared feature stays in the table, but no learner looks at it.
        role["role"] = "none" if field == "clear_feature" else "feature"


def _rename(table: Table, chosen: list[str], text: str) -> None:
    names = [name.strip() for name in next(csv.reader([text], skipinitialspace=True))]
    if len(names) != len(chosen) or not all(names):
        raise module_error(
            NAMES_DIFFER,
            f"{len(names)} names are given for {len(chosen)} columns.",
            where="new_names",
            hint=f"Name each of: {', '.join(chosen)}.",
        )
    renamed = dict(zip(chosen, names, strict=True))
    result = [renamed.get(name, name) for name in table.frame.columns]
    for name in names:
        if result.count(name) > 1:
            raise module_error(
                NAMES_DIFFER,
                f'Two columns would be called "{name}".',
                where="new_names",
                hint="Give each column its own name.",
            )
    table.frame.columns = pd.Index(result)
    table.roles = {renamed.get(name, name): role for name, role in table.roles.items()}
