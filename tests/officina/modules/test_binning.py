from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn.preprocessing import KBinsDiscretizer

from officina.errors import StudioError
from officina.modules.tables import read_dataset

NAN = float("nan")
INDEX = {"quantile_normalization": "quantile_index"}


@pytest.fixture
def frame():
    return datasets.load_diabetes(as_frame=True, scaled=False).frame


@pytest.mark.filterwarnings("ignore:Bins whose width")
@pytest.mark.parametrize(
    ("mode", "strategy"), [("quantiles", "quantile"), ("equal_width", "uniform")]
)
@pytest.mark.parametrize("bins", [2, 4, 10, 100])
def test_bins_are_those_of_scikit_learn(bench, frame, mode, strategy, bins):
    params = {"mode": mode, "bins": bins, "output_mode": "result_only", **INDEX}
    result = bench.table("group_data_into_bins", params, dataset=frame)
    binner = KBinsDiscretizer(
        bins, encode="ordinal", strategy=strategy, quantile_method="linear", subsample=None
    )
    expected = binner.fit_transform(frame) + 1
    np.testing.assert_array_equal(result.astype("float64").to_numpy(), expected)
    assert list(result.columns) == [f"{name}_quantized" for name in frame.columns]


def test_a_value_at_a_typed_edge_is_in_the_bin_below_it(bench):
    frame = pd.DataFrame({"x": [-1.0, 0.0, 0.1, NAN]})
    params = {"mode": "custom_edges", "edges": "0", "output_mode": "inplace"}
    result = bench.table("group_data_into_bins", params, dataset=frame)
    assert result["x"].tolist()[:3] == [1, 1, 2]
    assert result["x"].isna().tolist() == [False] * 3 + [True]
    params = {"mode": "custom_edges", "edges": "18, 65", "categorical": False}
    ages = pd.DataFrame({"x": [3, 18, 19, 65, 66]})
    result = bench.table("group_data_into_bins", params, dataset=ages)
    expected = np.digitize(ages["x"], [18, 65], right=True) + 1
    assert result["x_quantized"].tolist() == expected.tolist() == [1, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("percent", [25, 50, 75, 100]),
        ("pquantile", [0.25, 0.5, 0.75, 1]),
        ("quantile_index", [1, 2, 3, 4]),
    ],
)
def test_quantiles_are_written_on_the_chosen_scale(bench, scale, expected):
    params = {"bins": 4, "quantile_normalization": scale}
    frame = bench.table("group_data_into_bins", params, dataset=pd.DataFrame({"x": [1, 2, 3, 4]}))
    assert frame["x_quantized"].tolist() == expected


def test_bins_are_tagged_as_categories_unless_that_is_switched_off(bench, frame):
    folder = bench.put(frame, {"target": {"role": "label"}})
    for tagged in (True, False):
        params = {"columns": ["bmi"], "categorical": tagged}
        outputs = bench.run("group_data_into_bins", params, dataset=folder)
        _, roles = read_dataset(outputs["quantized"])
        assert roles == {"target": {"role": "label"}} | (
            {"bmi_quantized": {"categorical": True}} if tagged else {}
        )


def test_other_data_are_put_into_the_same_bins(bench, frame):
    outputs = bench.run("group_data_into_bins", {"columns": ["bmi"], **INDEX}, dataset=frame)
    other = pd.DataFrame({"bmi": [-100, frame["bmi"].median(), 1000]})
    applied = bench.run("apply_transformation", {}, transform=outputs["transform"], dataset=other)
    result, roles = read_dataset(applied["transformed"])
    assert result["bmi_quantized"].tolist() == [1, 6, 10]
    assert roles == {"bmi_quantized": {"categorical": True}}


def test_a_constant_or_empty_column_has_one_bin(bench):
    frame = pd.DataFrame({"c": [5.0, 5.0], "m": [NAN, NAN]})
    for mode in ("quantiles", "equal_width"):
        params = {"mode": mode, **INDEX}
        result = bench.table("group_data_into_bins", params, dataset=frame)
        assert result["c_quantized"].tolist() == [1, 1]
        assert result["m_quantized"].isna().all()


@pytest.mark.parametrize(
    ("params", "number", "where"),
    [
        ({"mode": "custom_edges", "edges": "1, x"}, "0002", "edges"),
        ({"mode": "custom_edges", "edges": "3, 1"}, "0002", "edges"),
        ({"mode": "custom_edges"}, "0003", "edges"),
        ({"bins": 1}, "0005", "bins"),
        ({"columns": ["s"]}, "0017", "columns"),
    ],
)
def test_bins_that_cannot_be_made_name_their_field(bench, params, number, where):
    with pytest.raises(StudioError, match=f"Error {number}") as caught:
        bench.run("group_data_into_bins", params, dataset=pd.DataFrame({"x": [1], "s": ["a"]}))
    assert caught.value.where == where
