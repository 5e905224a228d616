"""Palette category Classification: learners that predict one of two, or of several, classes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.lazy import lazy
from officina.modules.errors import WRONG_LEARNER, module_error
from officina.modules.parameters import (
    OUTPUT,
    learner,
    number,
    save_untrained,
    seed_param,
    whole,
)
from officina.modules.regression import (
    BOOSTED,
    BOOSTED_DOC,
    FOREST,
    FOREST_DOC,
    NETWORK_DOC,
    boosted_options,
    forest_options,
    network,
    network_options,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sklearn import ensemble, linear_model, multiclass, pipeline, preprocessing

    from officina.modules import elastic, estimators
    from officina.modules.context import Context
else:
    elastic = lazy("officina.modules.elastic")
    ensemble = lazy("sklearn.ensemble")
    estimators = lazy("officina.modules.estimators")
    linear_model = lazy("sklearn.linear_model")
    multiclass = lazy("sklearn.multiclass")
    pipeline = lazy("sklearn.pipeline")
    preprocessing = lazy("sklearn.preprocessing")

CATEGORY = "Classification"
UNKNOWN = Param(
    "unknown_categories",
    "boolean",
    "Allow unknown values for categorical features",
    True,
    help="Off: Score Model refuses a category that training never saw.",
)
LOGISTIC = (
    number("tolerance", "Optimization tolerance", 1e-7, "1e-4; 1e-7", 1e-15, 1),
    number("l1_weight", "L1 regularization weight", 1.0, "0; 0.01; 0.1; 1", 0),
    number("l2_weight", "L2 regularization weight", 1.0, "0.01; 0.1; 1", 0),
    whole("memory_size", "Memory size for L-BFGS", 20, "5; 20; 50", 1, 1_000),
    Param("max_iterations", "integer", "Maximum number of iterations", 500, 1, 1_000_000),
)
LOGISTIC_DOC = (
    " from a weighted sum of standardized features. The loss is the summed log loss + L1 * |w| + "
    "L2 / 2 * w^2, as of scikit-learn's LogisticRegression, which runs without an L1 weight (its "
    "memory size is fixed); with one, L-BFGS on weights split into two halves finds the same "
    "minimum. Nothing is drawn at random: the seed changes nothing."
)


def _logistic(p: Mapping[str, Any], seed: int) -> Any:
    l1, l2 = p["l1_weight"], p["l2_weight"]
    shared = {"tol": p["tolerance"], "max_iter": p["max_iterations"]}
    estimator = (
        elastic.ElasticLogistic(
            C=1 / (l1 + l2), l1_ratio=l1 / (l1 + l2), memory_size=p["memory_size"], **shared
        )
        if l1
        else linear_model.LogisticRegression(
            C=1 / l2 if l2 else math.inf, random_state=seed, **shared
        )
    )
    return pipeline.make_pipeline(preprocessing.StandardScaler(), estimator)


@learner(
    name="two_class_logistic_regression",
    title="Two-Class Logistic Regression",
    category=CATEGORY,
    task="binary",
    params=LOGISTIC,
    summary="L1 {l1_weight}, L2 {l2_weight}",
    doc="Predict one of two classes" + LOGISTIC_DOC,
)
def two_class_logistic_regression(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained logistic regression."""
    return _logistic(p, seed)


