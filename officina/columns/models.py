"""What is known of a model before it is trained: the columns that scoring with it will add.

The schema at a model's port is not of a table: it holds the label (role "label"), once training
has named it, and the score columns (role "score").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from officina.columns.schema import Column, Rule, Schema, Schemas, drop, names, put
from officina.columns.selecting import chosen_columns

LABELS = Column("Scored Labels", "any", "score")
PROBABILITIES = Column("Scored Probabilities", "number", "score")
MANY = 100  # clusters that are worth listing before they are there
# Score columns that are named after classes are not known before training.
_ADDED: dict[str, Schema] = {
    "regression": (LABELS.with_(type="number"),),
    "binary": (LABELS, PROBABILITIES),
    "anomaly": (LABELS.with_(type="integer"), PROBABILITIES),
}


def learner(task: str) -> Rule:
    """An untrained model of a task: what it will add once it is trained."""

    def rule(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
        if task == "quantile":
            return {"untrained_model": _quantiles(str(params.get("quantiles")))}
        if task == "clustering" and params.get("trainer_mode") == "single_parameter":
            return {"untrained_model": _clusters(params.get("centroids"))}
        return {"untrained_model": _ADDED.get(task)}

    return rule


def _quantiles(text: str) -> Schema | None:
    try:
        found = sorted({float(part) for part in re.split(r"[;,\s]+", text.strip()) if part})
    except ValueError:
        return None
    columns = (Column(f"Scored Quantile {quantile:g}", "number", "score") for quantile in found)
    return (LABELS.with_(type="number"), *columns)


def _clusters(count: Any) -> Schema | None:
    if not isinstance(count, int) or count > MANY:
        return None
    distances = (
        Column(f"DistancesToClusterCenter no.{place}", "number", "score") for place in range(count)
    )
    return (Column("Assignments", "integer", "score"), *distances)


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
    return {"scored": _appended(params, inputs.get("trained_model"), inputs.get("dataset"))}


def assigned(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    """Assign Data to Clusters: as Score Model."""
    return {"results": _appended(params, inputs.get("trained_model"), inputs.get("dataset"))}


def clustered(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    """Train Clustering Model: the model, and the table with its clusters."""
    model = inputs.get("untrained_model")
    results = _appended(params, model, inputs.get("dataset"))
    return {"trained_model": model, "results": results}


def cross_validated(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    """Cross Validate Model: the scored table, with the fold of each row."""
    model = training("model")(params, inputs)["model"]
    found = _appended({}, model, inputs.get("dataset"))
    if found is not None:
        found = put(found, Column("Fold Number", "string", "none"))
    return {"scored": found, "evaluation": None}


def _appended(
    params: Mapping[str, Any], model: Schema | None, table: Schema | None
) -> Schema | None:
    if model is None:
        return None
    scores = tuple(one for one in model if one.role == "score")
    if not params.get("append", True):
        return scores
    if table is None:
        return None
    label = next((one.name for one in model if one.role == "label"), "")
    kept = drop(table, names(scores))
    if label in names(kept):
        kept = tuple(_labelled(one, label) for one in kept)
    return (*kept, *scores)


def _labelled(column: Column, label: str) -> Column:
    """Return the column as scoring leaves it: the predicted one is the one label."""
    if column.name == label:
        return column.with_(role="label")
    return column.with_(role="feature") if column.role == "label" else column
