"""Palette category Model Training: Train Model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from officina.catalogue import Param, Port, module
from officina.columns import models
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.errors import WRONG_LEARNER, module_error

if TYPE_CHECKING:
    from officina.modules import fitting, insight
    from officina.modules.context import Context
else:
    fitting = lazy("officina.modules.fitting")
    insight = lazy("officina.modules.insight")


@module(
    name="train_model",
    title="Train Model",
    category="Model Training",
    inputs=[
        Port("untrained_model", "untrained_model", label="Untrained model"),
        Port("dataset", "dataset", label="Dataset"),
    ],
    outputs=[Port("trained_model", "trained_model", label="Trained model")],
    params=[
        Param("label", "columns", "Label column", single=True),
        Param(
            "explanations",
            "boolean",
            "Model explanations",
            False,
            help="Measure how much each column matters, and how scores move with the first ones.",
        ),
    ],
    summary="Label: {label}",
    doc="Fit a learner to a table. All columns except the label and those marked as scores are "
    "features; texts and categories become indicator columns. Missing values are refused. Given "
    "a Parameter Range, the first value of each is used. Explanations (on at most 2,000 rows) are "
    "the permutation importance of each column and the partial dependence on the first five.",
    schema=models.training("trained_model"),
)
def train_model(ctx: Context) -> None:
    """Fit the learner; the result is a scikit-learn pipeline that takes the raw columns."""
    table = ctx.table("dataset", allow_empty=False)
    estimator, learner = ctx.load("untrained_model", "untrained")
    fitting.require_labelled(learner)
    label = columns.select_one(table, ctx.params["label"], where="label")
    data = fitting.prepare(table, learner, label)
    model = fitting.fit_prepared(ctx, estimator, data, progress=True)
    meta = fitting.describe(model, data)
    if ctx.params["explanations"]:
        if learner["task"] == "python":
            raise module_error(
                WRONG_LEARNER,
                "A Python model cannot be explained.",
                where="explanations",
                hint="Switch explanations off.",
            )
        ctx.report.progress(0.99, "explaining")
        meta["explanations"] = insight.explain(model, data, learner["seed"] or 0)
    ctx.save("trained_model", model, meta)
