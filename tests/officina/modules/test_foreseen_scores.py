"""What the canvas says about score columns before a run is what the run gives."""

from __future__ import annotations

import pandas as pd
import pytest
from sklearn import datasets

from officina.catalogue import Catalogue
from officina.columns import Column
from officina.modules.tables import read_dataset, read_roles


@pytest.fixture(scope="module")
def data():
    frame = datasets.load_iris(as_frame=True).frame.head(100)
    return frame.set_axis(["a", "b", "c", "d", "y"], axis=1)


def foreseen(name, params, **inputs):
    component = Catalogue().get(name)
    return component.schema(component.clean(params), inputs)


def columns_of(frame):
    return tuple(Column(str(name), "number") for name in frame.columns)


def names(schema):
    return [one.name for one in schema]


def same(schema, folder):
    frame, roles = read_dataset(folder)[0], read_roles(folder)
    assert names(schema) == list(frame.columns)
    for one in schema:
        assert one.role == roles.get(one.name, {}).get("role", "feature")


@pytest.mark.parametrize(
    ("learner", "params"),
    [
        ("linear_regression", {}),
        ("two_class_decision_forest", {"trees": 2}),
        ("fast_forest_quantile_regression", {"trees": 2, "quantiles": "0.9, .1"}),
    ],
)
def test_scored_and_cross_validated_tables(bench, data, learner, params):
    table = bench.put(data)
    untrained = bench.learner(learner, params)
    [unfit] = foreseen(learner, params).values()
    model = bench.train(untrained, table, label="y")
    fit = foreseen("train_model", {"label": "y"}, untrained_model=unfit, dataset=columns_of(data))
    for append in (True, False):
        folder = bench.run("score_model", {"append": append}, trained_model=model, dataset=table)[
            "scored"
        ]
        told = foreseen(
            "score_model", {"append": append}, trained_model=fit["trained_model"],
            dataset=columns_of(data),
        )["scored"]  # fmt: skip
        same(told, folder)
    given = {"label": "y", "folds": 2}
    outputs = bench.run("cross_validate_model", given, untrained_model=untrained, dataset=table)
    told = foreseen("cross_validate_model", given, untrained_model=unfit, dataset=columns_of(data))
    same(told["scored"], outputs["scored"])


def test_clustered_tables(bench, data):
    params = {"centroids": 3}
    table = bench.put(data)
    learner = bench.learner("k_means_clustering", params)
    outputs = bench.run("train_clustering_model", untrained_model=learner, dataset=table)
    [unfit] = foreseen("k_means_clustering", params).values()
    told = foreseen("train_clustering_model", {}, untrained_model=unfit, dataset=columns_of(data))
    same(told["results"], outputs["results"])
    folder = bench.run(
        "assign_data_to_clusters", trained_model=outputs["trained_model"], dataset=table
    )["results"]
    told = foreseen(
        "assign_data_to_clusters", {}, trained_model=told["trained_model"],
        dataset=columns_of(data),
    )  # fmt: skip
    same(told["results"], folder)


def test_what_the_data_decide_is_not_foretold(data):
    [unfit] = foreseen("multiclass_decision_forest", {}).values()
    assert unfit is None
    params = {"trainer_mode": "parameter_range"}
    assert foreseen("k_means_clustering", params)["untrained_model"] is None
    told = foreseen("train_model", {"label": "y"}, untrained_model=None, dataset=columns_of(data))
    assert told == {"trained_model": None}


def test_text_modules_foresee_their_columns(bench):
    pytest.importorskip("simplemma")
    texts = pd.DataFrame({"t": ["a good film", "a bad film"]})
    told = foreseen("preprocess_text", {"column": "t"}, dataset=(Column("t", "string"),))
    found = bench.table("preprocess_text", {"column": "t"}, dataset=texts)
    assert names(told["results"]) == list(found.columns)
    params = {"columns": ["t"], "topics": 3}
    told = foreseen("latent_dirichlet_allocation", params, dataset=(Column("t", "string"),))
    outputs = bench.run("latent_dirichlet_allocation", params, dataset=texts)
    for port in ("transformed", "topic_matrix"):
        assert names(told[port]) == list(read_dataset(outputs[port])[0].columns)
