"""The numbers of Evaluate Model, by scikit-learn's metrics."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn import metrics

from officina.modules.errors import INVALID_DATA, WRONG_LEARNER, module_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CURVE_POINTS = 200
BINS = 20


def regression(label: pd.Series[Any], scored: pd.Series[Any]) -> dict[str, Any]:
    """Measure predictions of a number; the relative errors compare with the label's mean."""
    try:
        actual, predicted = (column.to_numpy(dtype="float64") for column in (label, scored))
    except (ValueError, TypeError) as error:
        raise module_error(
            INVALID_DATA,
            f"Label and score must be numbers: {error}",
            where="scored",
            hint="Look at the scored table.",
        ) from error
    off = predicted - actual
    spread = actual - actual.mean()
    squared, absolute = float((spread**2).sum()), float(np.abs(spread).sum())
    mse = float(metrics.mean_squared_error(actual, predicted))
    values = {
        "Mean_Absolute_Error": float(metrics.mean_absolute_error(actual, predicted)),
        "Mean_Squared_Error": mse,
        "Root_Mean_Squared_Error": math.sqrt(mse),
        "Relative_Squared_Error": float((off**2).sum()) / squared if squared else None,
        "Relative_Absolute_Error": float(np.abs(off).sum()) / absolute if absolute else None,
        # With one row, or labels that are all equal, there is no spread to explain.
        "Coefficient_of_Determination": float(metrics.r2_score(actual, predicted))
        if squared
        else None,
    }
    counts, edges = np.histogram(off, bins=BINS)
    histogram = {"counts": counts.tolist(), "edges": edges.tolist()}
    return {"task": "regression", "metrics": values, "error_histogram": histogram}


def binary(
    label: pd.Series[Any],
    scored: pd.Series[Any],
    probability: pd.Series[Any] | None,
    *,
    classes: Sequence[Any] | None,
) -> dict[str, Any]:
    """Measure predictions of one of two classes; the second class is the positive one."""
    known = list(classes or sorted(set(label) | set(scored), key=str))
    names = [str(item) for item in known]
    actual, predicted = label.map(str).to_numpy(), scored.map(str).to_numpy()
    if len(names) != 2 or not set(actual) <= set(names):
        shown = ", ".join(sorted(set(actual) | set(names))[:6])
        raise module_error(
            WRONG_LEARNER,
            f"Two classes are needed, but there are: {shown}.",
            where="scored",
            hint="Check the label column, or use modules for more classes.",
        )
    truth = actual == names[1]
    said = predicted == names[1]
    matrix = metrics.confusion_matrix(truth, said, labels=[False, True])
    values: dict[str, float | None] = {
        "Accuracy": float(metrics.accuracy_score(truth, said)),
        "Precision": float(metrics.precision_score(truth, said, zero_division=0)),
        "Recall": float(metrics.recall_score(truth, said, zero_division=0)),
        "F1": float(metrics.f1_score(truth, said, zero_division=0)),
    }
    row: dict[str, Any] = {
        "task": "binary",
        "metrics": values,
        "positive_class": names[1],
        # Rows are the actual class, columns the predicted one.
        "confusion_matrix": {"labels": names, "matrix": matrix.tolist()},
    }
    if probability is not None:
        _add_curves(row, truth, probability.to_numpy(dtype="float64"))
    return row


def _add_curves(
    row: dict[str, Any], truth: NDArray[np.bool_], probability: NDArray[np.float64]
) -> None:
    """Add the curves over all thresholds, where both classes occur."""
    values = row["metrics"]
    if truth.all() or not truth.any():
        values["AUC"] = None
        return
    values["AUC"] = float(metrics.roc_auc_score(truth, probability))
    values["Average_Precision"] = float(metrics.average_precision_score(truth, probability))
    values["Log_Loss"] = float(metrics.log_loss(truth, probability, labels=[False, True]))
    fpr, tpr, thresholds = metrics.roc_curve(truth, probability)
    # The first threshold is infinite, "nothing is positive"; JSON has no such number.
    thresholds = np.minimum(thresholds, 1.0)
    row["roc"] = _thinned(fpr=fpr, tpr=tpr, thresholds=thresholds)
    precision, recall, cuts = metrics.precision_recall_curve(truth, probability)
    row["precision_recall"] = _thinned(
        precision=precision, recall=recall, thresholds=np.append(cuts, 1.0)
    )
    order = np.argsort(-probability, kind="stable")
    found = np.cumsum(truth[order])
    seen = np.arange(1, len(truth) + 1)
    row["lift"] = _thinned(
        depth=seen / len(truth),
        lift=found / seen / truth.mean(),
        found=found / truth.sum(),
        thresholds=probability[order],
    )
    row["thresholds"] = _threshold_table(truth, probability)


def _threshold_table(
    truth: NDArray[np.bool_], probability: NDArray[np.float64]
) -> dict[str, list[Any]]:
    """Count hits and misses at each hundredth, for the threshold slider."""
    cuts = np.linspace(0, 1, 101)
    positives, negatives = np.sort(probability[truth]), np.sort(probability[~truth])
    true_positive = len(positives) - np.searchsorted(positives, cuts, side="left")
    false_positive = len(negatives) - np.searchsorted(negatives, cuts, side="left")
    return {
        "threshold": cuts.round(2).tolist(),
        "true_positive": true_positive.tolist(),
        "false_positive": false_positive.tolist(),
        "true_negative": (len(negatives) - false_positive).tolist(),
        "false_negative": (len(positives) - true_positive).tolist(),
    }


def _thinned(**columns: NDArray[Any]) -> dict[str, list[float]]:
    """Keep at most 200 points of a curve, the first and the last among them."""
    count = len(next(iter(columns.values())))
    keep = np.unique(np.linspace(0, count - 1, min(count, CURVE_POINTS)).round().astype(int))
    return {name: column[keep].tolist() for name, column in columns.items()}
