from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets, metrics
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from officina.errors import StudioError
from officina.modules.tables import read_dataset

LINEAR = "linear_regression"
BOOSTED = "boosted_decision_tree_regression"
LOGISTIC = "two_class_logistic_regression"


@pytest.fixture(scope="module")
def diabetes():
    return datasets.load_diabetes(as_frame=True).frame


@pytest.fixture(scope="module")
def cancer():
    return datasets.load_breast_cancer(as_frame=True).frame


def train(bench, data, learner=LINEAR, params=None, label="target"):
    untrained = bench.run(learner, params)["untrained_model"]
    return bench.run("train_model", {"label": label}, untrained_model=untrained, dataset=data)[
        "trained_model"
    ]


def score(bench, model, data, **params):
    return bench.run("score_model", params, trained_model=model, dataset=data)["scored"]


def evaluate(bench, scored, compare=None):
    more = {} if compare is None else {"scored_to_compare": compare}
    folder = bench.run("evaluate_model", scored=scored, **more)["evaluation"]
    return json.loads((folder / "metrics.json").read_text()), folder


def test_the_designer_gives_the_numbers_of_the_diabetes_script(bench):
    table = bench.run("import_data", {"source": "sample", "sample": "diabetes"})["dataset"]
    few = bench.run("select_columns", {"columns": ["bmi", "target"]}, dataset=table)["results"]
    parts = bench.run("split_data", {"fraction": 0.8, "random_seed": 0}, dataset=few)
    model = train(bench, parts["results1"], params={"l2_weight": 0})
    document, _ = evaluate(bench, score(bench, model, parts["results2"]))
    found = document["rows"][0]["metrics"]
    assert found["Mean_Squared_Error"] == pytest.approx(4150.680189329983, abs=1e-9)
    assert found["Coefficient_of_Determination"] == pytest.approx(0.19057346847560164, abs=1e-9)
    logged = {message["key"]: message["value"] for message in bench.messages("metric")}
    assert logged == found


X = ["bmi", "bp", "s5"]


@pytest.mark.parametrize(
    ("learner", "params", "estimator"),
    [
        (LINEAR, {"l2_weight": 0}, LinearRegression()),
        (LINEAR, {}, Ridge(alpha=0.001)),
        (LINEAR, {"l2_weight": 2, "intercept": False}, Ridge(alpha=2, fit_intercept=False)),
        (
            LINEAR,
            {"method": "online_gradient_descent", "random_seed": 1, "learning_rate": 0.01},
            make_pipeline(
                StandardScaler(),
                SGDRegressor(alpha=0.001, eta0=0.01, max_iter=10, tol=None, random_state=1),
            ),
        ),
        (
            BOOSTED,
            {"random_seed": 1, "trees": 20},
            HistGradientBoostingRegressor(
                max_leaf_nodes=20,
                min_samples_leaf=10,
                learning_rate=0.2,
                max_iter=20,
                early_stopping=False,
            ),
        ),
    ],
)
def test_a_regression_predicts_as_scikit_learn_does(bench, diabetes, learner, params, estimator):
    data = diabetes[[*X, "target"]]
    frame = read_dataset(score(bench, train(bench, data, learner, params), data))[0]
    expected = estimator.fit(data[X], data["target"]).predict(data[X])
    np.testing.assert_allclose(frame["Scored Labels"], expected, rtol=1e-9)
    assert list(frame.columns) == [*X, "target", "Scored Labels"]


@pytest.mark.parametrize(
    ("params", "options"),
    [
        ({"l1_weight": 0, "l2_weight": 2}, {"C": 0.5, "l1_ratio": 0.0, "solver": "lbfgs"}),
        ({"l1_weight": 1, "l2_weight": 1}, {"C": 0.5, "l1_ratio": 0.5, "solver": "saga"}),
    ],
)
def test_a_logistic_regression_predicts_as_scikit_learn_does(bench, cancer, params, options):
    params = {**params, "random_seed": 3}
    frame = read_dataset(score(bench, train(bench, cancer, LOGISTIC, params), cancer))[0]
    own = make_pipeline(
        StandardScaler(), LogisticRegression(tol=1e-7, max_iter=9000, random_state=3, **options)
    )
    features = cancer.drop(columns="target")
    own.fit(features, cancer["target"])
    assert frame["Scored Labels"].tolist() == own.predict(features).tolist()
    np.testing.assert_allclose(
        frame["Scored Probabilities"], own.predict_proba(features)[:, 1], atol=1e-5
    )


