from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.metrics import roc_auc_score

from officina.errors import StudioError


@pytest.fixture(scope="module")
def points():
    """Rows near a plane, and at the end ten that lie off it."""
    draw = np.random.default_rng(0)
    plane = draw.normal(size=(200, 2)) @ draw.normal(size=(2, 5)) + 3
    rows = plane + draw.normal(scale=0.05, size=(200, 5))
    rows[190:] += draw.normal(scale=2, size=(10, 5))
    return pd.DataFrame(rows, columns=list("abcde"))


def detect(bench, data, **params):
    learner = bench.learner("pca_based_anomaly_detection", {"random_seed": 1, **params})
    return bench.run("train_anomaly_detection_model", untrained_model=learner, dataset=data)[
        "trained_model"
    ]


@pytest.mark.parametrize(
    ("normalize", "plane"),
    [
        (True, PCA(2, svd_solver="randomized", n_oversamples=2, random_state=1)),
        (False, TruncatedSVD(2, n_oversamples=2, random_state=1)),
    ],
)
def test_the_score_is_scikit_learns_reconstruction_error(bench, points, normalize, plane):
    found = bench.score(detect(bench, points, normalize=normalize), points)
    values = points.to_numpy()
    errors = ((values - plane.inverse_transform(plane.fit_transform(values))) ** 2).sum(axis=1)
    expected = errors / (errors + np.quantile(errors, 0.95))
    np.testing.assert_allclose(found["Scored Probabilities"], expected, rtol=1e-6)
    assert found["Scored Labels"].tolist() == (expected > 0.5).astype(int).tolist()
    assert found["Scored Labels"].sum() == 10


@pytest.mark.parametrize("odd", [1, True])
def test_odd_rows_are_found_and_measured_against_a_label(bench, points, odd):
    label = np.repeat([type(odd)(0), odd], [190, 10])
    data = bench.put(points.assign(odd=label), {"odd": {"role": "label"}})
    scored = bench.run("score_model", trained_model=detect(bench, data), dataset=data)["scored"]
    [row] = bench.evaluate(scored)
    frame = bench.score(detect(bench, data), data)
    assert row["metrics"]["AUC"] == pytest.approx(
        roc_auc_score(label, frame["Scored Probabilities"])
    )
    assert row["metrics"]["AUC"] > 0.97
    assert row["positive_class"] == "1"


def test_rows_that_lie_in_the_plane_exactly_are_not_odd(bench):
    flat = pd.DataFrame({"a": np.arange(50.0), "b": 2 * np.arange(50.0), "c": 1.0})
    found = bench.score(detect(bench, flat, components=1), flat)
    assert found["Scored Labels"].sum() == 0


def test_rows_with_missing_features_are_not_judged(bench, points):
    new = points.head(3).copy()
    new.iloc[1, 2] = np.nan
    found = bench.score(detect(bench, points), new)
    assert found["Scored Labels"].isna().tolist() == [False, True, False]


def test_too_many_components_are_a_numbered_error(bench, points):
    with pytest.raises(StudioError, match=r"Error 0018.*9 components"):
        detect(bench, points, components=9)


def test_only_a_detector_is_trained_without_a_label(bench, points):
    with pytest.raises(StudioError, match="Error 0013"):
        bench.run(
            "train_anomaly_detection_model",
            untrained_model=bench.learner("linear_regression"),
            dataset=points,
        )
    with pytest.raises(StudioError, match="Error 0013") as caught:
        bench.train(bench.learner("pca_based_anomaly_detection"), points, label="a")
    assert "Train Anomaly Detection Model" in caught.value.hint
