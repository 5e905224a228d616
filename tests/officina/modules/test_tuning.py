from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from officina.errors import StudioError
from officina.modules.tables import read_dataset

RANGE = {"trainer_mode": "parameter_range"}
GRID = {"sweep": "entire_grid"}


@pytest.fixture(scope="module")
def diabetes():
    return datasets.load_diabetes(as_frame=True).frame


@pytest.fixture(scope="module")
def cancer():
    frame = datasets.load_breast_cancer(as_frame=True).frame
    return frame[["mean radius", "mean texture", "target"]]


def tune(bench, learner, data, validation=None, **params):
    more = {} if validation is None else {"validation": validation}
    given = {"label": "target", "random_seed": 2, **params}
    outputs = bench.run(
        "tune_model_hyperparameters", given, untrained_model=learner, dataset=data, **more
    )
    meta = json.loads((outputs["best_model"] / "meta.json").read_text())
    return read_dataset(outputs["results"])[0], meta, outputs["best_model"]


def ridge(bench, values="0.001; 0.1; 3"):
    return bench.learner("linear_regression", RANGE | {"l2_weight_range": values})


def test_a_grid_gives_the_figures_of_scikit_learns_search(bench, diabetes):
    results, meta, model = tune(
        bench, ridge(bench), diabetes, **GRID, metric_regression="coefficient_of_determination"
    )
    features = diabetes.drop(columns="target")
    folds = KFold(5, shuffle=True, random_state=2)
    own = GridSearchCV(Ridge(), {"alpha": [0.001, 0.1, 3]}, scoring="r2", cv=folds)
    own.fit(features, diabetes["target"])
    by_weight = results.set_index("l2_weight").loc[[0.001, 0.1, 3]]
    np.testing.assert_allclose(
        by_weight["Coefficient_of_Determination"], own.cv_results_["mean_test_score"]
    )
    np.testing.assert_allclose(
        by_weight["Coefficient_of_Determination_Standard_Deviation"],
        own.cv_results_["std_test_score"],
    )
    assert meta["tuning"]["chosen"] == {"l2_weight": own.best_params_["alpha"]}
    assert results["l2_weight"][0] == own.best_params_["alpha"]
    found = bench.score(model, diabetes)["Scored Labels"]
    np.testing.assert_allclose(found, own.predict(features))


def test_a_grid_of_two_parameters_gives_scikit_learns_accuracy(bench, cancer):
    learner = bench.learner(
        "two_class_logistic_regression",
        RANGE | {
            "l1_weight_range": "0", "l2_weight_range": "0.1; 10; 1000",
            "tolerance_range": "1e-7; 1e-5", "memory_size_range": "20",
        },
    )  # fmt: skip
    results, meta, _ = tune(bench, learner, cancer, **GRID)
    own = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
        {
            "logisticregression__C": [10, 0.1, 0.001],
            "logisticregression__tol": [1e-7, 1e-5],
        },
        cv=StratifiedKFold(5, shuffle=True, random_state=2),
    ).fit(cancer.drop(columns="target"), cancer["target"])
    assert len(results) == 6
    order = results.sort_values(["l2_weight", "tolerance"], ascending=[True, False])
    np.testing.assert_allclose(order["Accuracy"], own.cv_results_["mean_test_score"])
    assert meta["tuning"]["value"] == pytest.approx(own.best_score_)
    assert meta["params"]["l2_weight"] == 1 / own.best_params_["logisticregression__C"]


def test_a_random_sweep_draws_what_scikit_learn_draws(bench, diabetes):
    results, *_ = tune(bench, ridge(bench, "1..20 x 20"), diabetes, runs=4)
    own = RandomizedSearchCV(
        Ridge(), {"alpha": [float(n) for n in range(1, 21)]}, n_iter=4, random_state=2,
        scoring="neg_mean_absolute_error", cv=KFold(5, shuffle=True, random_state=2),
    ).fit(diabetes.drop(columns="target"), diabetes["target"])  # fmt: skip
    drawn = [params["alpha"] for params in own.cv_results_["params"]]
    assert sorted(results["l2_weight"]) == pytest.approx(sorted(drawn))
    assert results["Mean_Absolute_Error"][0] == pytest.approx(-own.best_score_)
    assert results["Mean_Absolute_Error"].is_monotonic_increasing


