from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets, metrics

from officina.errors import StudioError
from officina.modules.tables import read_dataset


@pytest.fixture(scope="module")
def iris():
    frame = datasets.load_iris(as_frame=True).frame.drop(columns="petal width (cm)")
    return frame.assign(target=frame["target"].map({0: "s", 1: "v", 2: "w"}))


def scored(bench, learner, data, **params):
    model = bench.train(bench.learner(learner, {"random_seed": 0, **params}), data)
    return bench.run("score_model", trained_model=model, dataset=data)["scored"]


def test_several_classes_are_measured_as_scikit_learn_does(bench, iris):
    folder = scored(bench, "multiclass_logistic_regression", iris, l2_weight=50)
    frame = read_dataset(folder)[0]
    actual, said = frame["target"], frame["Scored Labels"]
    chances = frame[[f"Scored Probabilities_{name}" for name in "svw"]].to_numpy()
    [row] = bench.evaluate(folder)
    accuracy = metrics.accuracy_score(actual, said)
    assert 0.7 < accuracy < 1
    assert row["metrics"] == pytest.approx(
        {
            "Overall_Accuracy": accuracy,
            "Micro_Precision": metrics.precision_score(actual, said, average="micro"),
            "Micro_Recall": metrics.recall_score(actual, said, average="micro"),
            "Macro_Precision": metrics.precision_score(actual, said, average="macro"),
            "Macro_Recall": metrics.recall_score(actual, said, average="macro"),
            "Macro_F1": metrics.f1_score(actual, said, average="macro"),
            "Log_Loss": metrics.log_loss(actual, chances),
            "Macro_AUC": metrics.roc_auc_score(actual, chances, multi_class="ovr"),
        }
    )
    assert row["confusion_matrix"] == {
        "labels": ["s", "v", "w"],
        "matrix": metrics.confusion_matrix(actual, said).tolist(),
    }
    truth = pd.get_dummies(actual).to_numpy().ravel()
    area = np.trapezoid(row["roc"]["tpr"], row["roc"]["fpr"])
    assert area == pytest.approx(metrics.roc_auc_score(truth, chances.ravel()), abs=0.01)
    assert row["per_class"][1]["rows"] == 50
    logged = {message["key"] for message in bench.messages("metric")}
    assert {"Overall_Accuracy", "Macro_AUC"} <= logged


def test_two_models_stand_in_the_order_of_the_ports(bench, iris):
    good = scored(bench, "multiclass_decision_forest", iris)
    poor = scored(bench, "multiclass_decision_forest", iris, max_depth=1, trees=1)
    for left, right, better in [(good, poor, 0), (poor, good, 1)]:
        folder = bench.run("evaluate_model", scored=left, scored_to_compare=right)["evaluation"]
        rows = json.loads((folder / "metrics.json").read_text())["rows"]
        figures = [row["metrics"]["Overall_Accuracy"] for row in rows]
        assert [row["name"] for row in rows] == ["scored", "scored_to_compare"]
        assert figures[better] > figures[1 - better]
        assert read_dataset(folder)[0]["Overall_Accuracy"].tolist() == figures


def test_a_regression_and_a_classifier_cannot_be_compared(bench, iris):
    left = scored(bench, "multiclass_decision_forest", iris)
    right = scored(bench, "linear_regression", iris.assign(target=range(150)))
    with pytest.raises(StudioError, match="Error 0013") as caught:
        bench.evaluate(left, right)
    assert caught.value.where == "scored_to_compare"


def test_tables_of_scripts_are_known_by_the_documented_names(bench):
    table = pd.DataFrame({"Labels": ["a", "b", "c"], "Multi Class Scored Labels": ["a", "b", "a"]})
    [row] = bench.evaluate(table)
    assert row["metrics"]["Overall_Accuracy"] == pytest.approx(2 / 3)
    assert "roc" not in row
    table = pd.DataFrame(
        {
            "Assignments": [0, 1],
            "DistancesToClusterCenter no.0": [1.0, 5.0],
            "DistancesToClusterCenter no.1": [4.0, 2.0],
        }
    )
    [row] = bench.evaluate(table)
    assert row["metrics"]["Average_Distance_to_Cluster_Center"] == 1.5
    assert row["metrics"]["Average_Distance_to_Other_Center"] == 4.5
    with pytest.raises(StudioError, match="Error 0001"):
        bench.evaluate(table[["Assignments"]])


def test_whole_numbers_are_one_class_however_they_are_written(bench):
    table = pd.DataFrame({"Labels": [1.0, 2.0, None], "Binary Class Scored Labels": [1, 2, 2]})
    [row] = bench.evaluate(table)
    assert row["metrics"]["Accuracy"] == 1
    assert row["rows"] == 2


def test_a_class_that_training_never_saw_counts_as_wrong(bench, iris):
    model = bench.train(bench.learner("multiclass_decision_forest"), iris[iris["target"] != "w"])
    folder = bench.run("score_model", trained_model=model, dataset=iris)["scored"]
    [row] = bench.evaluate(folder)
    assert row["confusion_matrix"]["labels"] == ["s", "v", "w"]
    assert row["metrics"]["Overall_Accuracy"] <= 2 / 3
    assert row["metrics"]["Log_Loss"] < 1


def test_curves_have_at_most_200_points(bench):
    draw = np.random.default_rng(0)
    chance = draw.random(5_000)
    table = pd.DataFrame(
        {
            "Labels": draw.random(5_000) < chance,
            "Binary Class Scored Labels": chance > 0.5,
            "Binary Class Scored Probabilities": chance,
        }
    )
    [row] = bench.evaluate(table)
    for curve in ("roc", "precision_recall", "lift"):
        assert all(len(values) <= 200 for values in row[curve].values())
    expected = metrics.roc_auc_score(table["Labels"], chance)
    assert np.trapezoid(row["roc"]["tpr"], row["roc"]["fpr"]) == pytest.approx(expected, abs=0.01)
