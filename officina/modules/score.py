"""Palette category Model Scoring & Evaluation: Score Model and Assign Data to Clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from officina.catalogue import Param, Port, module
from officina.columns import models
from officina.lazy import lazy
from officina.modules.errors import WRONG_LEARNER, module_error
from officina.modules.tables import Table

if TYPE_CHECKING:
    import pandas as pd

    from officina.modules import scoring
    from officina.modules.context import Context
    from officina.modules.tables import Roles
else:
    pd = lazy("pandas")
    scoring = lazy("officina.modules.scoring")

CATEGORY = "Model Scoring & Evaluation"
INPUTS = (
    Port("trained_model", "trained_model", label="Trained model"),
    Port("dataset", "dataset", label="Dataset"),
)


@module(
    name="score_model",
    title="Score Model",
    category=CATEGORY,
    inputs=INPUTS,
    outputs=[Port("scored", "dataset", label="Scored dataset")],
    params=[Param("append", "boolean", "Append score columns to output", True)],
    summary="Append scores: {append}",
    doc="Predict each row. Regression adds Scored Labels; quantile regression also one column a "
    "quantile; two classes Scored Labels and Scored Probabilities, the probability of the positive "
    "(second) class; several classes one Scored Probabilities_<class> each; anomaly detection "
    "labels 0 and 1 and the normalized error; clustering Assignments and the distance to each "
    "centre. Rows with missing features get no score.",
    schema=models.scored,
)
def score_model(ctx: Context) -> None:
    """Predict each row of the table."""
    table = ctx.table("dataset")
    model, meta = ctx.load("trained_model", "trained")
    scores, roles = scoring.score(model, meta, table.frame)
    missing = int(scores.isna().all(axis=1).sum())
    if missing:
        ctx.warn(f"{missing} rows have missing features and get no score")
    if ctx.params["append"]:
        ctx.save_table(
            "scored", append(table, scores, roles, label=(meta["label"] or {}).get("name"))
        )
    else:
        ctx.save_table("scored", Table(scores, roles))


def append(table: Table, scores: pd.DataFrame, roles: Roles, *, label: str | None = None) -> Table:
    """Put score columns after a table's own; older ones of the same name are replaced.

    The column that the model predicts becomes the one label.
    """
    kept = table.frame.drop(columns=[name for name in scores.columns if name in table.frame])
    result = table.with_frame(kept)
    result.frame = pd.concat([kept, scores], axis=1)
    if label in kept.columns:
        for name, role in result.roles.items():
            if role.get("role") == "label" and name != label:
                role["role"] = "feature"
        result.roles.setdefault(str(label), {})["role"] = "label"
    result.roles |= roles
    return result


@module(
    name="assign_data_to_clusters",
    title="Assign Data to Clusters",
    category=CATEGORY,
    inputs=INPUTS,
    outputs=[Port("results", "dataset", label="Results dataset")],
    params=[
        Param("append", "boolean", "Append", True, help="Off: only the columns of the result."),
    ],
    summary="Append: {append}",
    doc="Tell for each row the nearest cluster of a trained clustering model: adds Assignments "
    "and DistancesToClusterCenter no.0, no.1 and so on.",
    schema=models.assigned,
)
def assign_data_to_clusters(ctx: Context) -> None:
    """Find the nearest cluster of each row."""
    table = ctx.table("dataset")
    model, meta = ctx.load("trained_model", "trained")
    if meta["task"] != "clustering":
        raise module_error(
            WRONG_LEARNER,
            f"{meta['title']} is no clustering model.",
            where="trained_model",
            hint="Use Score Model, or train with Train Clustering Model.",
        )
    scores, roles = scoring.score(model, meta, table.frame)
    result = append(table, scores, roles) if ctx.params["append"] else Table(scores, roles)
    ctx.save_table("results", result)
