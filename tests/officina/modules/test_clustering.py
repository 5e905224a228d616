from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn.cluster import KMeans
from sklearn.preprocessing import MinMaxScaler

from officina.errors import StudioError
from officina.modules.tables import read_dataset

DISTANCES = [f"DistancesToClusterCenter no.{place}" for place in range(3)]


@pytest.fixture(scope="module")
def iris():
    return datasets.load_iris(as_frame=True).frame.drop(columns="target")


def cluster(bench, data, *, append=True, columns=None, **params):
    learner = bench.learner("k_means_clustering", {"centroids": 3, "random_seed": 4, **params})
    given = {"append": append} | ({"columns": columns} if columns else {})
    return bench.run("train_clustering_model", given, untrained_model=learner, dataset=data)


@pytest.mark.parametrize(
    ("params", "options"),
    [
        ({}, {"init": "k-means++", "n_init": 1}),
        ({"initialization": "random", "iterations": 7}, {"init": "random", "max_iter": 7}),
        ({"initialization": "first_n"}, {"init": "first"}),
    ],
)
def test_clusters_are_scikit_learns(bench, iris, params, options):
    scaled = MinMaxScaler().fit_transform(iris)
    if options["init"] == "first":
        options = {"init": scaled[:3], "n_init": 1}
    own = KMeans(3, random_state=4, **options).fit(scaled)
    outputs = cluster(bench, iris, **params)
    found = read_dataset(outputs["results"])[0]
    assert list(found.columns) == [*iris.columns, "Assignments", *DISTANCES]
    assert found["Assignments"].tolist() == own.labels_.tolist()
    np.testing.assert_allclose(found[DISTANCES], own.transform(scaled))
    again = bench.table(
        "assign_data_to_clusters", trained_model=outputs["trained_model"], dataset=iris
    )
    pd.testing.assert_frame_equal(again, found)
    scores = bench.score(outputs["trained_model"], iris, append=False)
    assert list(scores.columns) == ["Assignments", *DISTANCES]


def test_without_normalizing_the_raw_features_are_clustered(bench, iris):
    found = read_dataset(cluster(bench, iris, normalize=False)["results"])[0]
    own = KMeans(3, random_state=4).fit(iris.to_numpy())
    assert found["Assignments"].tolist() == own.labels_.tolist()


def test_only_the_chosen_columns_count_and_only_the_result_is_given(bench, iris):
    outputs = cluster(bench, iris, append=False, columns=list(iris.columns[:2]))
    assert list(read_dataset(outputs["results"])[0].columns) == ["Assignments", *DISTANCES]
    meta = json.loads((outputs["trained_model"] / "meta.json").read_text())
    assert [entry["name"] for entry in meta["signature"]] == list(iris.columns[:2])


def test_clusters_are_measured_one_by_one_and_together(bench, iris):
    outputs = cluster(bench, iris)
    frame = read_dataset(outputs["results"])[0]
    [row] = bench.evaluate(outputs["results"])
    near = np.sort(frame[DISTANCES].to_numpy(), axis=1)
    assert row["task"] == "clustering"
    assert row["metrics"] == pytest.approx(
        {
            "Average_Distance_to_Cluster_Center": near[:, 0].mean(),
            "Average_Distance_to_Other_Center": near[:, 1].mean(),
            "Number_of_Points": 150,
            "Maximal_Distance_to_Cluster_Center": near[:, 0].max(),
        }
    )
    assert [line["name"] for line in row["clusters"]] == [
        *(f"Evaluation For Cluster No.{number}" for number in range(3)), "Combined Evaluation",
    ]  # fmt: skip
    first = frame["Assignments"] == 0
    assert row["clusters"][0]["Number_of_Points"] == first.sum()
    expected = frame.loc[first, DISTANCES[0]].max()
    assert row["clusters"][0]["Maximal_Distance_to_Cluster_Center"] == pytest.approx(expected)


def labelled(bench, values):
    data = pd.DataFrame({"x": [0.0, 0.1, 0.2, 9.0, 9.1, 9.2], "y": values})
    return bench.put(data, {"y": {"role": "label"}})


def test_a_label_is_left_out_filled_in_or_overwritten(bench):
    values = ["a", None, "a", "b", "b", None]
    for mode, expected in [
        ("ignore", ["a", None, "a", "b", "b", None]),
        ("fill_missing", ["a", "a", "a", "b", "b", "b"]),
        ("overwrite", ["a", "a", "a", "b", "b", "b"]),
    ]:
        outputs = cluster(bench, labelled(bench, values), centroids=2, label_mode=mode)
        frame, roles = read_dataset(outputs["results"])
        assert [None if pd.isna(value) else value for value in frame["y"]] == expected
        assert roles["y"]["role"] == "label"
        meta = json.loads((outputs["trained_model"] / "meta.json").read_text())
        names = [entry["name"] for entry in meta["signature"]]
        assert names == (["x", "y"] if mode == "fill_missing" else ["x"])


def test_more_centres_than_rows_is_a_numbered_error(bench):
    with pytest.raises(StudioError, match="Error 0018"):
        cluster(bench, pd.DataFrame({"x": [1.0, 2.0]}))


def test_missing_values_are_refused_by_column(bench):
    with pytest.raises(StudioError, match="Error 0019") as caught:
        cluster(bench, pd.DataFrame({"x": [1.0, None, 3.0, 4.0]}))
    assert caught.value.where == "x"


def test_learners_and_trainers_must_fit(bench, iris):
    learner = bench.learner("k_means_clustering")
    with pytest.raises(StudioError, match=r"Error 0013") as caught:
        bench.train(learner, iris, label=iris.columns[0])
    assert "Train Clustering Model" in caught.value.hint
    with pytest.raises(StudioError, match="Error 0013"):
        bench.run(
            "train_clustering_model",
            untrained_model=bench.learner("linear_regression"),
            dataset=iris,
        )
    model = bench.train(bench.learner("linear_regression"), iris, label=iris.columns[0])
    with pytest.raises(StudioError, match="Error 0013"):
        bench.run("assign_data_to_clusters", trained_model=model, dataset=iris)
