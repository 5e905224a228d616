from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier

from officina.modules.explaining import MAX_NODES, MAX_TREES, explain
from officina.modules.features import make_pipeline

FRAME = pd.DataFrame({"size": np.arange(60.0), "kind": ["a", "b", "c"] * 20})
SIGNATURE = [{"name": "size", "type": "numeric"}, {"name": "kind", "type": "string"}]


def fitted(estimator, target):
    found = explain(make_pipeline(estimator, SIGNATURE).fit(FRAME, target))
    json.dumps(found, allow_nan=False)
    return found


def test_a_straight_line_tells_its_weights_by_column_and_category():
    weights = fitted(Ridge(alpha=1e-9), FRAME["size"] * 3 + (FRAME["kind"] == "b") * 100 + 7)
    told = {one["name"]: one["value"] for one in weights["coefficients"]}
    assert told["size"] == pytest.approx(3)
    assert told["kind_b"] - told["kind_a"] == pytest.approx(100)
    assert weights["coefficients"][0]["name"] == "(intercept)"


def test_weights_of_several_classes_name_their_class():
    found = fitted(LogisticRegression(), FRAME["kind"])
    assert {one["class"] for one in found["coefficients"]} == {"a", "b", "c"}


def test_one_against_all_tells_the_weights_of_each_class():
    inner = make_pipeline(LogisticRegression(), SIGNATURE)
    found = explain(OneVsRestClassifier(inner).fit(FRAME, FRAME["kind"]))
    assert {one["class"] for one in found["coefficients"]} == {"a", "b", "c"}
    assert {"size", "kind_a"} <= {one["name"] for one in found["coefficients"]}


def test_a_forest_tells_importances_and_its_first_trees():
    found = fitted(RandomForestClassifier(n_estimators=30, random_state=0), FRAME["size"] > 30)
    assert found["importance"][0]["name"] == "size"
    assert len(found["trees"]) == MAX_TREES
    assert found["trees"][0]["feature"] in {"size", "kind_a", "kind_b", "kind_c"}


def test_a_boosted_ensemble_tells_small_trees():
    found = fitted(HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=2), FRAME["size"])

    def count(node):
        return 1 + sum(count(node[side]) for side in ("left", "right") if side in node)

    assert len(found["trees"]) == 3
    assert 1 < count(found["trees"][0]) <= MAX_NODES
    assert found["trees"][0]["rows"] == 60


def test_clusters_tell_their_centres_and_anything_else_nothing():
    assert len(explain(KMeans(2, n_init=1).fit(FRAME[["size"]]))["centers"]) == 2
    assert explain(object()) == {}
