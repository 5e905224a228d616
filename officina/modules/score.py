"""Palette category Model Scoring & Evaluation: Score Model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.lazy import lazy
from officina.modules.tables import Roles, Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from officina.modules import features
    from officina.modules.context import Context
else:
    np = lazy("numpy")
    pd = lazy("pandas")
    features = lazy("officina.modules.features")

CATEGORY = "Model Scoring & Evaluation"
LABELS, PROBABILITIES = "Scored Labels", "Scored Probabilities"


@module(
    name="score_model",
    title="Score Model",
    category=CATEGORY,
    inputs=[
        Port("trained_model", "trained_model", label="Trained model"),
        Port("dataset", "dataset", label="Dataset"),
    ],
    outputs=[Port("scored", "dataset", label="Scored dataset")],
    params=[Param("append", "boolean", "Append score columns to output", True)],
    summary="Append scores: {append}",
    doc="Predict each row: adds Scored Labels, and for two classes Scored Probabilities, the "
    "probability of the positive (second) class. Rows with missing features get no score.",
)
def score_model(ctx: Context) -> None:
    """Predict each row of the table."""
    table = ctx.table("dataset")
    model, meta = ctx.load("trained_model", "trained")
    inputs = features.matrix(table.frame, meta["features"])
    whole = inputs.notna().all(axis=1).to_numpy()
    if not whole.all():
        ctx.warn(f"{int((~whole).sum())} rows have missing features and get no score")
    scores, roles = _scores(model, meta, inputs, whole)
    if not ctx.params["append"]:
        ctx.save_table("scored", Table(scores, roles))
        return
    kept = table.frame.drop(columns=[name for name in scores.columns if name in table.frame])
    result = table.with_frame(kept)
    result.frame = pd.concat([kept, scores], axis=1)
    label = meta["label"]["name"]
    if label in kept.columns:
        for name, role in result.roles.items():
            if role.get("role") == "label" and name != label:
                role["role"] = "feature"
        result.roles.setdefault(label, {})["role"] = "label"
    result.roles |= roles
    ctx.save_table("scored", result)


def _scores(
    model: Any, meta: dict[str, Any], inputs: pd.DataFrame, whole: Any
) -> tuple[pd.DataFrame, Roles]:
    """Predict the rows that are whole; the others stay missing."""
    rows = inputs[whole]
    if meta["task"] == "regression":
        predicted = np.full(len(inputs), np.nan)
        if len(rows):
            predicted[whole] = model.predict(rows)
        frame = pd.DataFrame({LABELS: predicted}, index=inputs.index)
        return frame, {LABELS: {"role": "score", "kind": "regression_labels"}}
    classes = meta["label"]["classes"]
    labels = pd.Series([None] * len(inputs), index=inputs.index, dtype=object)
    positive = np.full(len(inputs), np.nan)
    if len(rows):
        labels[whole] = model.predict(rows)
        positive[whole] = model.predict_proba(rows)[:, 1]
    frame = pd.DataFrame({LABELS: labels.infer_objects(), PROBABILITIES: positive})
    roles = {
        LABELS: {"role": "score", "kind": "binary_labels", "classes": classes},
        PROBABILITIES: {"role": "score", "kind": "binary_probabilities", "classes": classes},
    }
    return frame, roles
