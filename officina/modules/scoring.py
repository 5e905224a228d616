"""Predict with a trained model: the score columns that each kind of model gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit, softmax

from officina.modules import features
from officina.modules.errors import INVALID_DATA, WRONG_LEARNER, module_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from officina.modules.tables import Roles

    Scores = tuple[pd.DataFrame, Roles]

LABELS, PROBABILITIES = "Scored Labels", "Scored Probabilities"
ASSIGNMENTS, DISTANCE = "Assignments", "DistancesToClusterCenter no."


def score(model: Any, meta: Mapping[str, Any], frame: pd.DataFrame) -> Scores:
    """Return the score columns for the rows of a raw table, and their roles.

    Rows with missing features get no score.
    """
    if meta["task"] == "python":
        answer: pd.DataFrame = model.predict(frame)
        return answer, {}
    if meta["task"] not in _SCORERS:
        raise module_error(
            WRONG_LEARNER,
            f"{meta['title']} has its own way of scoring.",
            where="trained_model",
            hint="Use Score SVD Recommender or Score Vowpal Wabbit Model.",
        )
    inputs = features.matrix(frame, meta["signature"])
    whole = inputs.notna().all(axis=1).to_numpy()
    rows = inputs[whole]
    if len(rows):
        _refuse_unknown(meta, rows, model)
    scorer: Callable[..., Scores] = _SCORERS[meta["task"]]
    return scorer(model, meta, rows, whole, inputs.index)


def probabilities(model: Any, inputs: pd.DataFrame) -> NDArray[np.float64]:
    """Return one column a class, also of learners that only tell a distance from a boundary."""
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(inputs))
    distance = np.asarray(model.decision_function(inputs))
    if distance.ndim == 1:
        positive = expit(distance)
        return np.column_stack([1 - positive, positive])
    return np.asarray(softmax(distance, axis=1))


def _spread(values: NDArray[Any], whole: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Put values at the rows that are whole; the others are missing."""
    found = np.full(len(whole), np.nan)
    found[whole] = values
    return found


def _regression(model: Any, meta: Any, rows: Any, whole: Any, index: Any) -> Scores:
    found = _spread(model.predict(rows) if len(rows) else np.empty(0), whole)
    frame = pd.DataFrame({LABELS: found}, index=index)
    return frame, {LABELS: {"role": "score", "kind": "regression_labels"}}


def _quantile(model: Any, meta: Any, rows: Any, whole: Any, index: Any) -> Scores:
    quantiles = meta["quantiles"]
    found = np.empty((0, len(quantiles)))
    if len(rows):
        steps = model.named_steps
        found = steps["model"].predict_quantiles(steps["features"].transform(rows))
    middle = int(np.argmin(np.abs(np.asarray(quantiles) - 0.5)))
    columns = {LABELS: _spread(found[:, middle], whole)}
    roles = {LABELS: {"role": "score", "kind": "regression_labels"}}
    for place, quantile in enumerate(quantiles):
        name = f"Scored Quantile {quantile:g}"
        columns[name] = _spread(found[:, place], whole)
        roles[name] = {"role": "score", "kind": "quantile", "quantile": quantile}
    return pd.DataFrame(columns, index=index), roles


def _classes(model: Any, meta: Any, rows: Any, whole: Any, index: Any) -> Scores:
    classes = meta["label"]["classes"]
    labels = pd.Series([None] * len(whole), index=index, dtype=object)
    chances = np.empty((0, len(classes)))
    if len(rows):
        labels[whole] = model.predict(rows)
        chances = probabilities(model, rows)
    columns: dict[str, Any] = {LABELS: labels.infer_objects()}
    kind = meta["task"]
    roles: Roles = {LABELS: {"role": "score", "kind": f"{kind}_labels", "classes": classes}}
    shown = {PROBABILITIES: 1}
    if kind == "multiclass":
        shown = {f"{PROBABILITIES}_{name}": place for place, name in enumerate(classes)}
    for name, place in shown.items():
        columns[name] = _spread(chances[:, place], whole)
        roles[name] = {"role": "score", "kind": f"{kind}_probabilities", "classes": classes}
        if kind == "multiclass":
            roles[name] |= {"class": classes[place]}
    return pd.DataFrame(columns, index=index), roles


def _anomaly(model: Any, meta: Any, rows: Any, whole: Any, index: Any) -> Scores:
    odd = model.predict_proba(rows)[:, 1] if len(rows) else np.empty(0)
    chances = _spread(odd, whole)
    labels = pd.Series(chances > 0.5, index=index).astype("Int64").where(whole)
    frame = pd.DataFrame({LABELS: labels, PROBABILITIES: chances}, index=index)
    role = {"role": "score", "classes": [0, 1]}
    return frame, {
        LABELS: role | {"kind": "anomaly_labels"},
        PROBABILITIES: role | {"kind": "anomaly_probabilities"},
    }


def _clusters(model: Any, meta: Any, rows: Any, whole: Any, index: Any) -> Scores:
    count = meta["clusters"]
    nearest, distances = np.empty(0), np.empty((0, count))
    if len(rows):
        nearest, distances = model.predict(rows), model.transform(rows)
    assigned = pd.Series(_spread(nearest, whole), index=index).astype("Int64")
    columns: dict[str, Any] = {ASSIGNMENTS: assigned}
    roles: Roles = {ASSIGNMENTS: {"role": "score", "kind": "cluster_assignments"}}
    if whole.all():
        columns[ASSIGNMENTS] = assigned.astype("int64")
    for place in range(count):
        name = f"{DISTANCE}{place}"
        columns[name] = _spread(distances[:, place], whole)
        roles[name] = {"role": "score", "kind": "cluster_distance", "cluster": place}
    return pd.DataFrame(columns, index=index), roles


_SCORERS = {
    "regression": _regression,
    "quantile": _quantile,
    "binary": _classes,
    "multiclass": _classes,
    "anomaly": _anomaly,
    "clustering": _clusters,
}


def _refuse_unknown(meta: Mapping[str, Any], rows: pd.DataFrame, model: Any) -> None:
    """Name the first category that training never saw, if the learner was told to refuse them."""
    if meta.get("unknown_categories") != "error":
        return
    for part, step, columns in model.named_steps["features"].transformers_:
        if part != "categories":
            continue
        for column, known in zip(columns, step.categories_, strict=True):
            strange = sorted(set(rows[column]) - set(known))
            if strange:
                raise module_error(
                    INVALID_DATA,
                    f'Column "{column}" has the value "{strange[0]}", which training never saw.',
                    where=column,
                    hint="Allow unknown values in the learner, or remove these rows.",
                )
