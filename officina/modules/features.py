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

    from officina.errors import StudioError
    from officina.modules.tables import Table

MAX_CATEGORIES = 5_000
MAX_CLASSES = 1_000
LISTED = 50  # categories that a trained model's description names
TEXTS = ("string", "categorical")


def feature_columns(table: Table, label: str | None) -> list[str]:
    """Return the columns that a learner may look at: all features except the label."""
    names = [str(name) for name in table.frame.columns]
    found = [name for name in names if name != label and table.role(name) == "feature"]
    if not found:
        raise module_error(
            EMPTY_INPUT,
            "No feature column is left beside the label."
            if label
            else "There is no feature column.",
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
        if kind in TEXTS:
            count = int(table.frame[name].nunique())
            if count > MAX_CATEGORIES:
                raise module_error(
                    INVALID_DATA,
                    f'Column "{name}" has {count} different texts.',
                    where=name,
                    hint=f"At most {MAX_CATEGORIES} can be learned from; leave it out.",
                )
            entry["values"] = count
            entry["categories"] = sorted({str(value) for value in table.frame[name]})[:LISTED]
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
        if entry["type"] in TEXTS:
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


def make_pipeline(
    estimator: object, signature: Sequence[dict[str, Any]], *, unknown: str = "ignore"
) -> Pipeline:
    """Put encoding of the categories before the estimator, in plain scikit-learn classes.

    A category that training never saw has no indicator set, or is an error if `unknown` says so.
    """
    texts = [entry["name"] for entry in signature if entry["type"] in TEXTS]
    numbers = [entry["name"] for entry in signature if entry["name"] not in texts]
    encoder = OneHotEncoder(handle_unknown=unknown, sparse_output=False)
    parts: list[tuple[str, Any, list[str]]] = []
    if numbers:
        parts.append(("numbers", "passthrough", numbers))
    if texts:
        parts.append(("categories", encoder, texts))
    return Pipeline([("features", ColumnTransformer(parts)), ("model", estimator)])


def label_values(table: Table, label: str, task: str) -> pd.Series[Any]:
    """Return the label as the task needs it: numbers, exactly two classes, or several."""
    series = table.frame[label]
    if task in ("regression", "quantile"):
        if type_of(table, label) not in ("numeric", "integer"):
            raise _wrong_label(
                f'Label "{label}" holds no numbers, as regression needs.',
                "Choose a numeric label, or a classification learner.",
            )
        return series.astype("float64")
    kind = type_of(table, label)
    if kind == "datetime":
        raise _wrong_label(f'Label "{label}" holds dates.', "Choose another label.")
    # Whatever holds the classes (categories, pandas texts or numbers), sort plain values.
    series = series.astype(object).infer_objects()
    if pd.api.types.is_float_dtype(series):
        if (series % 1 != 0).any():
            raise _wrong_label(
                f'Label "{label}" holds decimal numbers, not classes.',
                "Choose a regression learner, or bin the label before.",
            )
        series = series.astype("int64")
    if not pd.api.types.is_object_dtype(series) and not pd.api.types.is_numeric_dtype(series):
        series = series.astype(object)
    if pd.api.types.is_object_dtype(series) and len({type(value) for value in series}) > 1:
        series = series.map(str).astype(object)
    classes = sorted(series.unique())
    _check_classes(label, classes, task)
    return series


def _check_classes(label: str, classes: Sequence[Any], task: str) -> None:
    shown = ", ".join(str(value) for value in classes[:6])
    count = f'Label "{label}" has {len(classes)} values ({shown})'
    if task == "binary" and len(classes) != 2:
        raise _wrong_label(
            f"{count}, not two.", "Choose another label, or a multiclass or regression learner."
        )
    if len(classes) < 2:
        raise _wrong_label(f"{count}: there is nothing to tell apart.", "Choose another label.")
    if len(classes) > MAX_CLASSES:
        raise _wrong_label(
            f"{count}, more than {MAX_CLASSES}.", "Choose another label, or a regression learner."
        )


def _wrong_label(message: str, hint: str) -> StudioError:
    return module_error(WRONG_LEARNER, message, where="label", hint=hint)
