from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE, SMOTENC

from officina.errors import StudioError
from officina.modules.tables import read_dataset

NAN = float("nan")


@pytest.fixture
def visits():
    return pd.DataFrame(
        {
            "who": ["Ann", "Ann", "Bo", None, None, "Bo"],
            "day": [1, 1, 2, 3, 3, 9],
            "n": [1, 2, 3, 4, 5, 6],
        }
    )


@pytest.mark.parametrize(
    ("params", "left"),
    [
        ({"columns": ["who", "day"]}, [1, 3, 4, 5, 6]),
        ({"columns": ["who", "day"], "retain_first": False}, [2, 3, 4, 5, 6]),
        ({"columns": ["who"]}, [1, 3, 4, 5]),
        ({"columns": ["day"]}, [1, 3, 4, 6]),
        ({}, [1, 2, 3, 4, 5, 6]),
    ],
)
def test_duplicates_go_and_a_missing_key_is_none(bench, visits, params, left):
    assert bench.table("remove_duplicate_rows", params, dataset=visits)["n"].tolist() == left


def test_duplicates_are_those_of_pandas(bench):
    frame = pd.DataFrame(np.random.default_rng(1).integers(0, 3, (300, 3)), columns=list("abc"))
    result = bench.table("remove_duplicate_rows", {"columns": ["a", "b"]}, dataset=frame)
    expected = frame.drop_duplicates(["a", "b"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(result, expected)


@pytest.fixture
def donors():
    """Make a table with the class sizes of the blood donation data: 570 and 178."""
    chance = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "recency": chance.integers(0, 40, 748),
            "amount": chance.normal(1300, 400, 748),
            "gave": [0] * 570 + [1] * 178,
        }
    )


@pytest.mark.parametrize(("percentage", "rarer"), [(0, 178), (100, 356), (200, 534), (300, 712)])
def test_the_published_class_sizes_are_met(bench, donors, percentage, rarer):
    params = {"label": ["gave"], "percentage": percentage}
    frame = bench.table("smote", params, samples=donors)
    assert frame["gave"].value_counts().to_dict() == {0: 570, 1: rarer}
    pd.testing.assert_frame_equal(frame.head(748), donors, check_dtype=False)


@pytest.mark.parametrize(("neighbors", "seed"), [(1, 0), (5, 42)])
def test_the_rows_are_those_of_imbalanced_learn(bench, donors, neighbors, seed):
    params = {"label": ["gave"], "neighbors": neighbors, "random_seed": seed}
    frame = bench.table("smote", params, samples=donors)
    sampler = SMOTE(sampling_strategy={1: 356}, k_neighbors=neighbors, random_state=seed)
    inputs, labels = sampler.fit_resample(
        donors[["recency", "amount"]].astype("float64"), donors["gave"]
    )
    np.testing.assert_array_equal(frame[["recency", "amount"]], inputs)
    assert frame["gave"].tolist() == labels.tolist()


def test_texts_and_categories_are_taken_from_neighbours(bench, donors):
    chance = np.random.default_rng(1)
    donors.insert(1, "town", chance.choice(["x", "y"], 748))
    donors["kind"] = pd.Categorical(chance.choice(["p", "q"], 748))
    donors["regular"] = chance.random(748) > 0.5
    donors["gave"] = donors["gave"].map({0: "no", 1: "yes"})
    folder = bench.put(donors, {"gave": {"role": "label"}, "kind": {"categorical": True}})
    outputs = bench.run("smote", {"label": ["gave"]}, samples=folder)
    frame, roles = read_dataset(outputs["table"])
    features = donors[["recency", "town", "amount", "kind", "regular"]].astype(object)
    sampler = SMOTENC(
        [False, True, False, True, True],
        sampling_strategy={"yes": 356}, k_neighbors=1, random_state=0,
    )  # fmt: skip
    inputs, _ = sampler.fit_resample(
        features.astype({"recency": "float64", "amount": "float64"}), donors["gave"]
    )
    for name in features.columns:
        assert frame[name].tolist() == inputs[name].tolist()
    assert list(frame.columns) == list(donors.columns)
    assert (frame["regular"].dtype, str(frame["kind"].dtype)) == (bool, "category")
    assert roles == {"gave": {"role": "label"}, "kind": {"categorical": True}}


@pytest.mark.parametrize(
    ("change", "params", "number"),
    [
        ({"gave": [0, 1, 2] * 249 + [0]}, {}, "0013"),
        ({"amount": [NAN] * 748}, {}, "0019"),
        ({"amount": ["x"] * 748, "recency": ["y"] * 748}, {}, "0018"),
        ({"amount": pd.Timestamp("2020-01-01")}, {}, "0017"),
        ({}, {"neighbors": 178}, "0006"),
        ({}, {"label": ["gave", "amount"]}, "0011"),
    ],
)
def test_samples_that_cannot_be_multiplied_are_refused(bench, donors, change, params, number):
    with pytest.raises(StudioError, match=f"Error {number}"):
        bench.run("smote", {"label": ["gave"], **params}, samples=donors.assign(**change))
