from __future__ import annotations

import pandas as pd
import pytest

from officina.errors import StudioError
from officina.modules.tables import read_dataset

NAN = float("nan")


@pytest.fixture
def left():
    return pd.DataFrame({"id": [1, 2, 3, 4], "name": ["Ann", "Bo", None, "Di"]})


@pytest.fixture
def right():
    return pd.DataFrame({"key": [3, 1, 1, 9], "flag": [True, False, True, True]})


def test_columns_are_put_side_by_side_and_the_shorter_side_is_filled(bench, left, right):
    frame = bench.table("add_columns", left=left, right=right.head(2))
    expected = pd.concat([left, right.head(2)], axis=1)
    pd.testing.assert_frame_equal(frame.convert_dtypes(), expected.convert_dtypes())
    assert str(frame["key"].dtype) == "Int64"  # whole numbers stay whole beside missing ones
    assert str(frame["flag"].dtype) == "boolean"


def test_names_that_both_sides_have_are_numbered(bench):
    one = pd.DataFrame({"a": [1], "b": [2], "a_1": [3]})
    other = pd.DataFrame({"a": [4], "c": [5]})
    folder = bench.put(other, {"a": {"role": "label"}})
    outputs = bench.run("add_columns", left=one, right=folder)
    frame, roles = read_dataset(outputs["combined"])
    assert list(frame.columns) == ["a_2", "b", "a_1", "a_3", "c"]
    assert roles == {"a_3": {"role": "label"}}
    plain = bench.table("add_columns", left=one[["a"]], right=other[["a"]])
    assert list(plain.columns) == ["a_1", "a_2"]


def test_rows_are_put_below_each_other_in_the_first_order(bench, left):
    other = left[["name", "id"]].assign(id=[7.5, 8, 9, 10])
    frame = bench.table("add_rows", dataset1=left, dataset2=other)
    expected = pd.concat([left, other[["id", "name"]]], ignore_index=True)
    pd.testing.assert_frame_equal(frame, expected)


def test_categories_of_both_tables_are_kept(bench):
    one = pd.DataFrame({"c": pd.Categorical(["x", "y"])})
    other = pd.DataFrame({"c": pd.Categorical(["z", "x"])})
    frame = bench.table("add_rows", dataset1=one, dataset2=other)
    assert frame["c"].tolist() == ["x", "y", "z", "x"]
    assert list(frame["c"].cat.categories) == ["x", "y", "z"]


def test_rows_with_other_columns_are_refused_by_name(bench, left, right):
    with pytest.raises(StudioError, match=r'Error 0010.*"id"') as caught:
        bench.run("add_rows", dataset1=left, dataset2=right)
    assert caught.value.where == "dataset2"


def test_the_rows_of_evaluations_can_be_stacked(bench, left):
    frame = bench.table("add_rows", dataset1=left.iloc[:0], dataset2=left)
    assert len(frame) == 4


def join(bench, left, right, **params):
    given = {"left_keys": ["id"], "right_keys": ["key"], **params}
    return bench.table("join_data", given, dataset1=left, dataset2=right)


@pytest.mark.parametrize(
    ("kind", "how"),
    [("inner_join", "inner"), ("left_outer_join", "left"), ("full_outer_join", "outer")],
)
def test_a_join_has_the_rows_of_pandas_merge(bench, left, right, kind, how):
    frame = join(bench, left, right, join_type=kind)
    expected = left.merge(right, left_on="id", right_on="key", how=how)
    order = ["id", "key", "flag"]
    pd.testing.assert_frame_equal(
        frame.convert_dtypes().sort_values(order, ignore_index=True),
        expected.convert_dtypes().sort_values(order, ignore_index=True),
    )


def test_a_semi_join_keeps_left_rows_once(bench, left, right):
    frame = join(bench, left, right, join_type="left_semi_join")
    expected = left[left["id"].isin(right["key"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(frame, expected)


def test_right_keys_may_be_left_out_and_fill_the_left_ones(bench, left, right):
    frame = join(bench, left, right, join_type="full_outer_join", keep_right_keys=False)
    assert list(frame.columns) == ["id", "name", "flag"]
    assert frame["id"].tolist() == [1, 1, 2, 3, 4, 9]


def test_several_keys_are_compared_in_the_order_given(bench):
    one = pd.DataFrame({"a": ["x", "x", "y"], "n": [1, 2, 1], "v": [10, 20, 30]})
    other = pd.DataFrame({"m": [1, 2], "b": ["y", "x"], "w": ["p", "q"]})
    params = {"left_keys": ["a", "n"], "right_keys": ["b", "m"], "keep_right_keys": False}
    frame = bench.table("join_data", params, dataset1=one, dataset2=other)
    assert frame.to_dict("list") == {
        "a": ["x", "y"], "n": [2, 1], "v": [20, 30], "w": ["q", "p"],
    }  # fmt: skip


def test_case_counts_unless_it_is_switched_off(bench):
    one, other = pd.DataFrame({"k": ["Ä", "b"]}), pd.DataFrame({"k": ["ä", "B"], "v": [1, 2]})
    params = {"left_keys": ["k"], "right_keys": ["k"]}
    assert len(bench.table("join_data", params, dataset1=one, dataset2=other)) == 0
    frame = bench.table("join_data", {**params, "match_case": False}, dataset1=one, dataset2=other)
    assert frame.to_dict("list") == {"k": ["Ä", "b"], "k_2": ["ä", "B"], "v": [1, 2]}


def test_a_missing_key_equals_nothing(bench):
    one = pd.DataFrame({"k": [1.0, NAN]})
    other = pd.DataFrame({"k": [NAN, 1.0], "v": [1, 2]})
    params = {"left_keys": ["k"], "right_keys": ["k"]}
    assert bench.table("join_data", params, dataset1=one, dataset2=other)["v"].tolist() == [2]


def test_roles_of_both_tables_are_kept(bench, left, right):
    folders = {
        "dataset1": bench.put(left, {"name": {"role": "label"}}),
        "dataset2": bench.put(right, {"flag": {"categorical": True}}),
    }
    outputs = bench.run("join_data", {"left_keys": ["id"], "right_keys": ["key"]}, **folders)
    assert read_dataset(outputs["results"])[1] == {
        "name": {"role": "label"},
        "flag": {"categorical": True},
    }


@pytest.mark.parametrize(
    ("params", "number"),
    [
        ({"left_keys": ["id", "name"]}, "0011"),
        ({"left_keys": ["name"]}, "0018"),
        ({"left_keys": ["nope"]}, "0001"),
    ],
)
def test_keys_that_do_not_fit_are_refused(bench, left, right, params, number):
    with pytest.raises(StudioError, match=f"Error {number}"):
        join(bench, left, right, **params)