def test_validation_data_take_the_place_of_folds(bench, diabetes):
    learned, held = diabetes.iloc[:300], diabetes.iloc[300:]
    results, meta, _ = tune(bench, ridge(bench), learned, held, **GRID)
    features = learned.drop(columns="target")
    errors = {
        weight: mean_absolute_error(
            held["target"],
            Ridge(alpha=weight)
            .fit(features, learned["target"])
            .predict(held.drop(columns="target")),
        )
        for weight in (0.001, 0.1, 3)
    }
    found = dict(zip(results["l2_weight"], results["Mean_Absolute_Error"], strict=True))
    assert found == pytest.approx(errors)
    assert meta["tuning"]["chosen"]["l2_weight"] == min(errors, key=errors.get)
    assert meta["rows"] == 300


def test_several_classes_and_their_metric(bench):
    iris = datasets.load_iris(as_frame=True).frame
    learner = bench.learner(
        "multiclass_decision_forest",
        RANGE | {
            "trees_range": "1; 3", "max_depth_range": "1; 4",
            "min_leaf_samples_range": "1", "random_seed": 5,
        },
    )  # fmt: skip
    results, meta, _ = tune(bench, learner, iris, **GRID, metric_classification="log_loss", folds=3)
    assert meta["tuning"]["metric"] == "Log_Loss"
    assert results["Log_Loss"].is_monotonic_increasing
    assert len(results) == 4


def test_the_values_of_a_one_vs_all_base_are_tuned(bench):
    iris = datasets.load_iris(as_frame=True).frame
    base = bench.learner(
        "two_class_support_vector_machine",
        RANGE | {"iterations_range": "1; 50", "lambda_range": "0.001", "random_seed": 0},
    )
    learner = bench.learner("one_vs_all_multiclass", two_class_model=base)
    results, meta, model = tune(bench, learner, iris, **GRID)
    assert sorted(results["iterations"]) == [1, 50]
    estimator = pickle.loads((model / "model.pkl").read_bytes()).named_steps["model"]
    chosen = meta["tuning"]["chosen"]["iterations"]
    assert estimator.estimators_[0].steps[-1][1].max_iter == chosen


def test_progress_and_the_best_values_are_told(bench, diabetes):
    tune(bench, ridge(bench), diabetes, **GRID)
    texts = [message["text"] for message in bench.messages("progress")]
    assert texts[1] == "trial 2 of 3: l2_weight 0.1"
    logged = [m for m in bench.messages("metric") if m["key"] == "Mean_Absolute_Error"]
    assert [message["step"] for message in logged] == [0, 1, 2]
    assert "best_l2_weight" in [message["key"] for message in bench.messages("param")]


def test_a_learner_without_a_range_is_tried_as_it_is(bench, diabetes):
    results, meta, _ = tune(bench, bench.learner("linear_regression"), diabetes)
    assert len(results) == 1
    assert meta["params"]["l2_weight"] == 0.001


def cross_validate_module(bench, learner, data, **params):
    given = {"label": "target", "random_seed": 2, **params}
    outputs = bench.run("cross_validate_model", given, untrained_model=learner, dataset=data)
    return read_dataset(outputs["scored"])[0], read_dataset(outputs["evaluation"])[0]


def test_cross_validation_gives_scikit_learns_figures(bench, diabetes):
    _, found = cross_validate_module(bench, bench.learner("linear_regression"), diabetes)
    own = cross_validate(
        Ridge(0.001), diabetes.drop(columns="target"), diabetes["target"],
        cv=KFold(10, shuffle=True, random_state=2), scoring=("r2", "neg_mean_absolute_error"),
    )  # fmt: skip
    assert found["Fold Number"].tolist() == [*map(str, range(10)), "Mean", "Standard Deviation"]
    r2, mae = own["test_r2"], -own["test_neg_mean_absolute_error"]
    np.testing.assert_allclose(found["Coefficient_of_Determination"], [*r2, r2.mean(), r2.std()])
    np.testing.assert_allclose(found["Mean_Absolute_Error"], [*mae, mae.mean(), mae.std()])
    assert found["Number of examples in fold"].tolist()[:2] == [45, 45]


