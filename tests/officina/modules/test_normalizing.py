from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import datasets
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from officina.errors import StudioError
from officina.modules.tables import read_dataset

NAN = float("nan")


@pytest.fixture
def frame():
    return datasets.load_wine(as_frame=True).frame.drop(columns="target")


def tanh_estimator(x):
    return 0.5 * (np.tanh(0.01 * (x - x.mean(axis=0)) / x.std(axis=0)) + 1)


def lognormal(x):
    logs = np.log(x)
    return stats.lognorm.cdf(x, s=logs.std(axis=0), scale=np.exp(logs.mean(axis=0)))


EXPECTED = {
    "zscore": lambda x: StandardScaler().fit_transform(x),
    "minmax": lambda x: MinMaxScaler().fit_transform(x),
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "lognormal": lognormal,
    "tanh": tanh_estimator,
}


@pytest.mark.parametrize("method", EXPECTED)
def test_a_method_is_the_one_of_scikit_learn_or_scipy(bench, frame, method):
    result = bench.table("normalize_data", {"method": method}, dataset=frame)
    np.testing.assert_allclose(result, EXPECTED[method](frame.to_numpy()), rtol=1e-9, atol=1e-12)
    assert list(result.columns) == list(frame.columns)
    if method != "zscore":
        assert result.to_numpy().min() >= 0
        assert result.to_numpy().max() <= 1 + 1e-12


def test_z_scores_take_the_population_standard_deviation(bench):
    result = bench.table("normalize_data", {}, dataset=pd.DataFrame({"x": [1.0, 3.0]}))
    assert result["x"].tolist() == [-1.0, 1.0]


def test_only_chosen_columns_change_and_missing_values_stay(bench):
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [1.0, NAN, 3.0], "s": ["x", "y", "z"]})
    folder = bench.put(frame, {"a": {"role": "label"}})
    outputs = bench.run("normalize_data", {"method": "minmax", "columns": ["b"]}, dataset=folder)
    result, roles = read_dataset(outputs["transformed"])
    pd.testing.assert_frame_equal(result, frame.assign(b=[0.0, NAN, 1.0]))
    assert roles == {"a": {"role": "label"}}


@pytest.mark.parametrize("method", EXPECTED)
def test_a_constant_column_becomes_zero_only_where_asked(bench, method):
    frame = pd.DataFrame({"c": [0.1, 0.1, 0.1]})
    result = bench.table("normalize_data", {"method": method}, dataset=frame)
    assert result["c"].tolist() == [0, 0, 0]
    params = {"method": method, "zero_for_constant": False}
    result = bench.table("normalize_data", params, dataset=frame)
    assert (result["c"] != 0).all()


@pytest.mark.parametrize("method", EXPECTED)
def test_other_data_are_normalized_with_the_numbers_learned(bench, frame, method):
    outputs = bench.run("normalize_data", {"method": method}, dataset=frame)
    whole = read_dataset(outputs["transformed"])[0]
    part = frame.iloc[[5, 3]]
    applied = bench.table("apply_transformation", {}, transform=outputs["transform"], dataset=part)
    pd.testing.assert_frame_equal(applied, whole.iloc[[5, 3]].reset_index(drop=True))


def test_what_is_not_above_zero_has_no_share_in_a_lognormal_scale(bench):
    learned = bench.run(
        "normalize_data", {"method": "lognormal"}, dataset=pd.DataFrame({"x": [1, 9]})
    )
    other = pd.DataFrame({"x": [0, -3, 3]})
    result = bench.table("apply_transformation", {}, transform=learned["transform"], dataset=other)
    np.testing.assert_allclose(result["x"], [0, 0, 0.5])


@pytest.mark.parametrize(
    ("frame", "params", "number"),
    [
        ({"x": ["a"]}, {"columns": ["x"]}, "0017"),
        ({"x": [NAN]}, {"columns": ["x"]}, "0003"),
        ({"x": [float("inf")]}, {}, "0018"),
        ({"x": [0.0, 1.0]}, {"method": "lognormal"}, "0018"),
        ({"x": ["a"]}, {}, "0011"),
    ],
)
def test_what_cannot_be_normalized_is_a_numbered_error(bench, frame, params, number):
    with pytest.raises(StudioError, match=f"Error {number}"):
        bench.run("normalize_data", params, dataset=pd.DataFrame(frame))