def test_a_range_is_kept_and_its_first_value_trained(bench, diabetes):
    params = {"trainer_mode": "parameter_range", "l2_weight_range": "0.5; 1; 2"}
    folder = bench.run(LINEAR, params)["untrained_model"]
    meta = json.loads((folder / "meta.json").read_text())
    assert meta["grid"] == {"l2_weight": [0.5, 1.0, 2.0]}
    assert pickle.loads((folder / "model.pkl").read_bytes()).alpha == 0.5


@pytest.mark.parametrize(
    ("text", "values"),
    [("2;8, 32", [2, 8, 32]), ("1..100 x 3 log", [1, 10, 100]), ("1..3 x 3", [1, 2, 3])],
)
def test_ranges_are_read(bench, text, values):
    params = {"trainer_mode": "parameter_range", "trees_range": text}
    folder = bench.run(BOOSTED, params)["untrained_model"]
    assert json.loads((folder / "meta.json").read_text())["grid"]["trees"] == values


@pytest.mark.parametrize("text", ["", "a", "0", "1..2 x 0", "-1..1 x 3 log"])
def test_a_bad_range_names_its_field(bench, text):
    with pytest.raises(StudioError, match=r"Error 000\d") as caught:
        bench.run(BOOSTED, {"trainer_mode": "parameter_range", "trees_range": text})
    assert caught.value.where == "trees_range"


def test_a_drawn_seed_is_reported_and_kept_with_the_model(bench, diabetes):
    model = train(bench, diabetes, BOOSTED, {"trees": 2})
    seed = bench.messages("param")[0]["value"]
    assert json.loads((model / "meta.json").read_text())["seed"] == seed


@pytest.mark.parametrize("column", ["Größe", "target"])
def test_missing_values_are_refused_by_column(bench, column):
    data = pd.DataFrame({"Größe": [1.0, 2, 3], "target": [1.0, 2, 3]})
    data.loc[1, column] = np.nan
    with pytest.raises(StudioError, match=r"Error 0019.*1 missing") as caught:
        train(bench, data)
    assert caught.value.where == column
    assert caught.value.code == "invalid"
    assert "Clean Missing Data" in caught.value.hint


@pytest.mark.parametrize(
    ("data", "learner", "number"),
    [
        ({"a": [], "target": []}, LINEAR, "0003"),
        ({"target": [1.0, 2.0]}, LINEAR, "0003"),
        ({"a": [1.0, 2.0]}, LINEAR, "0001"),
        ({"a": [1.0, np.inf], "target": [1.0, 2.0]}, LINEAR, "0018"),
        ({"a": [1.0, 2.0], "target": ["x", "y"]}, LINEAR, "0013"),
        ({"a": pd.to_datetime(["2020", "2021"]), "target": [1.0, 2.0]}, LINEAR, "0018"),
        ({"a": [1.0, 2, 3], "target": [1, 2, 3]}, LOGISTIC, "0013"),
        ({"a": [1.0, 2, 3], "target": [1, 1, 1]}, LOGISTIC, "0013"),
        ({"a": [np.nan] * 2, "target": [1.0, 2.0]}, BOOSTED, "0019"),
    ],
)
def test_data_that_cannot_be_learned_is_a_numbered_error(bench, data, learner, number):
    with pytest.raises(StudioError, match=f"Error {number}"):
        train(bench, pd.DataFrame(data), learner)


def test_two_label_columns_are_refused(bench, diabetes):
    with pytest.raises(StudioError, match="exactly one"):
        train(bench, diabetes, label=["bmi", "target"])


