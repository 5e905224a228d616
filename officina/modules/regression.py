"""Palette category Regression: learners that predict a number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from officina.catalogue import Param
from officina.lazy import lazy
from officina.modules.errors import NOT_PARSED, module_error
from officina.modules.parameters import learner, number, seed_param, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sklearn import compose, ensemble, linear_model, pipeline, preprocessing

    from officina.modules import elastic, estimators
else:
    compose = lazy("sklearn.compose")
    elastic = lazy("officina.modules.elastic")
    ensemble = lazy("sklearn.ensemble")
    estimators = lazy("officina.modules.estimators")
    linear_model = lazy("sklearn.linear_model")
    pipeline = lazy("sklearn.pipeline")
    preprocessing = lazy("sklearn.preprocessing")

CATEGORY = "Regression"
_OGD = {"method": "online_gradient_descent"}


@learner(
    name="linear_regression",
    title="Linear Regression",
    category=CATEGORY,
    task="regression",
    params=[
        Param(
            "method",
            "enum",
            "Solution method",
            "ordinary_least_squares",
            enum=("ordinary_least_squares", "online_gradient_descent"),
        ),
        number("l2_weight", "L2 regularization weight", 0.001, "0.001; 0.01; 0.1", 0),
        Param("intercept", "boolean", "Include intercept term", True),
        number(
            "learning_rate",
            "Learning rate",
            0.1,
            "0.025; 0.05; 0.1; 0.2",
            1e-9,
            visible_when=_OGD,
        ),
        whole(
            "epochs",
            "Number of training epochs",
            10,
            "1; 10; 100",
            1,
            100_000,
            visible_when=_OGD,
        ),
        Param("normalize", "boolean", "Normalize features", True, visible_when=_OGD),
        Param("decrease_rate", "boolean", "Decrease learning rate", True, visible_when=_OGD),
    ],
    seed=seed_param(visible_when=_OGD),
    summary="{method}, L2 {l2_weight}",
    doc="Fit a straight line or plane. Ordinary least squares with weight 0 is plain least "
    "squares (scikit-learn LinearRegression), otherwise ridge regression; online gradient "
    "descent is scikit-learn's SGDRegressor.",
)
def linear_regression(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained linear regression."""
    if p["method"] == "ordinary_least_squares":
        if p["l2_weight"] > 0:
            return linear_model.Ridge(alpha=p["l2_weight"], fit_intercept=p["intercept"])
        return linear_model.LinearRegression(fit_intercept=p["intercept"])
    estimator = linear_model.SGDRegressor(
        alpha=p["l2_weight"],
        fit_intercept=p["intercept"],
        max_iter=p["epochs"],
        tol=None,  # as many epochs as asked for, without stopping early
        eta0=p["learning_rate"],
        learning_rate="invscaling" if p["decrease_rate"] else "constant",
        random_state=seed,
    )
    if not p["normalize"]:
        return estimator
    return pipeline.make_pipeline(preprocessing.StandardScaler(), estimator)


BOOSTED = (
    whole("max_leaves", "Maximum number of leaves per tree", 20, "2; 8; 32; 128", 2, 131_072),
    whole("min_leaf_samples", "Minimum samples per leaf node", 10, "1; 10; 50", 1),
    number("learning_rate", "Learning rate", 0.2, "0.025; 0.05; 0.1; 0.2; 0.4", 1e-6, 1),
    whole("trees", "Total number of trees constructed", 100, "20; 100; 500", 1, 100_000),
)
BOOSTED_DOC = (
    "An ensemble of small trees, each correcting the ones before. Runs scikit-learn's histogram "
    "gradient boosting, the same algorithm as LightGBM: it comes with scikit-learn, so no second "
    "native library and no second OpenMP runtime is loaded into the warm process that modules are "
    "forked from."
)


