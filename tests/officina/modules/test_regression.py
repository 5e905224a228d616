from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import optimize
from sklearn import datasets
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.linear_model import PoissonRegressor, SGDRegressor
from sklearn.metrics import mean_pinball_loss, r2_score
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from officina.errors import StudioError

X = ["bmi", "bp", "s5"]


@pytest.fixture(scope="module")
def diabetes():
    return datasets.load_diabetes(as_frame=True).frame[[*X, "target"]]


@pytest.fixture(scope="module")
def counts():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.normal(size=(300, 4)), columns=list("abcd"))
    frame["target"] = draw.poisson(np.exp(0.5 * frame["a"] - 0.8 * frame["b"] + 1))
    return frame


@pytest.mark.parametrize(
    ("learner", "params", "estimator"),
    [
        (
            "decision_forest_regression",
            {"trees": 5, "max_depth": 4},
            RandomForestRegressor(5, max_depth=4, min_samples_leaf=1, random_state=7),
        ),
        (
            "decision_forest_regression",
            {"resampling": "replicate", "min_leaf_samples": 3, "random_splits": 2},
            ExtraTreesRegressor(
                8, max_depth=32, min_samples_leaf=3, max_features=2, random_state=7
            ),
        ),
        (
            "boosted_decision_tree_regression",
            {"trees": 10, "max_leaves": 5},
            HistGradientBoostingRegressor(
                max_iter=10, max_leaf_nodes=5, min_samples_leaf=10, learning_rate=0.2,
                early_stopping=False, random_state=7,
            ),
        ),
        (
            "linear_regression",
            {
                "method": "online_gradient_descent",
                "normalize": False,
                "decrease_rate": False,
                "epochs": 4,
            },
            SGDRegressor(
                alpha=0.001, eta0=0.1, max_iter=4, tol=None, learning_rate="constant",
                random_state=7,
            ),
        ),
    ],
)  # fmt: skip
def test_a_regression_predicts_as_scikit_learn_does(bench, diabetes, learner, params, estimator):
    model = bench.train(bench.learner(learner, {"random_seed": 7, **params}), diabetes)
    expected = estimator.fit(diabetes[X], diabetes["target"]).predict(diabetes[X])
    np.testing.assert_allclose(bench.score(model, diabetes)["Scored Labels"], expected, rtol=1e-9)


def test_a_network_is_scikit_learns_but_for_the_width_of_its_first_weights(bench, diabetes):
    own = MLPRegressor(
        hidden_layer_sizes=(20,), solver="sgd", learning_rate_init=0.005, max_iter=10, momentum=0.5, batch_size=32,
        alpha=0, tol=0, n_iter_no_change=11, random_state=7, nesterovs_momentum=False,
    )  # fmt: skip

    def first_weights(fan_in, fan_out, dtype):
        draw = own._random_state.uniform
        return draw(-0.1, 0.1, (fan_in, fan_out)), draw(-0.1, 0.1, fan_out)

    own._init_coef = first_weights
    inputs = StandardScaler().fit_transform(diabetes[X])
    scale = StandardScaler().fit(diabetes[["target"]])
    own.fit(inputs, scale.transform(diabetes[["target"]]).ravel())
    expected = scale.inverse_transform(own.predict(inputs)[:, None]).ravel()
    params = {"hidden_nodes": 20, "iterations": 10, "momentum": 0.5, "initial_diameter": 0.2}
    learner = bench.learner("neural_network_regression", {**params, "random_seed": 7})
    found = bench.score(bench.train(learner, diabetes), diabetes)["Scored Labels"]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_network_learns_a_label_of_any_size(bench, diabetes):
    data = diabetes.assign(target=diabetes["target"] * 1e6)
    learner = bench.learner("neural_network_regression", {"random_seed": 1})
    scored = bench.score(bench.train(learner, data), data)
    assert r2_score(data["target"], scored["Scored Labels"]) > 0.4


def test_poisson_without_an_l1_weight_is_scikit_learns(bench, counts):
    learner = bench.learner("poisson_regression", {"l1_weight": 0, "l2_weight": 3})
    found = bench.score(bench.train(learner, counts), counts)["Scored Labels"]
    own = make_pipeline(StandardScaler(), PoissonRegressor(alpha=3 / 300, tol=1e-7, max_iter=500))
    features = counts.drop(columns="target")
    np.testing.assert_allclose(
        found, own.fit(features, counts["target"]).predict(features), rtol=1e-6
    )


def test_poisson_with_an_l1_weight_finds_the_least_loss(bench, counts):
    features = StandardScaler().fit_transform(counts.drop(columns="target"))
    target = counts["target"].to_numpy()

    def loss(weights):
        line = features @ weights[:-1] + weights[-1]
        penalty = 60 * np.abs(weights[:-1]).sum() + 0.5 * (weights[:-1] ** 2).sum()
        return (np.exp(line) - target * line).sum() + penalty

    learner = bench.learner("poisson_regression", {"l1_weight": 60, "l2_weight": 1})
    model = bench.train(learner, counts)
    told = json.loads((model / "explanation.json").read_text())["coefficients"]
    values = {entry["name"]: entry["value"] for entry in told}
    assert values["c"] == values["d"] == 0
    found = np.array([values[name] for name in ("a", "b", "c", "d", "(intercept)")])
    # A search that knows no slopes, from where ours ended and from nothing, finds none better.
    for start in (found, np.zeros(5)):
        best = optimize.minimize(loss, start, method="Nelder-Mead", options={"maxiter": 5000})
        assert loss(found) <= best.fun + 1e-6


