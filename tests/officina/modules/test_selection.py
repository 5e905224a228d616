from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import datasets

from officina.errors import StudioError
from officina.modules import selection
from officina.modules.tables import read_dataset

NAN = float("nan")


@pytest.fixture
def flowers():
    return datasets.load_iris(as_frame=True).frame


def judged(bench, frame, **params):
    outputs = bench.run("filter_based_feature_selection", params, dataset=frame)
    scores = read_dataset(outputs["features"])[0]
    return read_dataset(outputs["filtered"]), dict(
        zip(scores["Feature"], scores["Score"], strict=True)
    )


def test_pearson_scores_are_absolute_correlations(bench, flowers):
    flowers["sepal width (cm)"] *= -1
    (frame, _), scores = judged(bench, flowers, label=["target"], count=2)
    expected = flowers.corr()["target"].abs().drop("target").sort_values(ascending=False)
    assert list(scores) == list(expected.index)
    np.testing.assert_allclose(list(scores.values()), expected)
    assert list(frame.columns) == ["target", *expected.index[:2]]


def test_a_target_of_texts_stands_for_the_mean_in_each_class(bench, flowers):
    flowers["target"] = flowers["target"].map({0: "b", 1: "a", 2: "c"})
    _, scores = judged(bench, flowers, label=["target"])
    name = "petal width (cm)"
    means = flowers.groupby("target")[name].transform("mean")
    assert scores[name] == pytest.approx(stats.pearsonr(flowers[name], means).statistic)


@pytest.mark.parametrize("as_text", [True, False])
def test_chi_squared_scores_are_scipys_over_the_values_as_they_are(bench, flowers, as_text):
    if as_text:
        flowers["petal width (cm)"] = flowers["petal width (cm)"].astype(str)
    params = {"label": ["target"], "method": "chi_squared", "count": 99}
    (frame, _), scores = judged(bench, flowers, **params)
    for name, score in scores.items():
        counts = pd.crosstab(flowers[name], flowers["target"])
        assert score == pytest.approx(stats.chi2_contingency(counts).statistic)
    assert list(scores.values()) == sorted(scores.values(), reverse=True)
    assert list(frame.columns) == ["target", *scores]


def test_a_table_of_counts_too_large_for_memory_gives_the_same_score(bench, monkeypatch, flowers):
    params = {"label": ["target"], "method": "chi_squared"}
    _, whole = judged(bench, flowers, **params)
    monkeypatch.setattr(selection, "MAX_CELLS", 10)
    _, sparse = judged(bench, flowers, **params)
    assert sparse == pytest.approx(whole, rel=1e-10)


def test_missing_values_do_not_count_and_empty_columns_score_zero(bench):
    frame = pd.DataFrame(
        {"x": [1, 2, 3, 4, NAN], "gone": [NAN] * 5, "c": [7.0] * 5, "s": list("abcde"),
         "t": [True, False, True, True, True], "y": [1.0, 2.0, 3.0, 4.0, 0.0]}
    )  # fmt: skip
    _, scores = judged(bench, frame, label=["y"])
    assert scores["x"] == pytest.approx(1)
    assert (scores["gone"], scores["c"], scores["s"]) == (0, 0, 0)
    assert scores["t"] == pytest.approx(abs(np.corrcoef(frame["t"], frame["y"])[0, 1]))
    _, scores = judged(bench, frame, label=["y"], method="chi_squared")
    assert scores["gone"] == 0


def test_labels_scores_and_what_is_no_feature_are_not_judged(bench, flowers):
    names = list(flowers.columns)
    roles = {names[0]: {"role": "score"}, names[1]: {"role": "none"}, names[2]: {"role": "label"}}
    folder = bench.put(flowers, roles)
    _, scores = judged(bench, folder, label=["target"], count=9)
    assert set(scores) == {names[3]}
    (_, kept), scores = judged(bench, folder, label=["target"], count=9, features_only=False)
    assert set(scores) == {names[1], names[3]}
    assert kept == {names[1]: {"role": "none"}}


@pytest.mark.parametrize(
    ("frame", "number"),
    [({"y": [NAN], "x": [1.0]}, "0019"), ({"y": [1.0]}, "0003"), ({"y": [], "x": []}, "0003")],
)
def test_what_cannot_be_judged_is_a_numbered_error(bench, frame, number):
    with pytest.raises(StudioError, match=f"Error {number}"):
        judged(bench, pd.DataFrame(frame, dtype="float64"), label=["y"])


def test_a_selection_is_taken_from_another_table(bench, flowers):
    (_, _), scores = judged(bench, flowers, label=["target"], count=2)
    outputs = bench.run(
        "filter_based_feature_selection", {"label": ["target"], "count": 2},
        dataset=bench.put(flowers, {"target": {"role": "label"}}),
    )  # fmt: skip
    kept = bench.run("select_columns_transform", {}, dataset=outputs["filtered"])["transform"]
    frame = bench.table("apply_transformation", {}, transform=kept, dataset=flowers.tail(3))
    assert list(frame.columns) == ["target", *list(scores)[:2]]
    unlabelled = flowers.drop(columns="target")
    frame = bench.table("apply_transformation", {}, transform=kept, dataset=unlabelled)
    assert list(frame.columns) == list(scores)[:2]
    with pytest.raises(StudioError, match="Error 0001"):
        bench.run("apply_transformation", {}, transform=kept, dataset=flowers[["target"]])
