"""Features and labels between a table and an estimator: what is used, and that it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from officina.modules.columns import type_of
from officina.modules.errors import (
    EMPTY_INPUT,
    INVALID_DATA,
    MISSING_VALUES,
    WRONG_LEARNER,
    column_not_found,
    module_error,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from officina.modules.tables import Table

MAX_CATEGORIES = 5_000


def feature_columns(table: Table, label: str) -> list[str]:
    """Return the columns that a learner may look at: all features except the label."""
    names = [str(name) for name in table.frame.columns]
    found = [name for name in names if name != label and table.role(name) == "feature"]
    if not found:
        raise module_error(
            EMPTY_INPUT,
            "No feature column is left beside the label.",
            where="dataset",
            hint="Select more columns, or mark them as features with Edit Metadata.",
        )
    return found


def describe(table: Table, features: Sequence[str]) -> list[dict[str, Any]]:
    """Describe the features as the trained model's signature; refuse dates and identifiers."""
    signature = []
    for name in features:
        kind = type_of(table, name)
        if kind == "datetime":
            raise module_error(
                INVALID_DATA,
                f'Column "{name}" holds dates, which learners cannot use.',
                where=name,
                hint="Leave it out with Select Columns, or make numbers of it.",
            )
        entry: dict[str, Any] = {"name": name, "type": kind}
        if kind in ("string", "categorical"):
            count = int(table.frame[name].nunique())
            if count > MAX_CATEGORIES:
                raise module_error(
                    INVALID_DATA,
                    f'Column "{name}" has {count} different texts.',
                    where=name,
                    hint=f"At most {MAX_CATEGORIES} can be learned from; leave it out.",
                )
            entry["values"] = count
        signature.append(entry)
    return signature


def refuse_missing(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise a numbered error that names the first column with missing or infinite values."""
    for name in columns:
        series = frame[name]
        missing = int(series.isna().sum())
        if missing:
            raise module_error(
                MISSING_VALUES,
                f'Column "{name}" has {missing} missing values in {len(frame)} rows.',
                where=name,
                hint="Put Clean Missing Data before this step.",
            )
        if pd.api.types.is_float_dtype(series) and series.isin([float("inf"), -float("inf")]).any():
            raise module_error(
                INVALID_DATA,
                f'Column "{name}" has infinite values.',
                where=name,
                hint="Clip or remove them before this step.",
            )


def matrix(frame: pd.DataFrame, signature: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the features in the order and types of the signature; refuse a missing column."""
    columns = {}
    for entry in signature:
        name = entry["name"]
        if name not in frame.columns:
            raise column_not_found(name, frame.columns, where="dataset")
        if entry["type"] in ("string", "categorical"):
            # Text whatever the pandas type, so that training and scoring tables agree.
            series = frame[name].astype(object)
            columns[name] = series.where(series.isna(), series.map(str))
            continue
        try:
            columns[name] = pd.to_numeric(frame[name]).astype("float64")
        except (ValueError, TypeError) as error:
            raise module_error(
                INVALID_DATA,
                f'Column "{name}" holds no numbers: {error}',
                where=name,
                hint="The model was trained with numbers in it.",
            ) from error
    return pd.DataFrame(columns, index=frame.index)


def make_pipeline(estimator: object, signature: Sequence[dict[str, Any]]) -> Pipeline:
    """Put encoding of the categories before the estimator, in plain scikit-learn classes."""
    texts = [entry["name"] for entry in signature if entry["type"] in ("string", "categorical")]
    numbers = [entry["name"] for entry in signature if entry["name"] not in texts]
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    parts: list[tuple[str, Any, list[str]]] = []
    if numbers:
        parts.append(("numbers", "passthrough", numbers))
    if texts:
        parts.append(("categories", encoder, texts))
    return Pipeline([("features", ColumnTransformer(parts)), ("model", estimator)])


def label_values(table: Table, label: str, task: str) -> pd.Series[Any]:
    """Return the label as the task needs it: numbers, or exactly two classes."""
    series = table.frame[label]
    if task == "regression":
        if type_of(table, label) not in ("numeric", "integer"):
            raise module_error(
                WRONG_LEARNER,
                f'Label "{label}" holds no numbers, as regression needs.',
                where="label",
                hint="Choose a numeric label, or a classification learner.",
            )
        return series.astype("float64")
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object).infer_objects()
    classes = sorted(series.unique(), key=lambda value: (str(type(value)), value))
    if len(classes) != 2:
        shown = ", ".join(str(value) for value in classes[:6])
        raise module_error(
            WRONG_LEARNER,
            f'Label "{label}" has {len(classes)} values ({shown}), not two.',
            where="label",
            hint="Choose another label, or a multiclass or regression learner.",
        )
    return series
