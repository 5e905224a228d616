"""Palette category Model Training: Tune Model Hyperparameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import models
from officina.lazy import lazy
from officina.modules import columns
from officina.modules.errors import INVALID_DATA, module_error
from officina.modules.parameters import rebuild, seed_param
from officina.modules.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from sklearn import model_selection

    from officina.modules import fitting, trials
    from officina.modules.context import Context
    from officina.modules.fitting import Prepared
else:
    fitting = lazy("officina.modules.fitting")
    model_selection = lazy("sklearn.model_selection")
    np = lazy("numpy")
    pd = lazy("pandas")
    trials = lazy("officina.modules.trials")

RANDOM = {"sweep": "random_sweep"}
CLASSIFICATION = ("accuracy", "precision", "recall", "f1", "auc", "log_loss")
REGRESSION = (
    "mean_absolute_error",
    "root_mean_squared_error",
    "relative_absolute_error",
    "relative_squared_error",
    "coefficient_of_determination",
)
MAX_TRIALS = 10_000


@module(
    name="tune_model_hyperparameters",
    title="Tune Model Hyperparameters",
    category="Model Training",
    inputs=[
        Port("untrained_model", "untrained_model", label="Untrained model"),
        Port("dataset", "dataset", label="Training dataset"),
        Port("validation", "dataset", label="Optional validation dataset", optional=True),
    ],
    outputs=[
        Port("results", "dataset", label="Sweep results"),
        Port("best_model", "trained_model", label="Trained best model"),
    ],
    params=[
        Param(
            "sweep",
            "enum",
            "Parameter sweeping mode",
            "random_sweep",
            enum=("entire_grid", "random_sweep"),
        ),
        Param(
            "runs",
            "integer",
            "Maximum number of runs on random sweep",
            5,
            1,
            MAX_TRIALS,
            visible_when=RANDOM,
        ),
        seed_param(),
        Param("label", "columns", "Label column", single=True),
        Param(
            "metric_classification",
            "enum",
            "Metric for measuring performance for classification",
            "accuracy",
            enum=CLASSIFICATION,
        ),
        Param(
            "metric_regression",
            "enum",
            "Metric for measuring performance for regression",
            "mean_absolute_error",
            enum=REGRESSION,
        ),
        Param(
            "folds",
            "integer",
            "Number of folds",
            5,
            2,
            1_000,
            help="For cross-validation, when no validation dataset is wired.",
        ),
    ],
    summary="{sweep}, label: {label}",
    doc="Try the values of a learner's Parameter Range and keep the best: the whole grid, or some "
    "combinations drawn at random. Each is measured on the validation dataset, or else by "
    "cross-validation. The best is then fitted to the whole training dataset. The sweep results "
    "have one row a combination, the best first.",
    schema=models.training("best_model"),
)
def tune_model_hyperparameters(ctx: Context) -> None:
    """Try every chosen combination and train the best."""
    table = ctx.table("dataset", allow_empty=False)
    _, learner = ctx.load("untrained_model", "untrained")
    trials.refuse_scripts(learner)
    fitting.require_labelled(learner)
    label = columns.select_one(table, ctx.params["label"], where="label")
    data = fitting.prepare(table, learner, label)
    folds = _held_out(ctx, learner, label) or trials.splits(
        table, data, ctx.params["folds"], ctx.seed()
    )
    metric, better = trials.metric_of(ctx.params, learner["task"])
    choices = _choices(ctx, learner)
    rows = []
    for place, choice in enumerate(choices):
        shown = ", ".join(f"{name} {value:g}" for name, value in choice.items())
        ctx.report.progress(
            place / (len(choices) + 1), f"trial {place + 1} of {len(choices)}: {shown}"
        )
        rows.append(choice | _measure(ctx, learner, choice, data, folds, metric))
        _log(ctx, rows[-1][metric], metric, place)
    best = _best(rows, metric, better)
    ctx.report.progress(len(choices) / (len(choices) + 1), "training the best")
    _save_best(ctx, data, choices[best], rows[best][metric], metric)
    results = pd.DataFrame(rows).sort_values(
        metric, ascending=not better, kind="stable", na_position="last"
    )
    ctx.save_table("results", Table(results.reset_index(drop=True)))


def _held_out(ctx: Context, learner: Mapping[str, Any], label: str) -> Prepared | None:
    if not ctx.has("validation"):
        return None
    table = ctx.table("validation", allow_empty=False)
    return fitting.prepare(table, learner, label)


def _choices(ctx: Context, learner: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the combinations to try, in the order of scikit-learn's own search."""
    values = learner["grid"]
    if not values:
        ctx.warn("the learner has no Parameter Range: only its one setting is tried")
        return [{}]
    grid = model_selection.ParameterGrid(values)
    if ctx.params["sweep"] == "random_sweep" and len(grid) > ctx.params["runs"]:
        return list(
            model_selection.ParameterSampler(values, ctx.params["runs"], random_state=ctx.seed())
        )
    if len(grid) > MAX_TRIALS:
        raise module_error(
            "0006",
            f"The grid has {len(grid)} combinations.",
            where="sweep",
            hint=f"At most {MAX_TRIALS} are tried: shorten the ranges, or sweep at random.",
        )
    return list(grid)


def _measure(
    ctx: Context,
    learner: Mapping[str, Any],
    choice: Mapping[str, Any],
    data: Prepared,
    folds: Any,
    metric: str,
) -> dict[str, Any]:
    estimator = rebuild(learner, choice)
    if not isinstance(folds, list):
        model = fitting.fit_prepared(ctx, estimator, data)
        return dict(trials.measured(model, folds))
    found = [metrics for _, _, metrics in trials.across(ctx, estimator, data, folds)]
    mean, deviation = trials.means(found)
    return mean | {f"{metric}_Standard_Deviation": deviation[metric]}


def _log(ctx: Context, value: Any, metric: str, step: int) -> None:
    if value is not None and not np.isnan(value):
        ctx.report.log(metric, float(value), step=step)


def _best(rows: list[dict[str, Any]], metric: str, better: bool) -> int:
    values = np.array([row[metric] for row in rows], dtype=float)
    if np.isnan(values).all():
        raise module_error(
            INVALID_DATA,
            f"{metric.replace('_', ' ')} could not be measured for any combination.",
            where="label",
            hint="Choose another metric, or look at the label column.",
        )
    return int(np.nanargmax(values) if better else np.nanargmin(values))


def _save_best(
    ctx: Context, data: Prepared, choice: Mapping[str, Any], value: float, metric: str
) -> None:
    model = fitting.fit_prepared(ctx, rebuild(data.learner, choice), data, progress=False)
    data.learner = {**data.learner, "chosen": {**data.learner.get("first", {}), **choice}}
    meta = fitting.describe(model, data)
    meta["tuning"] = {"metric": metric, "value": float(value), "chosen": dict(choice)}
    for name, chosen in choice.items():
        ctx.report.log_param(f"best_{name}", chosen)
    ctx.save("best_model", model, meta)