def boosted_options(p: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the options of a histogram gradient boosting estimator."""
    return {
        "max_leaf_nodes": p["max_leaves"],
        "min_samples_leaf": p["min_leaf_samples"],
        "learning_rate": p["learning_rate"],
        "max_iter": p["trees"],
        "early_stopping": False,  # the number of trees is the one asked for
        "random_state": seed,
    }


@learner(
    name="boosted_decision_tree_regression",
    title="Boosted Decision Tree Regression",
    category=CATEGORY,
    task="regression",
    params=BOOSTED,
    summary="{trees} trees, {max_leaves} leaves, rate {learning_rate}",
    doc=BOOSTED_DOC,
)
def boosted_decision_tree_regression(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained boosted tree regression."""
    return ensemble.HistGradientBoostingRegressor(**boosted_options(p, seed))


FOREST = (
    Param(
        "resampling",
        "enum",
        "Resampling method",
        "bagging",
        enum=("bagging", "replicate"),
        help="Bagging: each tree sees its own sample of the rows. Replicate: each sees all rows, "
        "and splits are drawn at random.",
    ),
    whole("trees", "Number of decision trees", 8, "1; 8; 32", 1, 100_000),
    whole("max_depth", "Maximum depth of the decision trees", 32, "1; 16; 64", 1, 10_000),
    whole(
        "random_splits",
        "Number of random splits per node",
        128,
        "1; 128; 1024",
        1,
        visible_when={"resampling": "replicate"},
    ),
    whole("min_leaf_samples", "Minimum number of samples per leaf node", 1, "1; 4; 16", 1),
)
FOREST_DOC = (
    "The mean of trees that are grown apart from each other. Bagging is scikit-learn's random "
    "forest; Replicate is its extremely randomized trees on all rows, where each node tries that "
    "many random splits, one a feature."
)


def forest_options(p: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the options that random forests and extremely randomized trees share."""
    options = {
        "n_estimators": p["trees"],
        "max_depth": p["max_depth"],
        "min_samples_leaf": p["min_leaf_samples"],
        "random_state": seed,
    }
    if p["resampling"] == "replicate":
        options["max_features"] = p["random_splits"]
    return options


@learner(
    name="decision_forest_regression",
    title="Decision Forest Regression",
    category=CATEGORY,
    task="regression",
    params=FOREST,
    summary="{trees} trees, depth {max_depth}, {resampling}",
    doc=FOREST_DOC,
)
def decision_forest_regression(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained decision forest regression."""
    options = forest_options(p, seed)
    if p["resampling"] == "bagging":
        return ensemble.RandomForestRegressor(**options)
    return ensemble.ExtraTreesRegressor(**options)


@learner(
    name="fast_forest_quantile_regression",
    title="Fast Forest Quantile Regression",
    category=CATEGORY,
    task="quantile",
    params=[
        whole("trees", "Number of trees", 100, "16; 32; 64", 1, 100_000),
        whole("max_leaves", "Number of leaves", 20, "16; 32; 64", 2, 131_072),
        whole("min_leaf_samples", "Minimum samples in a leaf", 10, "1; 5; 10", 1),
        number("bagging_fraction", "Bagging fraction", 0.7, "0.25; 0.5; 0.75", 1e-6, 1),
        number("feature_fraction", "Feature fraction", 0.7, "0.5; 0.75; 1", 1e-6, 1),
        number("split_fraction", "Split fraction", 0.7, "0.5; 0.75; 1", 1e-6, 1),
        Param(
            "quantiles",
            "string",
            "Quantiles to be estimated",
            "0.25; 0.5; 0.75",
            help="Numbers between 0 and 1.",
        ),
    ],
    summary="{trees} trees, quantiles {quantiles}",
    doc="Predict quantiles of the label: half of the labels lie below the 0.5 quantile. A "
    "scikit-learn random forest whose leaves keep the labels that fell into them; a row's "
    "quantiles are those of the labels it shares leaves with (Meinshausen's quantile regression "
    "forest). The share of features tried at each split is feature fraction times split fraction. "
    "Score Model adds one column a quantile, and as Scored Labels the one nearest to 0.5.",
)
def fast_forest_quantile_regression(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained quantile regression forest."""
    return estimators.QuantileForest(
        quantiles=_quantiles(p["quantiles"]),
        n_estimators=p["trees"],
        max_leaf_nodes=p["max_leaves"],
        min_samples_leaf=p["min_leaf_samples"],
        max_samples=p["bagging_fraction"],
        max_features=p["feature_fraction"] * p["split_fraction"],
        random_state=seed,
    )


def _quantiles(text: str) -> tuple[float, ...]:
    try:
        found = sorted({float(part) for part in re.split(r"[;,\s]+", text.strip()) if part})
    except ValueError:
        found = []
    if not found or not 0 < found[0] <= found[-1] < 1:
        raise module_error(
            NOT_PARSED,
            f'"{text}" is no list of quantiles.',
            where="quantiles",
            hint="Write numbers between 0 and 1, as 0.25; 0.5; 0.75.",
        )
    return tuple(found)


def network(learning_rate: float) -> tuple[Any, ...]:
    """Return the parameters of a neural network."""
    return (
        whole("hidden_nodes", "Number of hidden nodes", 100, "50; 100; 200", 1, 100_000),
        number("learning_rate", "Learning rate", learning_rate, "0.01; 0.02; 0.04", 1e-9, 2),
        whole("iterations", "Number of learning iterations", 100, "20; 80; 160", 1, 1_000_000),
        Param("initial_diameter", "number", "Initial learning weights diameter", 0.1, 1e-9, 100),
        Param("momentum", "number", "Momentum", 0.0, 0, 1),
        Param("shuffle", "boolean", "Shuffle examples", True),
    )


NETWORK_DOC = (
    "A network with one hidden layer, trained by stochastic gradient descent on standardized "
    "features, 32 to 200 rows a step (scikit-learn's multi-layer perceptron). The first weights are "
    "drawn evenly from an interval as wide as the diameter, around 0."
)


def network_options(p: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the options of a multi-layer perceptron."""
    return {
        "initial_diameter": p["initial_diameter"],
        "hidden_layer_sizes": (p["hidden_nodes"],),
        "learning_rate_init": p["learning_rate"],
        "max_iter": p["iterations"],
        "momentum": p["momentum"],
        "shuffle": p["shuffle"],
        "random_state": seed,
    }


@learner(
    name="neural_network_regression",
    title="Neural Network Regression",
    category=CATEGORY,
    task="regression",
    params=network(0.005),
    summary="{hidden_nodes} nodes, rate {learning_rate}, {iterations} iterations",
    doc=NETWORK_DOC + " The label is standardized too, and scores are in its own unit again.",
)
def neural_network_regression(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained neural network regression."""
    return compose.TransformedTargetRegressor(
        pipeline.make_pipeline(
            preprocessing.StandardScaler(), estimators.NetworkRegressor(**network_options(p, seed))
        ),
        transformer=preprocessing.StandardScaler(),
    )


@learner(
    name="poisson_regression",
    title="Poisson Regression",
    category=CATEGORY,
    task="regression",
    params=[
        number("tolerance", "Optimization tolerance", 1e-7, "1e-4; 1e-7", 1e-15, 1),
        number("l1_weight", "L1 regularization weight", 1.0, "0; 0.01; 0.1; 1", 0),
        number("l2_weight", "L2 regularization weight", 1.0, "0.01; 0.1; 1", 0),
        whole("memory_size", "Memory size for L-BFGS", 20, "5; 20; 50", 1, 1_000),
        Param("max_iterations", "integer", "Maximum number of iterations", 500, 1, 1_000_000),
    ],
    summary="L1 {l1_weight}, L2 {l2_weight}",
    doc="Predict counts: the logarithm of the expected count is a weighted sum of standardized "
    "features. The loss is half the Poisson deviance, summed, + L1 * |w| + L2 / 2 * w^2. Without "
    "an L1 weight this is scikit-learn's PoissonRegressor with alpha = L2 / rows. The label must "
    "not be negative. Nothing is drawn at random: the seed changes nothing.",
)
def poisson_regression(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained Poisson regression."""
    estimator = elastic.ElasticPoisson(
        l1=p["l1_weight"],
        l2=p["l2_weight"],
        tol=p["tolerance"],
        max_iter=p["max_iterations"],
        memory_size=p["memory_size"],
    )
    return pipeline.make_pipeline(preprocessing.StandardScaler(), estimator)