def test_texts_become_indicators_and_new_ones_are_let_through(bench):
    data = pd.DataFrame(
        {"色": ["red", "blue", "red", "blue"], "n": [1, 2, 3, 4], "y": [2.0, 4, 4, 6]}
    )
    model = train(bench, data, params={"l2_weight": 0}, label="y")
    new = pd.DataFrame({"n": [1, 2], "色": ["red", "green"], "more": [0, 0]})
    frame = read_dataset(score(bench, model, new))[0]
    assert frame["Scored Labels"][0] == pytest.approx(2)
    assert np.isfinite(frame["Scored Labels"]).all()


def test_score_columns_and_cleared_features_are_not_learned_from(bench):
    data = pd.DataFrame({"a": [1.0, 2, 3], "id": [7, 8, 9], "old": [1, 1, 2], "y": [1.0, 2, 3]})
    folder = bench.put(data, {"id": {"role": "none"}, "old": {"role": "score"}})
    meta = json.loads((train(bench, folder, label="y") / "meta.json").read_text())
    assert [feature["name"] for feature in meta["signature"]] == ["a"]


def test_rows_with_missing_features_get_no_score(bench):
    data = pd.DataFrame({"a": [1.0, 2, 3, 4], "y": ["n", "n", "p", "p"]})
    model = train(bench, data, LOGISTIC, label="y")
    new = pd.DataFrame({"a": [np.nan, 4.0], "y": ["n", "p"]})
    scored = score(bench, model, new)
    frame = read_dataset(scored)[0]
    assert frame["Scored Labels"].isna().tolist() == [True, False]
    assert frame["Scored Labels"][1] == "p"
    assert frame["Scored Probabilities"].isna().tolist() == [True, False]
    assert evaluate(bench, scored)[0]["rows"][0]["rows"] == 1


def test_only_the_scores_are_given_when_asked(bench, diabetes):
    model = train(bench, diabetes)
    frame = read_dataset(score(bench, model, diabetes, append=False))[0]
    assert list(frame.columns) == ["Scored Labels"]


def test_scoring_an_empty_table_gives_an_empty_table(bench, diabetes):
    model = train(bench, diabetes)
    assert read_dataset(score(bench, model, diabetes.iloc[:0]))[0].shape == (0, 12)


def test_scoring_without_a_feature_names_it(bench, diabetes):
    model = train(bench, diabetes)
    with pytest.raises(StudioError, match=r'Error 0001: There is no column "bmi"'):
        score(bench, model, diabetes.drop(columns="bmi"))


def test_an_untrained_model_cannot_score(bench, diabetes):
    untrained = bench.run(LINEAR)["untrained_model"]
    with pytest.raises(StudioError, match="Error 0012") as caught:
        score(bench, untrained, diabetes)
    assert "Train Model" in caught.value.hint


def test_regression_measures_are_scikit_learns(bench, diabetes):
    scored = score(bench, train(bench, diabetes), diabetes)
    frame = read_dataset(scored)[0]
    actual, predicted = frame["target"], frame["Scored Labels"]
    found = evaluate(bench, scored)[0]["rows"][0]["metrics"]
    r2 = metrics.r2_score(actual, predicted)
    mae = metrics.mean_absolute_error(actual, predicted)
    expected = {
        "Mean_Absolute_Error": mae,
        "Mean_Squared_Error": metrics.mean_squared_error(actual, predicted),
        "Root_Mean_Squared_Error": metrics.root_mean_squared_error(actual, predicted),
        "Relative_Squared_Error": 1 - r2,
        "Relative_Absolute_Error": mae / (actual - actual.mean()).abs().mean(),
        "Coefficient_of_Determination": r2,
    }
    assert found == pytest.approx(expected)


