"""Palette category Model Scoring & Evaluation: Cross Validate Model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import models
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.parameters import seed_param
from officina.modules.tables import Table

if TYPE_CHECKING:
    import pandas as pd

    from officina.modules import fitting, score, scoring, trials
    from officina.modules.context import Context
else:
    fitting = lazy("officina.modules.fitting")
    pd = lazy("pandas")
    score = lazy("officina.modules.score")
    scoring = lazy("officina.modules.scoring")
    trials = lazy("officina.modules.trials")

FOLD = "Fold Number"
EXAMPLES = "Number of examples in fold"


@module(
    name="cross_validate_model",
    title="Cross Validate Model",
    category="Model Scoring & Evaluation",
    inputs=[
        Port("untrained_model", "untrained_model", label="Untrained model"),
        Port("dataset", "dataset", label="Dataset"),
    ],
    outputs=[
        Port("scored", "dataset", label="Scored results"),
        Port("evaluation", "dataset", label="Evaluation results by fold"),
    ],
    params=[
        Param("label", "columns", "Label column", single=True),
        seed_param(),
        Param(
            "folds",
            "integer",
            "Number of folds",
            10,
            2,
            10_000,
            help="Not used when Partition and Sample has assigned folds.",
        ),
    ],
    summary="Label: {label}",
    doc="Measure how well a learner does on rows it has not seen: each fold in turn is scored by "
    "a model of all the others. Folds are drawn at random, with equal shares of the classes, "
    "unless Partition and Sample has assigned them. The last two rows of the evaluation are mean "
    "and standard deviation over the folds.",
    schema=models.cross_validated,
)
def cross_validate_model(ctx: Context) -> None:
    """Fit and measure fold by fold."""
    table = ctx.table("dataset", allow_empty=False)
    estimator, learner = ctx.load("untrained_model", "untrained")
    trials.refuse_scripts(learner)
    fitting.require_labelled(learner)
    label = columns.select_one(table, ctx.params["label"], where="label")
    data = fitting.prepare(table, learner, label)
    folds = trials.splits(table, data, ctx.params["folds"], ctx.seed())
    rows: list[dict[str, Any]] = []
    parts: list[Any] = []
    roles: dict[str, Any] = {}
    for place, (fold, model, metrics) in enumerate(trials.across(ctx, estimator, data, folds)):
        ctx.report.progress((place + 1) / len(folds), f"fold {place + 1} of {len(folds)}")
        rows.append({FOLD: fold.number, EXAMPLES: len(fold.tested)} | metrics)
        for name, value in metrics.items():
            if value is not None:
                ctx.report.log(name, value, step=place)
        meta = fitting.describe(model, data)
        scores, found = scoring.score(model, meta, table.frame.iloc[fold.tested])
        parts.append(scores.assign(**{FOLD: fold.number}))
        roles = found | roles
    ctx.save_table("scored", _scored(table, parts, roles, label))
    ctx.save_table("evaluation", Table(_with_means(rows)))


def _scored(table: Table, parts: list[Any], roles: dict[str, Any], label: str) -> Table:
    """Put the scores of all folds back into the order of the table."""
    scores = pd.concat(parts)
    scores = scores.reindex(table.frame.index)
    roles = {name: role for name, role in roles.items() if name in scores.columns}
    return score.append(table, scores, roles | {FOLD: {"role": "none"}}, label=label)


def _with_means(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    metrics = [{key: row[key] for key in row if key not in (FOLD, EXAMPLES)} for row in rows]
    mean, deviation = trials.means(metrics)
    total = int(frame[EXAMPLES].sum())
    last = [
        {FOLD: "Mean", EXAMPLES: total} | mean,
        {FOLD: "Standard Deviation", EXAMPLES: total} | deviation,
    ]
    return pd.concat([frame, pd.DataFrame(last)], ignore_index=True)
