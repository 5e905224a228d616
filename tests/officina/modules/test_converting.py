from __future__ import annotations

import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder

from officina.errors import StudioError
from officina.modules.tables import read_dataset

NAN = float("nan")


def test_a_csv_file_lies_beside_the_table(bench):
    frame = pd.DataFrame({"é, f": [1.5, NAN], 'q"': ["a,b", "c\nd"]})
    outputs = bench.run("convert_to_csv", {}, dataset=frame)
    text = (outputs["results"] / "data.csv").read_bytes().decode("utf-8")
    assert text == frame.to_csv(index=False, lineterminator="\n")
    pd.testing.assert_frame_equal(read_dataset(outputs["results"])[0], frame)
    assert b"\r" not in (outputs["results"] / "data.csv").read_bytes()


@pytest.fixture
def cars():
    return pd.DataFrame(
        {
            "price": ["13495", "?", "16500"],
            "make": ["audi", "?", "?!"],
            "doors": [2, 4, 2],
            "kind": pd.Categorical(["?", "b", "c"]),
            "length": [1.5, NAN, 3.0],
        }
    )


def convert(bench, frame, **params):
    return bench.table("convert_to_dataset", params, dataset=frame)


def test_without_an_action_the_table_stays(bench, cars):
    pd.testing.assert_frame_equal(convert(bench, cars), cars)


def test_a_word_for_missing_becomes_missing_and_numbers_become_numbers(bench, cars):
    result = convert(bench, cars, action="set_missing_value")
    assert result["price"].tolist()[::2] == [13495, 16500]
    assert result["price"].isna().tolist() == [False, True, False]
    assert result["make"].tolist()[::2] == ["audi", "?!"]
    assert list(result["kind"].cat.categories) == ["b", "c"]
    assert result["doors"].tolist() == [2, 4, 2]
    result = convert(bench, cars, action="set_missing_value", custom_missing_value="2")
    assert result["doors"].isna().tolist() == [True, False, True]


def test_only_exact_values_are_replaced(bench, cars):
    params = {"action": "replace_values", "replace": "custom"}
    result = convert(bench, cars, **params, custom_value="?", new_value="none")
    assert result["make"].tolist() == ["audi", "none", "?!"]
    assert result["kind"].tolist() == ["none", "b", "c"]
    result = convert(bench, cars, **params, custom_value="2", new_value="-1")
    assert result["doors"].tolist() == [-1, 4, -1]
    assert result["doors"].dtype == "int64"
    assert result["price"].tolist() == cars["price"].tolist()
    result = convert(bench, cars, **params, custom_value="2", new_value="0.5")
    assert result["doors"].tolist() == [0.5, 4, 0.5]


def test_missing_values_are_replaced_where_the_value_fits(bench):
    frame = pd.DataFrame({"x": [1.5, NAN], "s": ["a", None], "d": pd.to_datetime(["2020", None])})
    result = convert(bench, frame, action="replace_values", new_value="0")
    assert result["x"].tolist() == [1.5, 0.0]
    assert result["s"].tolist() == ["a", "0"]
    result = convert(bench, frame, action="replace_values", new_value="none")
    assert result["x"].isna().tolist() == [False, True]  # as documented, silently
    assert result["s"].tolist() == ["a", "none"]


@pytest.fixture
def servers():
    return pd.DataFrame(
        {
            "id": [1, 2, 3, 4],
            "risk": pd.Categorical(["Low", "High", None, "Low"], categories=["Low", "Mid", "High"]),
            "mpg": [25, 26, 25, 30],
        }
    )


def indicate(bench, frame, **params):
    folder = bench.put(frame, {"mpg": {"categorical": True}, "id": {"role": "label"}})
    return bench.run("convert_to_indicator_values", params, dataset=folder)


def test_categories_become_ones_and_zeros_as_one_hot_encoding_has_them(bench, servers):
    outputs = indicate(bench, servers, columns=["risk", "mpg"])
    frame, roles = read_dataset(outputs["results"])
    assert list(frame.columns) == [
        "id", "risk", "mpg", "risk-Low", "risk-High", "risk-Missing", "mpg-25", "mpg-26", "mpg-30",
    ]  # fmt: skip
    encoded = OneHotEncoder(sparse_output=False).fit_transform(servers[["mpg"]])
    assert frame[["mpg-25", "mpg-26", "mpg-30"]].to_numpy().tolist() == encoded.tolist()
    assert frame["risk-Missing"].tolist() == [0, 0, 1, 0]
    assert roles == {"mpg": {"categorical": True}, "id": {"role": "label"}}


def test_the_categorical_columns_may_be_replaced(bench, servers):
    outputs = indicate(bench, servers, columns=["risk"], overwrite=True)
    frame, _ = read_dataset(outputs["results"])
    assert list(frame.columns) == ["id", "mpg", "risk-Low", "risk-High", "risk-Missing"]


def test_other_data_get_the_same_indicators(bench, servers):
    outputs = indicate(bench, servers, columns=["risk"], overwrite=True)
    other = servers.assign(risk=["Mid", "Low", "nie", None])
    frame = bench.table("apply_transformation", {}, transform=outputs["transform"], dataset=other)
    assert frame[["risk-Low", "risk-High", "risk-Missing"]].to_numpy().tolist() == [
        [0, 0, 0], [1, 0, 0], [0, 0, 0], [0, 0, 1],
    ]  # fmt: skip


def test_a_column_that_is_not_categorical_is_refused(bench, servers):
    with pytest.raises(StudioError, match='Error 0056: Column "id"') as caught:
        indicate(bench, servers, columns=["risk", "id"])
    assert caught.value.where == "columns"
