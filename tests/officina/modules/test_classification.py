from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, softmax
from sklearn import datasets
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from officina.errors import StudioError
from officina.modules.tables import read_dataset

TWO = [
    "two_class_averaged_perceptron",
    "two_class_boosted_decision_tree",
    "two_class_decision_forest",
    "two_class_logistic_regression",
    "two_class_neural_network",
    "two_class_support_vector_machine",
]
SEVERAL = [
    "multiclass_boosted_decision_tree",
    "multiclass_decision_forest",
    "multiclass_logistic_regression",
    "multiclass_neural_network",
]


@pytest.fixture(scope="module")
def cancer():
    frame = datasets.load_breast_cancer(as_frame=True).frame
    return frame[["mean radius", "mean texture", "mean smoothness", "target"]]


@pytest.fixture(scope="module")
def iris():
    frame = datasets.load_iris(as_frame=True).frame
    return frame.assign(target=frame["target"].map({0: "setosa", 1: "versicolor", 2: "virginica"}))


def boosted(**more):
    return HistGradientBoostingClassifier(
        max_leaf_nodes=20, min_samples_leaf=10, learning_rate=0.2, early_stopping=False,
        random_state=7, **more,
    )  # fmt: skip


def perceptron():
    return make_pipeline(
        StandardScaler(),
        SGDClassifier(
            loss="perceptron", average=True, learning_rate="constant", eta0=0.5, penalty=None,
            max_iter=10, tol=None, random_state=7,
        ),
    )  # fmt: skip


def machine(*steps):
    return make_pipeline(
        *steps,
        SGDClassifier(loss="hinge", penalty="l1", alpha=0.01, max_iter=3, tol=None, random_state=7),
    )


@pytest.mark.parametrize(
    ("learner", "params", "estimator"),
    [
        ("two_class_averaged_perceptron", {"learning_rate": 0.5}, perceptron()),
        (
            "two_class_support_vector_machine",
            {"lambda": 0.01, "iterations": 3},
            machine(StandardScaler()),
        ),
        (
            "two_class_support_vector_machine",
            {"lambda": 0.01, "iterations": 3, "normalize": False, "unit_sphere": True},
            machine(Normalizer()),
        ),
        ("two_class_boosted_decision_tree", {"trees": 5}, boosted(max_iter=5)),
        (
            "two_class_decision_forest",
            {"max_depth": 3},
            RandomForestClassifier(8, max_depth=3, random_state=7),
        ),
        (
            "two_class_decision_forest",
            {"resampling": "replicate", "random_splits": 2},
            ExtraTreesClassifier(8, max_depth=32, max_features=2, random_state=7),
        ),
    ],
)
def test_a_two_class_learner_predicts_as_scikit_learn_does(
    bench, cancer, learner, params, estimator
):
    model = bench.train(bench.learner(learner, {"random_seed": 7, **params}), cancer)
    found = bench.score(model, cancer)
    features = cancer.drop(columns="target")
    estimator.fit(features, cancer["target"])
    assert found["Scored Labels"].tolist() == estimator.predict(features).tolist()
    chance = (
        estimator.predict_proba(features)[:, 1]
        if hasattr(estimator, "predict_proba")
        else expit(estimator.decision_function(features))
    )
    np.testing.assert_allclose(found["Scored Probabilities"], chance, rtol=1e-9)


@pytest.mark.parametrize(
    ("learner", "params", "estimator"),
    [
        ("multiclass_boosted_decision_tree", {"trees": 3}, boosted(max_iter=3)),
        (
            "multiclass_decision_forest",
            {"trees": 3},
            RandomForestClassifier(3, max_depth=32, random_state=7),
        ),
        (
            "multiclass_logistic_regression",
            {"l1_weight": 0, "l2_weight": 2},
            make_pipeline(StandardScaler(), LogisticRegression(C=0.5, tol=1e-7, max_iter=500)),
        ),
        (
            "multiclass_logistic_regression",
            {"l1_weight": 1, "l2_weight": 3},
            make_pipeline(
                StandardScaler(),
                LogisticRegression(
                    C=0.25, l1_ratio=0.25, solver="saga", tol=1e-8, max_iter=9000, random_state=7
                ),
            ),
        ),
    ],
)
def test_a_multiclass_learner_predicts_as_scikit_learn_does(
    bench, iris, learner, params, estimator
):
    model = bench.train(bench.learner(learner, {"random_seed": 7, **params}), iris)
    found = bench.score(model, iris)
    features = iris.drop(columns="target")
    estimator.fit(features, iris["target"])
    assert found["Scored Labels"].tolist() == estimator.predict(features).tolist()
    names = [f"Scored Probabilities_{name}" for name in ("setosa", "versicolor", "virginica")]
    assert list(found.columns[-4:]) == ["Scored Labels", *names]
    np.testing.assert_allclose(found[names], estimator.predict_proba(features), atol=1e-5)


@pytest.mark.parametrize(
    ("module", "wrapper"),
    [
        ("one_vs_all_multiclass", OneVsRestClassifier),
        ("one_vs_one_multiclass", OneVsOneClassifier),
    ],
)
def test_several_classes_are_told_apart_by_a_two_class_learner(bench, iris, module, wrapper):
    base = bench.learner("two_class_averaged_perceptron", {"random_seed": 7, "learning_rate": 0.5})
    untrained = bench.learner(module, two_class_model=base)
    found = bench.score(bench.train(untrained, iris), iris)
    features = iris.drop(columns="target")
    own = wrapper(perceptron()).fit(features, iris["target"])
    assert found["Scored Labels"].tolist() == own.predict(features).tolist()
    names = [f"Scored Probabilities_{name}" for name in own.classes_]
    np.testing.assert_allclose(found[names], softmax(own.decision_function(features), axis=1))