@learner(
    name="multiclass_logistic_regression",
    title="Multiclass Logistic Regression",
    category=CATEGORY,
    task="multiclass",
    params=LOGISTIC,
    summary="L1 {l1_weight}, L2 {l2_weight}",
    doc="Predict one of several classes" + LOGISTIC_DOC,
)
def multiclass_logistic_regression(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained logistic regression for several classes."""
    return _logistic(p, seed)


@learner(
    name="two_class_averaged_perceptron",
    title="Two-Class Averaged Perceptron",
    category=CATEGORY,
    task="binary",
    params=[
        number("learning_rate", "Learning rate", 1.0, "0.1; 0.5; 1", 1e-9),
        whole("iterations", "Maximum number of iterations", 10, "1; 10", 1, 1_000_000),
    ],
    summary="Rate {learning_rate}, {iterations} iterations",
    doc="Separate two classes by a line that each misjudged row moves, and take the mean of all "
    "lines on the way: scikit-learn's SGDClassifier with the perceptron loss, on standardized "
    "features. Its probabilities are the logistic function of the distance to the line.",
)
def two_class_averaged_perceptron(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained averaged perceptron."""
    estimator = linear_model.SGDClassifier(
        loss="perceptron",
        average=True,
        learning_rate="constant",
        eta0=p["learning_rate"],
        penalty=None,
        max_iter=p["iterations"],
        tol=None,  # as many rounds as asked for, without stopping early
        random_state=seed,
    )
    return pipeline.make_pipeline(preprocessing.StandardScaler(), estimator)


@learner(
    name="two_class_support_vector_machine",
    title="Two-Class Support Vector Machine",
    category=CATEGORY,
    task="binary",
    params=[
        whole("iterations", "Number of iterations", 1, "1; 10; 100", 1, 1_000_000),
        number("lambda", "Lambda", 0.001, "0.00001; 0.001; 0.1", 1e-12),
        Param("normalize", "boolean", "Normalize features", True),
        Param("unit_sphere", "boolean", "Project to the unit sphere", False),
    ],
    summary="Lambda {lambda}, {iterations} iterations",
    doc="Separate two classes by a line with a wide margin: scikit-learn's SGDClassifier with "
    "hinge loss and an L1 penalty of weight lambda. Normalizing centres features and scales them "
    "to a standard deviation of 1. Its probabilities are the logistic function of the distance.",
)
def two_class_support_vector_machine(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained linear support vector machine."""
    estimator = linear_model.SGDClassifier(
        loss="hinge",
        penalty="l1",
        alpha=p["lambda"],
        max_iter=p["iterations"],
        tol=None,
        random_state=seed,
    )
    steps = [preprocessing.StandardScaler()] if p["normalize"] else []
    if p["unit_sphere"]:
        steps.append(preprocessing.Normalizer())
    return pipeline.make_pipeline(*steps, estimator) if steps else estimator


@learner(
    name="two_class_boosted_decision_tree",
    title="Two-Class Boosted Decision Tree",
    category=CATEGORY,
    task="binary",
    params=BOOSTED,
    summary="{trees} trees, {max_leaves} leaves, rate {learning_rate}",
    doc=BOOSTED_DOC,
)
def two_class_boosted_decision_tree(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained boosted tree classifier."""
    return ensemble.HistGradientBoostingClassifier(**boosted_options(p, seed))


@learner(
    name="multiclass_boosted_decision_tree",
    title="Multiclass Boosted Decision Tree",
    category=CATEGORY,
    task="multiclass",
    params=BOOSTED,
    seed=seed_param(),
    summary="{trees} trees, {max_leaves} leaves, rate {learning_rate}",
    doc=BOOSTED_DOC + " Each round grows one tree a class.",
)
def multiclass_boosted_decision_tree(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained boosted tree classifier for several classes."""
    return ensemble.HistGradientBoostingClassifier(**boosted_options(p, seed))


def _forest(p: Mapping[str, Any], seed: int) -> Any:
    options = forest_options(p, seed)
    if p["resampling"] == "bagging":
        return ensemble.RandomForestClassifier(**options)
    return ensemble.ExtraTreesClassifier(**options)


@learner(
    name="two_class_decision_forest",
    title="Two-Class Decision Forest",
    category=CATEGORY,
    task="binary",
    params=[*FOREST, UNKNOWN],
    unknown_categories="unknown_categories",
    summary="{trees} trees, depth {max_depth}, {resampling}",
    doc=FOREST_DOC,
)
def two_class_decision_forest(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained decision forest."""
    return _forest(p, seed)


@learner(
    name="multiclass_decision_forest",
    title="Multiclass Decision Forest",
    category=CATEGORY,
    task="multiclass",
    params=[*FOREST, UNKNOWN],
    unknown_categories="unknown_categories",
    summary="{trees} trees, depth {max_depth}, {resampling}",
    doc=FOREST_DOC,
)
def multiclass_decision_forest(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained decision forest for several classes."""
    return _forest(p, seed)


def _network(p: Mapping[str, Any], seed: int) -> Any:
    estimator = estimators.NetworkClassifier(**network_options(p, seed))
    return pipeline.make_pipeline(preprocessing.StandardScaler(), estimator)


@learner(
    name="two_class_neural_network",
    title="Two-Class Neural Network",
    category=CATEGORY,
    task="binary",
    params=network(0.1),
    summary="{hidden_nodes} nodes, rate {learning_rate}, {iterations} iterations",
    doc=NETWORK_DOC,
)
def two_class_neural_network(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained neural network for two classes."""
    return _network(p, seed)


@learner(
    name="multiclass_neural_network",
    title="Multiclass Neural Network",
    category=CATEGORY,
    task="multiclass",
    params=network(0.1),
    summary="{hidden_nodes} nodes, rate {learning_rate}, {iterations} iterations",
    doc=NETWORK_DOC,
)
def multiclass_neural_network(p: Mapping[str, Any], seed: int) -> Any:
    """Make an untrained neural network for several classes."""
    return _network(p, seed)


TWO_CLASS = Port("two_class_model", "untrained_model", label="Untrained two-class model")


@module(
    name="one_vs_all_multiclass",
    title="One-vs-All Multiclass",
    category=CATEGORY,
    inputs=[TWO_CLASS],
    outputs=[OUTPUT],
    summary="",
    doc="Make a learner of several classes from a two-class learner: one model a class tells it "
    "from all others, and the surest one wins (scikit-learn's OneVsRestClassifier).",
)
def one_vs_all_multiclass(ctx: Context) -> None:
    """Make an untrained one-against-all ensemble."""
    _ensemble(ctx, _one_vs_all)


@module(
    name="one_vs_one_multiclass",
    title="One-vs-One Multiclass",
    category=CATEGORY,
    inputs=[TWO_CLASS],
    outputs=[OUTPUT],
    summary="",
    doc="Make a learner of several classes from a two-class learner: one model a pair of classes, "
    "and the class with most votes wins (scikit-learn's OneVsOneClassifier).",
)
def one_vs_one_multiclass(ctx: Context) -> None:
    """Make an untrained ensemble of all pairs."""
    _ensemble(ctx, _one_vs_one)


def _one_vs_all(p: Mapping[str, Any], seed: int) -> Any:
    return multiclass.OneVsRestClassifier(p["base"])


def _one_vs_one(p: Mapping[str, Any], seed: int) -> Any:
    return multiclass.OneVsOneClassifier(p["base"])


one_vs_all_multiclass.build = _one_vs_all  # type: ignore[attr-defined]
one_vs_one_multiclass.build = _one_vs_one  # type: ignore[attr-defined]


def _ensemble(ctx: Context, build: Any) -> None:
    estimator, base = ctx.load("two_class_model", "untrained")
    if base["task"] != "binary":
        raise module_error(
            WRONG_LEARNER,
            f"{base['title']} is no two-class learner.",
            where="two_class_model",
            hint="Wire one of the Two-Class modules to it.",
        )
    meta = {
        **base,
        "task": "multiclass",
        "algorithm": ctx.component.name,
        "title": f"{ctx.component.title}: {base['title']}",
        "base": base,
    }
    save_untrained(ctx, build({"base": estimator}, 0), meta)
