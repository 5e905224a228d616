"""Palette category Feature Selection: Permutation Feature Importance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import Column, rules
from officina.lazy import lazy
from officina.modules.errors import WRONG_LEARNER, column_not_found, module_error
from officina.modules.parameters import seed_param
from officina.modules.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from sklearn import inspection

    from officina.modules import features, fitting, trials
    from officina.modules.context import Context
else:
    features = lazy("officina.modules.features")
    fitting = lazy("officina.modules.fitting")
    inspection = lazy("sklearn.inspection")
    np = lazy("numpy")
    pd = lazy("pandas")
    trials = lazy("officina.modules.trials")

CLASSIFICATION = ("accuracy", "precision", "recall", "log_loss")
REGRESSION = (
    "mean_absolute_error",
    "root_mean_squared_error",
    "relative_absolute_error",
    "relative_squared_error",
    "coefficient_of_determination",
)


@module(
    name="permutation_feature_importance",
    title="Permutation Feature Importance",
    category="Feature Selection",
    inputs=[
        Port("trained_model", "trained_model", label="Trained model"),
        Port("dataset", "dataset", label="Test data"),
    ],
    outputs=[Port("importance", "dataset", label="Feature importance")],
    params=[
        seed_param(),
        Param(
            "metric",
            "enum",
            "Metric for measuring performance",
            "accuracy",
            enum=CLASSIFICATION + REGRESSION,
        ),
        Param("repeats", "integer", "Number of permutations", 5, 1, 1_000),
    ],
    summary="{metric}",
    doc="Tell how much a model's score on test data worsens when the values of one column are "
    "shuffled (scikit-learn's permutation_importance), the mean of several shufflings. A score "
    "of 0 means that the model does without the column. The test data must have the label.",
    schema=rules.fixed(
        "importance",
        Column("Feature", "string"),
        Column("Score", "number"),
        Column("Standard Deviation", "number"),
    ),
)
def permutation_feature_importance(ctx: Context) -> None:
    """Measure each column's importance."""
    model, meta = ctx.load("trained_model", "trained")
    key, better = _metric(ctx, meta)
    table = ctx.table("dataset", allow_empty=False)
    label = meta["label"]["name"]
    if label not in table.frame.columns:
        raise column_not_found(label, table.frame.columns, where="dataset")
    names = [entry["name"] for entry in meta["signature"]]
    inputs = features.matrix(table.frame, meta["signature"])
    features.refuse_missing(table.frame, [label, *names])
    target = features.label_values(table, label, meta["task"]).to_numpy()

    def scorer(fitted: Any, rows: Any, _: Any) -> float:
        part = fitting.Prepared(rows, target, meta["signature"], label, meta)
        value = trials.measured(fitted, part)[key]
        return float("nan") if value is None else float(value if better else -value)

    ctx.report.progress(0.01, f"{len(names)} columns")
    found = inspection.permutation_importance(
        model,
        inputs,
        target,
        scoring=scorer,
        n_repeats=ctx.params["repeats"],
        random_state=ctx.seed(),
    )
    order = np.argsort(-found.importances_mean, kind="stable")
    frame = pd.DataFrame(
        {
            "Feature": [names[place] for place in order],
            "Score": found.importances_mean[order],
            "Standard Deviation": found.importances_std[order],
        }
    )
    ctx.save_table("importance", Table(frame))


def _metric(ctx: Context, meta: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the metric's name in the results and whether more is better; refuse an unfit one."""
    task, metric = meta["task"], ctx.params["metric"]
    if task not in ("regression", "quantile", "binary", "multiclass"):
        raise module_error(
            WRONG_LEARNER,
            f"{meta['title']} predicts no label that could be measured.",
            where="trained_model",
            hint="Wire a trained classification or regression model to it.",
        )
    allowed = CLASSIFICATION if task in fitting.CLASSIFIERS else REGRESSION
    if metric not in allowed:
        raise module_error(
            WRONG_LEARNER,
            f"{metric.replace('_', ' ')} does not fit {meta['title']}.",
            where="metric",
            hint=f"Choose one of {', '.join(allowed)}.",
        )
    one, several, better = trials.METRICS[metric]
    return (several if task == "multiclass" else one), better
