"""Rows are read from every form that clients send, and anything else is refused in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from officina.packaging.rows import NotRows, Rows, read

WANTED = Rows(("a", "b"), ((1, "x"), (2, "y")))


@pytest.mark.parametrize(
    "given",
    [
        {"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]},
        {"input_data": {"columns": ["a", "b"], "index": [0, 1], "data": [[1, "x"], [2, "y"]]}},
        {"dataframe_split": {"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}},
        {"dataframe_records": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]},
        {"inputs": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]},
        {"Inputs": {"WebServiceInput0": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}},
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
        {"a": [1, 2], "b": ["x", "y"]},
    ],
)
def test_each_form_gives_the_same_rows(given: Any) -> None:
    assert read(given) == WANTED
    assert read(json.dumps(given)) == WANTED
    assert read(json.dumps(given).encode()) == WANTED


def test_rows_may_lack_names_and_be_one_alone() -> None:
    assert read([[1, 2], [3, 4]]) == Rows(None, ((1, 2), (3, 4)))
    assert read([1, 2]) == Rows(None, ((1, 2),))
    assert read({"a": 1, "b": 2}) == Rows(("a", "b"), ((1, 2),))
    assert read({"data": [[1, 2]]}) == Rows(None, ((1, 2),))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("nonsense", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("3", "no list of rows"),
        ("[]", "no rows"),
        ('{"columns": ["a"], "data": []}', "no rows"),
        ("{}", "no rows"),
        ("[[1, 2], [3]]", "Row 1 has 1 cells, not 2"),
        ("[[1], 2]", "Row 1 is no list"),
        ('{"a": [1], "b": [1, 2]}', "not of one length"),
        ('{"data": {"data": {"data": {"data": {"data": [1]}}}}}', "too deeply"),
        (json.dumps([[1]] * 100_001), "100,000 are the most"),
    ],
)
def test_what_is_no_rows_is_refused_with_what_is_wrong(given: str, says: str) -> None:
    with pytest.raises(NotRows, match=says):
        read(given)


def test_columns_are_put_in_the_models_order_and_a_missing_one_is_named() -> None:
    assert WANTED.arranged(["b", "a"]) == Rows(("b", "a"), (("x", 1), ("y", 2)))
    assert read([[1, "x"], [2, "y"]]).arranged(["a", "b"]) == WANTED
    with pytest.raises(NotRows, match="no column 'c'"):
        WANTED.arranged(["c"])
    with pytest.raises(NotRows, match="2 cells; the model takes 1"):
        read([[1, 2]]).arranged(["a"])