def test_binary_measures_are_scikit_learns(bench, cancer):
    few = cancer[["mean texture", "mean smoothness", "target"]]
    scored = score(bench, train(bench, few, LOGISTIC, {"l1_weight": 0}), few)
    frame = read_dataset(scored)[0]
    actual, said, chance = (
        frame[name] for name in ("target", "Scored Labels", "Scored Probabilities")
    )
    row = evaluate(bench, scored)[0]["rows"][0]
    expected = {
        "Accuracy": metrics.accuracy_score(actual, said),
        "Precision": metrics.precision_score(actual, said),
        "Recall": metrics.recall_score(actual, said),
        "F1": metrics.f1_score(actual, said),
        "AUC": metrics.roc_auc_score(actual, chance),
        "Average_Precision": metrics.average_precision_score(actual, chance),
        "Log_Loss": metrics.log_loss(actual, chance),
    }
    assert row["metrics"] == pytest.approx(expected)
    assert row["confusion_matrix"] == {
        "labels": ["0", "1"],
        "matrix": metrics.confusion_matrix(actual, said).tolist(),
    }
    assert row["roc"]["fpr"][0] == 0 and row["roc"]["tpr"][-1] == 1
    assert row["lift"]["found"][-1] == pytest.approx(1)
    assert row["precision_recall"]["recall"][-1] == 0
    half = row["thresholds"]["threshold"].index(0.5)
    assert row["thresholds"]["true_positive"][half] == row["confusion_matrix"]["matrix"][1][1]
    assert row["thresholds"]["false_positive"][half] == row["confusion_matrix"]["matrix"][0][1]
    assert bench.messages("roc")[0]["value"]["thresholds"][0] == 1.0
    assert bench.messages("confusion_matrix")[0]["value"] == row["confusion_matrix"]


def test_two_scored_tables_give_two_rows_left_first(bench, diabetes):
    left = score(bench, train(bench, diabetes, params={"l2_weight": 100}), diabetes)
    right = score(bench, train(bench, diabetes, params={"l2_weight": 0}), diabetes)
    document, folder = evaluate(bench, left, right)
    first, second = (row["metrics"]["Mean_Squared_Error"] for row in document["rows"])
    assert first > second
    assert read_dataset(folder)[0]["Mean_Squared_Error"].tolist() == [first, second]
    keys = [message["key"] for message in bench.messages("metric")]
    assert "compared/Mean_Squared_Error" in keys


def test_a_scripts_table_is_known_by_the_documented_names(bench):
    table = pd.DataFrame({"Labels": [1.0, 2], "Regression Scored Labels": [1.0, 3]})
    assert evaluate(bench, table)[0]["rows"][0]["metrics"]["Mean_Squared_Error"] == 0.5
    table = pd.DataFrame(
        {
            "Labels": [True, False, True],
            "Binary Class Scored Labels": [True, False, False],
            "Binary Class Scored Probabilities": [0.9, 0.1, 0.4],
        }
    )
    assert evaluate(bench, table)[0]["rows"][0]["metrics"]["AUC"] == 1


def test_one_class_and_one_row_still_give_an_answer(bench):
    one = pd.DataFrame({"Labels": [2.0], "Regression Scored Labels": [3.0]})
    found = evaluate(bench, one)[0]["rows"][0]["metrics"]
    assert found["Mean_Squared_Error"] == 1
    assert found["Coefficient_of_Determination"] is None
    model = train(bench, pd.DataFrame({"a": [1.0, 2], "y": ["n", "p"]}), LOGISTIC, label="y")
    scored = score(bench, model, pd.DataFrame({"a": [1.0], "y": ["n"]}))
    assert evaluate(bench, scored)[0]["rows"][0]["metrics"]["AUC"] is None


@pytest.mark.parametrize(
    ("table", "number"),
    [
        ({"Labels": [1.0]}, "0001"),
        ({"Regression Scored Labels": [1.0]}, "0001"),
        ({"Labels": [np.nan], "Regression Scored Labels": [1.0]}, "0003"),
        ({"Labels": ["x"], "Regression Scored Labels": [1.0]}, "0018"),
        ({"Labels": ["a", "b", "c"], "Binary Class Scored Labels": ["a", "b", "a"]}, "0013"),
    ],
)
def test_a_table_that_cannot_be_evaluated_is_a_numbered_error(bench, table, number):
    with pytest.raises(StudioError, match=f"Error {number}"):
        evaluate(bench, pd.DataFrame(table))


def test_the_same_work_gives_the_same_bytes(bench, diabetes):
    folders = [train(bench, diabetes, BOOSTED, {"random_seed": 5, "trees": 5}) for _ in range(2)]
    for name in ("model.pkl", "meta.json"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