def test_only_a_two_class_learner_can_be_multiplied(bench):
    forest = bench.learner("multiclass_decision_forest")
    with pytest.raises(StudioError, match="Error 0013") as caught:
        bench.learner("one_vs_all_multiclass", two_class_model=forest)
    assert caught.value.where == "two_class_model"


@pytest.mark.parametrize("learner", TWO + SEVERAL)
def test_every_classifier_is_seeded_scored_and_measured(bench, cancer, iris, learner):
    data = iris if learner in SEVERAL else cancer
    small = {"trees": 3} if "tree" in learner or "forest" in learner else {}
    params = {**small, "random_seed": 5}
    models = [bench.train(bench.learner(learner, params), data) for _ in range(2)]
    assert (models[0] / "model.pkl").read_bytes() == (models[1] / "model.pkl").read_bytes()
    scored = bench.run("score_model", trained_model=models[0], dataset=data)["scored"]
    [row] = bench.evaluate(scored)
    key = "Overall_Accuracy" if learner in SEVERAL else "Accuracy"
    assert row["metrics"][key] > 0.85
    meta = json.loads((models[0] / "meta.json").read_text())
    assert meta["label"]["name"] == "target" and len(meta["label"]["classes"]) in (2, 3)
    assert [entry["name"] for entry in meta["signature"]] == list(data.columns[:-1])
    assert json.loads((models[0] / "explanation.json").read_text())


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([True, False], [False, True]),
        ([3, 7], [3, 7]),
        ([1.0, 2.0], [1, 2]),
        (["はい", "いいえ"], ["いいえ", "はい"]),
        (pd.Categorical(["no", "yes"], categories=["yes", "no"]), ["no", "yes"]),
        (pd.array([1, 2], dtype="Int64"), [1, 2]),
        (pd.array([True, False], dtype="boolean"), [False, True]),
    ],
)
@pytest.mark.parametrize("learner", ["two_class_decision_forest", "multiclass_neural_network"])
def test_labels_of_all_kinds_are_learned(bench, learner, values, classes):
    label = pd.Series(values).take([0, 1] * 20).reset_index(drop=True)
    data = pd.DataFrame({"a": [0.0, 9.0] * 20, "y": label})
    model = bench.train(bench.learner(learner, {"random_seed": 1}), data, label="y")
    assert json.loads((model / "meta.json").read_text())["label"]["classes"] == classes
    scored = bench.run("score_model", trained_model=model, dataset=data)["scored"]
    [row] = bench.evaluate(scored)
    assert row["metrics"].get("Accuracy", row["metrics"].get("Overall_Accuracy")) == 1


@pytest.mark.parametrize(
    ("values", "learner", "text"),
    [
        ([0.5, 1.5] * 5, "multiclass_decision_forest", "decimal"),
        (list(pd.date_range("2020", periods=10)), "multiclass_decision_forest", "dates"),
        (["a"] * 10, "multiclass_decision_forest", "nothing to tell apart"),
        (["a", "b", "c", "d", "e"] * 2, "two_class_decision_forest", "not two"),
    ],
)
def test_a_label_that_is_no_class_is_a_numbered_error(bench, values, learner, text):
    data = pd.DataFrame({"a": range(10), "y": values})
    with pytest.raises(StudioError, match=f"Error 0013.*{text}") as caught:
        bench.train(bench.learner(learner), data, label="y")
    assert caught.value.where == "label"


def test_a_forest_may_refuse_categories_that_training_never_saw(bench):
    data = pd.DataFrame({"colour": ["red", "blue"] * 6, "y": [0, 1] * 6})
    new = pd.DataFrame({"colour": ["red", "green"]})
    kind = "two_class_decision_forest"
    model = bench.train(bench.learner(kind), data, label="y")
    assert bench.score(model, new)["Scored Labels"].notna().all()
    strict = bench.train(bench.learner(kind, {"unknown_categories": False}), data, label="y")
    with pytest.raises(StudioError, match=r'Error 0018.*"green"') as caught:
        bench.score(strict, new)
    assert caught.value.where == "colour"


def test_an_l1_weight_costs_no_patience(bench):
    draw = np.random.default_rng(0)
    data = pd.DataFrame(draw.normal(size=(5_000, 40)), columns=[f"c{i}" for i in range(40)])
    data["target"] = (data["c0"] - data["c1"] + draw.normal(size=5_000) > 0).astype(int)
    learner = bench.learner("two_class_logistic_regression", {"l1_weight": 20})
    folder = bench.put(data)
    begun = time.process_time()
    model = bench.train(learner, folder)
    assert time.process_time() - begun < 30
    told = json.loads((model / "explanation.json").read_text())["coefficients"]
    values = {entry["name"]: entry["value"] for entry in told}
    assert sum(value == 0 for value in values.values()) > 10
    assert values["c0"] > 0.5 > -0.5 > values["c1"]


def test_rows_with_missing_features_get_no_class(bench, iris):
    model = bench.train(bench.learner("multiclass_decision_forest"), iris)
    new = iris.head(3).copy()
    new.iloc[1, 0] = np.nan
    found = bench.score(model, new)
    assert found["Scored Labels"].isna().tolist() == [False, True, False]
    assert found["Scored Probabilities_setosa"].isna().tolist() == [False, True, False]


def test_the_roles_of_scores_name_their_classes(bench, iris):
    model = bench.train(bench.learner("multiclass_decision_forest"), iris)
    scored = bench.run("score_model", trained_model=model, dataset=iris)["scored"]
    _, roles = read_dataset(scored)
    assert roles["Scored Probabilities_virginica"]["class"] == "virginica"
    assert roles["Scored Labels"]["kind"] == "multiclass_labels"
    assert roles["target"]["role"] == "label"
