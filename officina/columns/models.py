"""What is known of a model before it is trained: the columns that scoring with it will add.

The schema at a model's port is not of a table: it holds the label (role "label"), once training
has named it, and the score columns (role "score").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from officina.columns.schema import Column, Rule, Schema, Schemas, drop, names
from officina.columns.selecting import chosen_columns

LABELS = Column("Scored Labels", "any", "score")
PROBABILITIES = Column("Scored Probabilities", "number", "score")
# Tasks whose score columns are named after classes, quantiles or clusters are not here.
_ADDED: dict[str, Schema] = {
    "regression": (LABELS.with_(type="number"),),
    "binary": (LABELS, PROBABILITIES),
    "anomaly": (LABELS.with_(type="integer"), PROBABILITIES),
}


def learner(task: str) -> Rule:
    """An untrained model of a task: what it will add once it is trained."""

    def rule(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
        return {"untrained_model": _ADDED.get(task)}

    return rule


def training(port_out: str, *, labelled: bool = True) -> Rule:
    """A module that trains: the label that its parameter names, with what the learner adds."""

    def rule(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
        added = inputs.get("untrained_model")
        if added is None or not labelled:
            return {port_out: added}
        label = chosen_columns(inputs.get("dataset"), params.get("label"))
        if label is None or len(label) != 1:
            return {port_out: None}
        plain = label[0].type if label[0].type in ("string", "integer") else "any"
        scores = tuple(one.with_(type=plain) if one.type == "any" else one for one in added)
        return {port_out: (label[0].with_(role="label"), *scores)}

    return rule


def scored(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    """Score Model: the table's own columns, then those that the model adds."""
    model, table = inputs.get("trained_model"), inputs.get("dataset")
    if model is None:
        return {"scored": None}
    scores = tuple(one for one in model if one.role == "score")
    if not params.get("append", True):
        return {"scored": scores}
    if table is None:
        return {"scored": None}
    label = next((one.name for one in model if one.role == "label"), "")
    kept = drop(table, names(scores))
    if label in names(kept):
        kept = tuple(_labelled(one, label) for one in kept)
    return {"scored": (*kept, *scores)}


def _labelled(column: Column, label: str) -> Column:
    """Return the column as scoring leaves it: the predicted one is the one label."""
    if column.name == label:
        return column.with_(role="label")
    return column.with_(role="feature") if column.role == "label" else column
