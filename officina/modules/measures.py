"""The numbers of Evaluate Model, by scikit-learn's metrics."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn import metrics

from officina.modules.errors import INVALID_DATA, WRONG_LEARNER, module_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    keep = np.unique(np.linspace(0, len(off) - 1, min(len(off), CURVE_POINTS)).round().astype(int))
    return {
        "task": "regression",
        "metrics": values,
        "error_histogram": histogram,
        "scatter": {"actual": actual[keep].tolist(), "predicted": predicted[keep].tolist()},
    }


def quantile_losses(
    label: pd.Series[Any], scored: Mapping[float, pd.Series[Any]]
) -> dict[str, float]:
    """Measure predicted quantiles: the pinball loss of each, and their mean."""
    actual = label.to_numpy(dtype="float64")
    losses = {
        f"Quantile_Loss_{quantile:g}": float(
            metrics.mean_pinball_loss(actual, column.to_numpy(dtype="float64"), alpha=quantile)
        )
        for quantile, column in scored.items()
    }
    return losses | {"Average_Quantile_Loss": sum(losses.values()) / len(losses)}


def class_text(value: Any) -> str:
    """Return a class as text; 1.0 and 1 are the same class."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def binary(
    label: pd.Series[Any],
    scored: pd.Series[Any],
    probability: pd.Series[Any] | None,
    *,
    classes: Sequence[Any] | None,
) -> dict[str, Any]:
    """Measure predictions of one of two classes; the second class is the positive one."""
    known = list(classes or sorted(set(label) | set(scored), key=str))
    names = [class_text(item) for item in known]
    actual, predicted = (
        column.astype(object).map(class_text).to_numpy() for column in (label, scored)
    )
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


def multiclass(
    label: pd.Series[Any],
    scored: pd.Series[Any],
    chances: NDArray[np.float64] | None,
    *,
    classes: Sequence[Any] | None,
) -> dict[str, Any]:
    """Measure predictions of one of several classes; `chances` has a column for each of them."""
    actual, predicted = (
        column.astype(object).map(class_text).to_numpy() for column in (label, scored)
    )
    known = [class_text(item) for item in classes or ()]
    names = known + sorted((set(actual) | set(predicted)) - set(known))
    matrix = metrics.confusion_matrix(actual, predicted, labels=names)
    options = {"labels": names, "zero_division": 0}
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        actual, predicted, **options
    )
    counted = (support > 0) | (matrix.sum(axis=0) > 0)
    accuracy = float(metrics.accuracy_score(actual, predicted))
    values: dict[str, float | None] = {
        "Overall_Accuracy": accuracy,
        # Each row has one class, so these two equal the accuracy; Azure shows them all the same.
        "Micro_Precision": accuracy,
        "Micro_Recall": accuracy,
        "Macro_Precision": float(precision[counted].mean()),
        "Macro_Recall": float(recall[counted].mean()),
        "Macro_F1": float(f1[counted].mean()),
    }
    row: dict[str, Any] = {
        "task": "multiclass",
        "metrics": values,
        "confusion_matrix": {"labels": names, "matrix": matrix.tolist()},
        "per_class": pd.DataFrame(
            {"class": names, "precision": precision, "recall": recall, "f1": f1, "rows": support}
        ).to_dict("records"),
    }
    if chances is not None and known:
        _add_class_curves(row, actual, chances, known)
    return row


def _add_class_curves(
    row: dict[str, Any], actual: NDArray[Any], chances: NDArray[np.float64], known: Sequence[str]
) -> None:
    """Add the loss, the area under each class's curve, and the curves over all classes at once."""
    values = row["metrics"]
    truth = actual[:, None] == np.array(known)[None, :]
    told = truth.any(axis=1)  # a class that training never saw has no probability
    if not told.any():
        return
    truth, chances = truth[told], chances[told]
    sure = np.clip(chances / chances.sum(axis=1, keepdims=True), np.finfo(float).eps, 1)
    values["Log_Loss"] = float(-np.log(sure[truth]).mean())
    areas = []
    for place, name in enumerate(known):
        if truth[:, place].all() or not truth[:, place].any():
            continue
        areas.append(float(metrics.roc_auc_score(truth[:, place], chances[:, place])))
        next(item for item in row["per_class"] if item["class"] == name)["auc"] = areas[-1]
    values["Macro_AUC"] = float(np.mean(areas)) if areas else None
    _add_roc(row, truth.ravel(), chances.ravel())


def clustering(assigned: pd.Series[Any], distances: pd.DataFrame) -> dict[str, Any]:
    """Measure how tight clusters are and how far apart: a line for each, and one for all."""
    members = assigned.to_numpy(dtype="int64")
    away = distances.to_numpy(dtype="float64")
    rows = np.arange(len(members))
    own = away[rows, members]
    others = away.copy()
    others[rows, members] = np.inf
    # With one cluster there is no other centre.
    other = others.min(axis=1) if away.shape[1] > 1 else None

    def line(name: str, chosen: NDArray[np.bool_]) -> dict[str, Any]:
        return {
            "name": name,
            "Average_Distance_to_Cluster_Center": float(own[chosen].mean()),
            "Average_Distance_to_Other_Center": (
                None if other is None else float(other[chosen].mean())
            ),
            "Number_of_Points": int(chosen.sum()),
            "Maximal_Distance_to_Cluster_Center": float(own[chosen].max()),
        }

    clusters = [
        line(f"Evaluation For Cluster No.{number}", members == number)
        for number in np.unique(members)
    ]
    combined = line("Combined Evaluation", np.ones(len(members), dtype=bool))
    values = {key: value for key, value in combined.items() if key != "name"}
    return {"task": "clustering", "metrics": values, "clusters": [*clusters, combined]}


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
    _add_roc(row, truth, probability)
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


def _add_roc(
    row: dict[str, Any], truth: NDArray[np.bool_], probability: NDArray[np.float64]
) -> None:
    fpr, tpr, thresholds = metrics.roc_curve(truth, probability)
    # The first threshold is infinite, "nothing is positive"; JSON has no such number.
    thresholds = np.minimum(thresholds, 1.0)
    row["roc"] = _thinned(fpr=fpr, tpr=tpr, thresholds=thresholds)
    precision, recall, cuts = metrics.precision_recall_curve(truth, probability)
    row["precision_recall"] = _thinned(
        precision=precision, recall=recall, thresholds=np.append(cuts, 1.0)
    )


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
