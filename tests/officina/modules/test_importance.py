from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn.inspection import permutation_importance
from sklearn.linear_model import Ridge

from officina.errors import StudioError


@pytest.fixture(scope="module")
def diabetes():
    return datasets.load_diabetes(as_frame=True).frame[["age", "bmi", "s5", "target"]]


def importance(bench, model, data, **params):
    return bench.table(
        "permutation_feature_importance",
        {"random_seed": 3, **params},
        trained_model=model,
        dataset=data,
    )


@pytest.mark.parametrize(
    ("metric", "scoring"),
    [
        ("coefficient_of_determination", "r2"),
        ("mean_absolute_error", "neg_mean_absolute_error"),
        ("root_mean_squared_error", "neg_root_mean_squared_error"),
    ],
)
def test_it_is_scikit_learns_best_column_first(bench, diabetes, metric, scoring):
    model = bench.train(bench.learner("linear_regression"), diabetes)
    found = importance(bench, model, diabetes, metric=metric)
    features = diabetes.drop(columns="target")
    own = permutation_importance(
        Ridge(0.001).fit(features, diabetes["target"]), features, diabetes["target"],
        scoring=scoring, random_state=3,
    )  # fmt: skip
    expected = dict(zip(features.columns, own.importances_mean, strict=True))
    assert dict(zip(found["Feature"], found["Score"], strict=True)) == pytest.approx(expected)
    assert found["Score"].is_monotonic_decreasing


@pytest.mark.parametrize("metric", ["accuracy", "precision", "recall", "log_loss"])
@pytest.mark.parametrize("learner", ["two_class_decision_forest", "multiclass_decision_forest"])
def test_a_column_that_tells_all_matters_and_noise_does_not(bench, learner, metric):
    draw = np.random.default_rng(0)
    data = pd.DataFrame({"noise": draw.normal(size=200), "colour": ["red", "blue"] * 100})
    data["target"] = (data["colour"] == "red").map({True: "yes", False: "no"})
    model = bench.train(bench.learner(learner, {"random_seed": 0}), data)
    found = importance(bench, model, data, metric=metric).set_index("Feature")["Score"]
    assert found["colour"] > 0.3
    assert abs(found["noise"]) < 0.2


def test_a_metric_of_the_other_kind_is_refused(bench, diabetes):
    model = bench.train(bench.learner("linear_regression"), diabetes)
    with pytest.raises(StudioError, match="Error 0013") as caught:
        importance(bench, model, diabetes, metric="accuracy")
    assert caught.value.where == "metric"


def test_data_without_the_label_are_refused(bench, diabetes):
    model = bench.train(bench.learner("linear_regression"), diabetes)
    with pytest.raises(StudioError, match=r'Error 0001.*"target"'):
        importance(bench, model, diabetes.drop(columns="target"), metric="mean_absolute_error")


def test_a_model_without_a_label_is_refused(bench, diabetes):
    learner = bench.learner("k_means_clustering")
    model = bench.run("train_clustering_model", untrained_model=learner, dataset=diabetes)
    with pytest.raises(StudioError, match="Error 0013"):
        importance(bench, model["trained_model"], diabetes)