def test_counts_below_zero_are_refused(bench, counts):
    data = counts.assign(target=counts["target"] - 5)
    with pytest.raises(StudioError, match=r"Error 0018.*negative"):
        bench.train(bench.learner("poisson_regression"), data)


def quantiles(bench, data, **params):
    learner = bench.learner("fast_forest_quantile_regression", {"random_seed": 3, **params})
    return bench.train(learner, data)


def test_a_quantile_forest_weighs_the_labels_of_shared_leaves(bench, diabetes):
    model = quantiles(bench, diabetes, trees=10, quantiles="0.1; 0.5; 0.9")
    found = bench.score(model, diabetes)
    forest = RandomForestRegressor(
        10, max_leaf_nodes=20, min_samples_leaf=10, max_samples=0.7, max_features=0.7 * 0.7,
        random_state=3,
    )  # fmt: skip
    leaves = forest.fit(diabetes[X], diabetes["target"]).apply(diabetes[X])
    target = diabetes["target"].to_numpy()
    order = np.argsort(target)
    for row in (0, 17, 300):
        weights = np.zeros(len(target))
        for tree in range(10):
            same = leaves[:, tree] == leaves[row, tree]
            weights[same] += 1 / same.sum() / 10
        shares = np.cumsum(weights[order])
        for quantile in (0.1, 0.5, 0.9):
            expected = target[order][np.argmax(shares >= quantile - 1e-12)]
            assert found[f"Scored Quantile {quantile}"][row] == expected
    assert (found["Scored Labels"] == found["Scored Quantile 0.5"]).all()


def test_quantiles_are_measured_by_their_own_loss(bench, diabetes):
    model = quantiles(bench, diabetes, trees=10)
    scored = bench.run("score_model", trained_model=model, dataset=diabetes)["scored"]
    frame = bench.score(model, diabetes)
    [row] = bench.evaluate(scored)
    for quantile in (0.25, 0.5, 0.75):
        expected = mean_pinball_loss(
            frame["target"], frame[f"Scored Quantile {quantile}"], alpha=quantile
        )
        assert row["metrics"][f"Quantile_Loss_{quantile}"] == pytest.approx(expected)
    assert "Coefficient_of_Determination" in row["metrics"]


@pytest.mark.parametrize("text", ["", "a", "0; 0.5", "0.5; 1.2"])
def test_a_bad_list_of_quantiles_names_its_field(bench, text):
    with pytest.raises(StudioError, match=r"Error 000\d") as caught:
        bench.learner("fast_forest_quantile_regression", {"quantiles": text})
    assert caught.value.where == "quantiles"


@pytest.mark.parametrize(
    "learner",
    [
        "decision_forest_regression",
        "fast_forest_quantile_regression",
        "neural_network_regression",
        "poisson_regression",
    ],
)
def test_every_regression_is_seeded_scored_and_measured(bench, counts, learner):
    small = {"iterations": 3} if learner.startswith("neural") else {}
    models = [
        bench.train(bench.learner(learner, {**small, "random_seed": 5}), counts) for _ in range(2)
    ]
    assert (models[0] / "model.pkl").read_bytes() == (models[1] / "model.pkl").read_bytes()
    scored = bench.run("score_model", trained_model=models[0], dataset=counts)["scored"]
    [row] = bench.evaluate(scored)
    assert row["task"] == "regression"
    assert len(row["scatter"]["actual"]) == 200
    drawn = bench.learner(learner, small)
    seed = json.loads((drawn / "meta.json").read_text())["seed"]
    assert seed == bench.messages("param")[-1]["value"]


def test_the_importance_of_columns_lies_beside_the_model(bench, counts):
    for learner in ("decision_forest_regression", "boosted_decision_tree_regression"):
        model = bench.train(bench.learner(learner, {"trees": 3, "random_seed": 0}), counts)
        told = json.loads((model / "explanation.json").read_text())
        assert told["importance"][0]["name"] == "b"
        assert sum(entry["value"] for entry in told["importance"]) == pytest.approx(1)
        assert len(told["trees"]) == 3
        assert {"feature", "threshold", "left", "right"} <= told["trees"][0].keys()


def test_explanations_tell_what_matters_and_how(bench, counts):
    learner = bench.learner("poisson_regression", {"random_seed": 0})
    model = bench.train(learner, counts, explanations=True)
    told = json.loads((model / "meta.json").read_text())["explanations"]
    assert [entry["name"] for entry in told["importance"]][:2] == ["b", "a"]
    curve = next(entry for entry in told["partial_dependence"] if entry["name"] == "b")
    assert curve["average"][0][0] > curve["average"][0][-1]


def test_a_scaled_label_is_scikit_learns_own_wrapper(bench, diabetes):
    learner = bench.learner("neural_network_regression", {"iterations": 1, "random_seed": 0})
    import pickle

    model = pickle.loads((bench.train(learner, diabetes) / "model.pkl").read_bytes())
    assert isinstance(model.named_steps["model"], TransformedTargetRegressor)
    assert model.named_steps["model"].regressor_.steps[-1][1].verbose is False
