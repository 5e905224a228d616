"""Palette categories Regression and Classification: learners, each giving an untrained model.

An untrained model is a scikit-learn estimator that has seen no data, with a description of the
task and, for Parameter Range, of the values that Tune Model Hyperparameters is to try.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.lazy import lazy
from officina.modules import ranges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sklearn import ensemble, linear_model, pipeline, preprocessing

    from officina.modules.context import Context
else:
    ensemble = lazy("sklearn.ensemble")
    linear_model = lazy("sklearn.linear_model")
    pipeline = lazy("sklearn.pipeline")
    preprocessing = lazy("sklearn.preprocessing")

OUTPUT = Port("untrained_model", "untrained_model", label="Untrained model")
SINGLE, RANGE = {"trainer_mode": "single_parameter"}, {"trainer_mode": "parameter_range"}
TRAINER_MODE = Param(
    "trainer_mode",
    "enum",
    "Create trainer mode",
    "single_parameter",
    enum=("single_parameter", "parameter_range"),
    help="Train Model uses the first value of a range; Tune Model Hyperparameters tries all.",
)
SEED = Param(
    "random_seed",
    "integer",
    "Random number seed",
    min=0,
    max=2**32 - 1,
    optional=True,
    help="Blank = drawn anew in each run, and recorded.",
)


def tunable(
    param: Param, values: str, visible_when: Mapping[str, Any] | None = None
) -> tuple[Param, Param]:
    """Return a learner's parameter twice: as one value and as a range of values."""
    single = Param(**{**param.__dict__, "visible_when": SINGLE | dict(visible_when or {})})
    several = Param(
        f"{param.name}_range",
        "string",
        f"{param.title} (range)",
        values,
        visible_when=RANGE | dict(visible_when or {}),
        help="Values as 2; 8; 32, or a span as 0.01..1 x 5 log.",
    )
    return single, several


def grid(ctx: Context, names: tuple[str, ...]) -> dict[str, list[Any]]:
    """Return the values of each tunable parameter: one in single mode, its range otherwise."""
    values: dict[str, list[Any]] = {}
    for name in names:
        param = ctx.component.param(name)
        if ctx.params["trainer_mode"] == "single_parameter":
            values[name] = [ctx.params[name]]
        else:
            where = f"{name}_range"
            values[name] = ranges.parse_range(
                ctx.params[where],
                where=where,
                whole=param.type == "integer",
                low=param.min,
                high=param.max,
            )
    return values


def save_learner(
    ctx: Context,
    estimator: object,
    *,
    task: str,
    values: Mapping[str, list[Any]],
    seed: int | None = None,
) -> None:
    """Write the untrained model and its description to the output port."""
    meta = {
        "kind": "untrained",
        "task": task,
        "algorithm": ctx.component.name,
        "title": ctx.component.title,
        "params": {name: value for name, value in ctx.params.items() if value is not None},
        "grid": {name: found for name, found in values.items() if len(found) > 1},
        "seed": seed,
    }
    ctx.save("untrained_model", estimator, meta)


_OGD = {"method": "online_gradient_descent"}


@module(
    name="linear_regression",
    title="Linear Regression",
    category="Regression",
    outputs=[OUTPUT],
    params=[
        Param(
            "method",
            "enum",
            "Solution method",
            "ordinary_least_squares",
            enum=("ordinary_least_squares", "online_gradient_descent"),
        ),
        TRAINER_MODE,
        *tunable(
            Param("l2_weight", "number", "L2 regularization weight", 0.001, 0), "0.001; 0.01; 0.1"
        ),
        Param("intercept", "boolean", "Include intercept term", True),
        *tunable(
            Param("learning_rate", "number", "Learning rate", 0.1, 1e-9),
            "0.025; 0.05; 0.1; 0.2",
            _OGD,
        ),
        *tunable(
            Param("epochs", "integer", "Number of training epochs", 10, 1, 100_000),
            "1; 10; 100",
            _OGD,
        ),
        Param("normalize", "boolean", "Normalize features", True, visible_when=_OGD),
        Param("decrease_rate", "boolean", "Decrease learning rate", True, visible_when=_OGD),
        Param(**{**SEED.__dict__, "visible_when": _OGD}),
    ],
    summary="{method}, L2 {l2_weight}",
    doc="Fit a straight line or plane. Ordinary least squares with weight 0 is plain least "
    "squares (scikit-learn LinearRegression), otherwise ridge regression; online gradient "
    "descent is scikit-learn's SGDRegressor.",
)
def linear_regression(ctx: Context) -> None:
    """Make an untrained linear regression."""
    params = ctx.params
    if params["method"] == "online_gradient_descent":
        values = grid(ctx, ("l2_weight", "learning_rate", "epochs"))
        seed = ctx.seed()
        model = _gradient_descent(params, values, seed)
        save_learner(ctx, model, task="regression", values=values, seed=seed)
        return
    values = grid(ctx, ("l2_weight",))
    weight = values["l2_weight"][0]
    estimator = (
        linear_model.Ridge(alpha=weight, fit_intercept=params["intercept"])
        if weight > 0
        else linear_model.LinearRegression(fit_intercept=params["intercept"])
    )
    save_learner(ctx, estimator, task="regression", values=values)


