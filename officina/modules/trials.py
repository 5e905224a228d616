"""Fit and measure a learner on parts of a table, for Tune and Cross Validate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, PredefinedSplit, StratifiedKFold

from officina.modules import fitting, measures, scoring
from officina.modules.errors import INVALID_DATA, WRONG_LEARNER, module_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from officina.modules.context import Context
    from officina.modules.fitting import Prepared
    from officina.modules.tables import Table

# Metric of the form -> its name in the results of each kind of learner, and whether more is better.
METRICS = {
    "accuracy": ("Accuracy", "Overall_Accuracy", True),
    "precision": ("Precision", "Macro_Precision", True),
    "recall": ("Recall", "Macro_Recall", True),
    "f1": ("F1", "Macro_F1", True),
    "auc": ("AUC", "Macro_AUC", True),
    "log_loss": ("Log_Loss", "Log_Loss", False),
    "mean_absolute_error": ("Mean_Absolute_Error", "", False),
    "root_mean_squared_error": ("Root_Mean_Squared_Error", "", False),
    "relative_absolute_error": ("Relative_Absolute_Error", "", False),
    "relative_squared_error": ("Relative_Squared_Error", "", False),
    "coefficient_of_determination": ("Coefficient_of_Determination", "", True),
}


@dataclass
class Split:
    """Which rows are learned from and which are tested, and the number of the fold."""

    number: str
    learned: NDArray[np.int_]
    tested: NDArray[np.int_]


def metric_of(params: Mapping[str, Any], task: str) -> tuple[str, bool]:
    """Return the chosen metric's name in the results, and whether more of it is better."""
    field = "metric_classification" if task in fitting.CLASSIFIERS else "metric_regression"
    name, several, better = METRICS[params[field]]
    return (several if task == "multiclass" else name), better


def splits(table: Table, data: Prepared, count: int, seed: int) -> list[Split]:
    """Return the folds: those that the table carries, else drawn, even in their classes."""
    carried = [name for name in table.frame.columns if table.role(name) == "fold"]
    rows = np.arange(len(data.inputs))
    if carried:
        codes, names = pd.factorize(table.frame[carried[0]], sort=True)
        _check_folds(len(names), len(rows))
        parts = PredefinedSplit(codes).split()
        return [Split(str(name), *part) for name, part in zip(names, parts, strict=True)]
    _check_folds(count, len(rows))
    classes = data.learner["task"] in fitting.CLASSIFIERS
    if classes and np.unique(np.asarray(data.target), return_counts=True)[1].max() < count:
        raise module_error(
            INVALID_DATA,
            f"No class has the {count} rows that {count} folds need.",
            where="folds",
            hint="Use fewer folds.",
        )
    drawn = (StratifiedKFold if classes else KFold)(count, shuffle=True, random_state=seed)
    parts = drawn.split(rows, data.target)
    return [Split(str(place), *part) for place, part in enumerate(parts)]


def _check_folds(count: int, rows: int) -> None:
    if not 2 <= count <= rows:
        raise module_error(
            "0008",
            f"{rows} rows cannot be parted into {count} folds.",
            where="folds",
            hint="At least two folds are needed, and a row for each.",
        )


def across(
    ctx: Context, estimator: Any, data: Prepared, folds: list[Split]
) -> Iterator[tuple[Split, Any, dict[str, float | None]]]:
    """Fit and measure on each fold in turn."""
    for fold in folds:
        model = fitting.fit_prepared(ctx, estimator, data.rows(fold.learned))
        yield fold, model, measured(model, data.rows(fold.tested))


def measured(model: Any, data: Prepared) -> dict[str, float | None]:
    """Measure a fitted model on labelled rows, as Evaluate Model would."""
    actual = pd.Series(data.target)
    predicted = pd.Series(model.predict(data.inputs))
    task = data.learner["task"]
    found: dict[str, Any]
    if task in fitting.CLASSIFIERS:
        chances = scoring.probabilities(model, data.inputs)
        classes = [fitting.plain(value) for value in model.classes_]
        if task == "binary":
            positive = pd.Series(chances[:, 1])
            found = measures.binary(actual, predicted, positive, classes=classes)
        else:
            found = measures.multiclass(actual, predicted, chances, classes=classes)
    else:
        found = measures.regression(actual, predicted)
    metrics: dict[str, float | None] = found["metrics"]
    return metrics


def means(rows: list[dict[str, float | None]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return mean and standard deviation of each metric over folds, as scikit-learn has them."""
    table = pd.DataFrame(rows).astype("float64")
    return dict(table.mean()), dict(table.std(ddof=0))


def refuse_scripts(learner: Mapping[str, Any]) -> None:
    """Refuse a Python model, whose scores have no known meaning."""
    if learner["task"] == "python":
        raise module_error(
            WRONG_LEARNER,
            "A Python model cannot be used here.",
            where="untrained_model",
            hint="Use Train Model, Score Model and Evaluate Model with it.",
        )
