from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from officina.errors import StudioError

NAN = float("nan")


@pytest.fixture
def frame():
    return datasets.load_diabetes(as_frame=True, scaled=False).frame


def clip(bench, frame, **params):
    return bench.table("clip_values", params, dataset=frame)


def test_peaks_above_a_constant_become_the_constant(bench, frame):
    result = clip(bench, frame, columns=["bmi"], upper_constant=30)
    pd.testing.assert_frame_equal(result, frame.assign(bmi=frame["bmi"].clip(upper=30)))


def test_both_sides_are_clipped_at_percentiles(bench, frame):
    params = {"clip": "clip_peaks_and_subpeaks", "threshold": "percentile"}
    result = clip(
        bench, frame, columns=["bp", "s1"], upper_percentile=80, lower_percentile=10, **params
    )
    for name in ("bp", "s1"):
        low, high = np.percentile(frame[name], [10, 80])
        np.testing.assert_allclose(result[name], np.clip(frame[name], low, high))


@pytest.mark.parametrize("substitute", ["mean", "median", "missing"])
def test_clipped_values_are_substituted(bench, frame, substitute):
    params = {"clip": "clip_subpeaks", "lower_constant": 20, "lower_substitute": substitute}
    result = clip(bench, frame, columns=["bmi"], **params)
    below = frame["bmi"] < 20
    value = {"mean": frame["bmi"].mean(), "median": frame["bmi"].median(), "missing": NAN}
    np.testing.assert_allclose(result["bmi"], frame["bmi"].mask(below, value[substitute]))


def test_a_value_at_the_threshold_and_a_missing_one_stay(bench):
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, NAN]})
    result = clip(bench, frame, upper_constant=2, upper_substitute="missing", indicator=True)
    assert result["x_IsClipped"].tolist() == [False, False, True, False]
    assert result["x"].isna().tolist() == [False, False, True, True]


def test_new_columns_stand_after_their_source(bench):
    frame = pd.DataFrame({"x": [1, 9], "y": ["a", "b"]})
    result = clip(bench, frame, upper_constant=5, overwrite=False, indicator=True)
    assert list(result.columns) == ["x", "x_Clipped", "x_IsClipped", "y"]
    assert result["x"].tolist() == [1, 9]
    assert result["x_Clipped"].tolist() == [1, 5]


def test_whole_numbers_stay_whole_and_large_ones_exact(bench):
    frame = pd.DataFrame({"x": [2**60 + 1, -5, 7]})
    params = {"clip": "clip_subpeaks", "lower_constant": 0}
    result = clip(bench, frame, **params)
    assert result["x"].tolist() == [2**60 + 1, 0, 7]
    result = clip(bench, frame, **params, lower_substitute="missing")
    assert result["x"].tolist() == [2**60 + 1, pd.NA, 7]


@pytest.mark.parametrize(
    ("params", "number", "where"),
    [
        ({"columns": ["y"]}, "0017", "columns"),
        (
            {"clip": "clip_peaks_and_subpeaks", "upper_constant": -2, "columns": ["x"]},
            "0005", "upper_constant",
        ),
        ({"threshold": "percentile", "upper_percentile": 101}, "0006", "upper_percentile"),
    ],
)  # fmt: skip
def test_what_cannot_be_clipped_names_its_field(bench, params, number, where):
    with pytest.raises(StudioError, match=f"Error {number}") as caught:
        clip(bench, pd.DataFrame({"x": [1.0], "y": ["a"]}), **params)
    assert caught.value.where == where