def _gradient_descent(
    params: Mapping[str, Any], values: Mapping[str, list[Any]], seed: int
) -> object:
    estimator = linear_model.SGDRegressor(
        alpha=values["l2_weight"][0],
        fit_intercept=params["intercept"],
        max_iter=values["epochs"][0],
        tol=None,  # as many epochs as asked for, without stopping early
        eta0=values["learning_rate"][0],
        learning_rate="invscaling" if params["decrease_rate"] else "constant",
        random_state=seed,
    )
    if not params["normalize"]:
        return estimator
    return pipeline.make_pipeline(preprocessing.StandardScaler(), estimator)


@module(
    name="boosted_decision_tree_regression",
    title="Boosted Decision Tree Regression",
    category="Regression",
    outputs=[OUTPUT],
    params=[
        TRAINER_MODE,
        *tunable(
            Param("max_leaves", "integer", "Maximum number of leaves per tree", 20, 2, 131_072),
            "2; 8; 32; 128",
        ),
        *tunable(
            Param("min_leaf_samples", "integer", "Minimum samples per leaf node", 10, 1),
            "1; 10; 50",
        ),
        *tunable(
            Param("learning_rate", "number", "Learning rate", 0.2, 1e-6, 1),
            "0.025; 0.05; 0.1; 0.2; 0.4",
        ),
        *tunable(
            Param("trees", "integer", "Total number of trees constructed", 100, 1, 100_000),
            "20; 100; 500",
        ),
        SEED,
    ],
    summary="{trees} trees, {max_leaves} leaves, rate {learning_rate}",
    doc="An ensemble of small trees, each correcting the ones before. Runs scikit-learn's "
    "HistGradientBoostingRegressor, the same histogram algorithm as LightGBM: it comes with "
    "scikit-learn, so no second native library and no second OpenMP runtime is loaded into the "
    "warm process that modules are forked from.",
)
def boosted_decision_tree_regression(ctx: Context) -> None:
    """Make an untrained boosted tree regression."""
    values = grid(ctx, ("max_leaves", "min_leaf_samples", "learning_rate", "trees"))
    seed = ctx.seed()
    estimator = ensemble.HistGradientBoostingRegressor(
        max_leaf_nodes=values["max_leaves"][0],
        min_samples_leaf=values["min_leaf_samples"][0],
        learning_rate=values["learning_rate"][0],
        max_iter=values["trees"][0],
        early_stopping=False,  # the number of trees is the one asked for
        random_state=seed,
    )
    save_learner(ctx, estimator, task="regression", values=values, seed=seed)


@module(
    name="two_class_logistic_regression",
    title="Two-Class Logistic Regression",
    category="Classification",
    outputs=[OUTPUT],
    params=[
        TRAINER_MODE,
        *tunable(
            Param("tolerance", "number", "Optimization tolerance", 1e-7, 1e-15, 1), "1e-4; 1e-7"
        ),
        *tunable(
            Param("l1_weight", "number", "L1 regularization weight", 1.0, 0), "0; 0.01; 0.1; 1"
        ),
        *tunable(Param("l2_weight", "number", "L2 regularization weight", 1.0, 0), "0.01; 0.1; 1"),
        Param("max_iterations", "integer", "Maximum number of iterations", 200, 1, 1_000_000),
        SEED,
    ],
    summary="L1 {l1_weight}, L2 {l2_weight}",
    doc="Predict one of two classes from a weighted sum of standardized features. The loss is "
    "the summed log loss + L1 * |w| + L2 / 2 * w^2. Runs scikit-learn's LogisticRegression: "
    "L-BFGS without an L1 weight, SAGA with one. (Its L-BFGS has a fixed memory size.)",
)
def two_class_logistic_regression(ctx: Context) -> None:
    """Make an untrained logistic regression."""
    values = grid(ctx, ("tolerance", "l1_weight", "l2_weight"))
    seed = ctx.seed()
    l1, l2 = values["l1_weight"][0], values["l2_weight"][0]
    total = l1 + l2
    estimator = linear_model.LogisticRegression(
        C=1 / total if total else math.inf,
        l1_ratio=l1 / total if total else 0.0,
        solver="saga" if l1 else "lbfgs",
        tol=values["tolerance"][0],
        max_iter=ctx.params["max_iterations"],
        random_state=seed,
    )
    model = pipeline.make_pipeline(preprocessing.StandardScaler(), estimator)
    save_learner(ctx, model, task="binary", values=values, seed=seed)