def test_every_row_is_scored_once_by_a_model_that_has_not_seen_it(bench, cancer):
    learner = bench.learner("two_class_logistic_regression", {"l1_weight": 0})
    scored, found = cross_validate_module(bench, learner, cancer, folds=4)
    own = make_pipeline(StandardScaler(), LogisticRegression(tol=1e-7, max_iter=500))
    features = cancer.drop(columns="target")
    expected = np.zeros(len(cancer))
    folds = StratifiedKFold(4, shuffle=True, random_state=2)
    for number, (learned, tested) in enumerate(folds.split(features, cancer["target"])):
        own.fit(features.iloc[learned], cancer["target"].iloc[learned])
        expected[tested] = own.predict_proba(features.iloc[tested])[:, 1]
        assert (scored["Fold Number"].iloc[tested] == str(number)).all()
    np.testing.assert_allclose(scored["Scored Probabilities"], expected, atol=1e-6)
    accuracy = (scored["Scored Labels"] == cancer["target"]).groupby(scored["Fold Number"]).mean()
    np.testing.assert_allclose(found["Accuracy"][:4], accuracy)


def test_the_folds_that_the_table_carries_are_used(bench, diabetes):
    folds = bench.run(
        "partition_and_sample", {"mode": "assign_to_folds", "folds": 3, "random_seed": 1},
        dataset=diabetes,
    )  # fmt: skip
    folder = next(iter(folds.values()))
    frame, roles = read_dataset(folder)
    column = next(name for name, role in roles.items() if role.get("role") == "fold")
    learner = bench.learner("linear_regression")
    scored, found = cross_validate_module(bench, learner, folder, folds=10)
    assert len(found) == 3 + 2
    assert found["Number of examples in fold"].tolist()[:3] == (
        frame[column].value_counts().sort_index().tolist()
    )
    assert (scored["Fold Number"] == frame[column].astype(str)).all()


def test_a_cross_validated_table_can_be_evaluated(bench, cancer):
    learner = bench.learner("two_class_decision_forest", {"trees": 2, "random_seed": 0})
    given = {"label": "target", "folds": 3, "random_seed": 0}
    outputs = bench.run("cross_validate_model", given, untrained_model=learner, dataset=cancer)
    [row] = bench.evaluate(outputs["scored"])
    assert row["rows"] == len(cancer)
    assert row["metrics"]["AUC"] > 0.8


@pytest.mark.parametrize("module", ["tune_model_hyperparameters", "cross_validate_model"])
@pytest.mark.parametrize(
    ("data", "learner", "params", "number"),
    [
        ({"a": [1.0, 2], "target": [1.0, 2]}, "linear_regression", {"folds": 3}, "0008"),
        ({"a": [1.0] * 4, "target": [0, 1, 0, 1]}, "two_class_decision_forest", {}, "0018"),
        ({"a": [1.0, None, 3], "target": [1.0, 2, 3]}, "linear_regression", {}, "0019"),
        ({"a": [1.0, 2, 3]}, "linear_regression", {}, "0001"),
        ({"a": [1.0, 2, 3], "target": [1, 2, 3]}, "k_means_clustering", {}, "0013"),
        ({"a": [1.0, 2, 3], "target": [1, 2, 3]}, "create_python_model", {}, "0013"),
    ],
)
def test_what_cannot_be_tried_is_a_numbered_error(bench, module, data, learner, params, number):
    given = {"label": "target", "folds": 3, **params}
    untrained = bench.learner(learner)
    with pytest.raises(StudioError, match=f"Error {number}"):
        bench.run(module, given, untrained_model=untrained, dataset=pd.DataFrame(data))
