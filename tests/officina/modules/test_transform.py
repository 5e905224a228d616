from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from officina.errors import StudioError
from officina.modules.tables import read_dataset

NAN = float("nan")


@pytest.fixture
def people():
    return pd.DataFrame(
        {
            "Größe": [1.5, NAN, 1.7, 1.9],
            "Jahr": [2001, 2011, 2012, 2020],
            "Stadt, Ort": ["Seoul", "Sevilla", None, "Bonn"],
            "da": [True, False, True, True],
            "leer": [NAN] * 4,
            "Tag": pd.to_datetime(["2020-01-01", "2021-06-01", None, "2022-01-01"]),
        }
    )


def rules(*items):
    return {"rules": [{"include": i, "by": by, "value": value} for i, by, value in items]}


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        (["Jahr", "Größe"], ["Größe", "Jahr"]),
        (rules((True, "range", "1-2,4")), ["Größe", "Jahr", "da"]),
        (rules((False, "names", ["leer"])), ["Größe", "Jahr", "Stadt, Ort", "da", "Tag"]),
        (rules((True, "all", None), (False, "type", ["numeric"])), ["Stadt, Ort", "da", "Tag"]),
        (rules((True, "type", ["integer", "datetime"])), ["Jahr", "Tag"]),
        (rules((True, "role", ["label"])), ["da"]),
        (rules((False, "all", None), (True, "names", ["da"])), ["da"]),
    ],
)
def test_columns_are_selected_by_ordered_rules(bench, people, selector, chosen):
    folder = bench.put(people, {"da": {"role": "label"}})
    frame = bench.table("select_columns", {"columns": selector}, dataset=folder)
    pd.testing.assert_frame_equal(frame, people[chosen])


@pytest.mark.parametrize(
    ("selector", "number"),
    [
        (["Grösse"], "0001"),
        (rules((True, "range", "1-9")), "0001"),
        (rules((True, "range", "3-1")), "0002"),
        (rules((True, "range", "a")), "0002"),
        (rules((True, "type", ["colour"])), "0002"),
        (rules((True, "names", ["da"]), (False, "all", None)), "0011"),
    ],
)
def test_a_selection_that_cannot_be_met_is_a_numbered_error(bench, people, selector, number):
    with pytest.raises(StudioError, match=f"Error {number}") as caught:
        bench.run("select_columns", {"columns": selector}, dataset=people)
    assert caught.value.where == "columns"
    assert caught.value.code == "invalid"


def test_a_misspelt_column_is_answered_with_the_nearest(bench, people):
    with pytest.raises(StudioError, match="Größe"):
        bench.run("select_columns", {"columns": ["Grösse"]}, dataset=people)


NUMBERS = {"columns": rules((True, "type", ["numeric"]))}


@pytest.mark.parametrize("mode", ["mean", "median", "mode"])
def test_missing_numbers_are_replaced_as_pandas_would(bench, people, mode):
    frame = bench.table("clean_missing_data", {"mode": mode, **NUMBERS}, dataset=people)
    column = people["Größe"]
    value = column.mode()[0] if mode == "mode" else getattr(column, mode)()
    assert frame["Größe"].tolist() == column.fillna(value).tolist()
    assert "leer" not in frame.columns


def test_an_empty_column_may_be_propagated(bench, people):
    params = {"mode": "mean", "all_missing": "propagate", **NUMBERS}
    frame = bench.table("clean_missing_data", params, dataset=people)
    assert frame["leer"].isna().all()


def test_a_custom_value_is_read_as_each_columns_type(bench, people):
    params = {"columns": ["Größe", "leer", "Stadt, Ort"], "replacement": "7", "indicator": True}
    frame = bench.table("clean_missing_data", params, dataset=people)
    assert frame["Größe"].tolist() == [1.5, 7.0, 1.7, 1.9]
    assert frame["Stadt, Ort"].tolist() == ["Seoul", "Sevilla", "7", "Bonn"]
    assert frame["leer"].tolist() == [7.0] * 4
    assert frame["Größe_IsMissing"].tolist() == [False, True, False, False]


def test_rows_or_columns_with_missing_values_are_removed(bench, people):
    some = {"columns": ["Größe", "Stadt, Ort"]}
    frame = bench.table("clean_missing_data", {"mode": "remove_row", **some}, dataset=people)
    expected = people.dropna(subset=["Größe", "Stadt, Ort"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(frame, expected)
    frame = bench.table("clean_missing_data", {"mode": "remove_column"}, dataset=people)
    assert list(frame.columns) == ["Jahr", "da"]


def test_only_columns_within_the_ratios_are_cleaned(bench, people):
    params = {"mode": "remove_column", "max_ratio": 0.5}
    frame = bench.table("clean_missing_data", params, dataset=people)
    assert list(frame.columns) == ["Jahr", "da", "leer"]


def test_the_cleaning_is_kept_for_other_tables(bench, people):
    outputs = bench.run("clean_missing_data", {"mode": "mean", **NUMBERS}, dataset=people)
    cleaner = pickle.loads((outputs["transform"] / "model.pkl").read_bytes())
    other = people.assign(Größe=[NAN, 1, 1, 1])
    assert cleaner.transform(other)["Größe"][0] == people["Größe"].mean()
    with pytest.raises(StudioError, match="Error 0001"):
        cleaner.transform(other.drop(columns="Größe"))


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({"min_ratio": 0.9, "max_ratio": 0.1}, "max_ratio"),
        ({"mode": "mean", "columns": ["Stadt, Ort"]}, "Stadt, Ort"),
        ({"replacement": "x", "columns": ["Größe"]}, "replacement"),
        ({"min_ratio": -1}, "min_ratio"),
        ({"mode": "magic"}, "mode"),
    ],
)
def test_a_cleaning_that_cannot_be_done_names_its_field(bench, people, params, where):
    with pytest.raises(StudioError) as caught:
        bench.run("clean_missing_data", params, dataset=people)
    assert caught.value.where == where


def test_a_failed_module_leaves_no_output(bench, people):
    with pytest.raises(StudioError):
        bench.run("clean_missing_data", {"mode": "mean", "columns": ["Tag"]}, dataset=people)
    left = [path for path in bench.root.rglob("*") if "clean_missing" in str(path)]
    assert all(path.is_dir() for path in left)
    assert not [path for path in left if "partial" in path.name]


@pytest.mark.parametrize(
    ("module", "params"),
    [
        ("clean_missing_data", {"mode": "mean"}),
        ("clean_missing_data", {"mode": "remove_row"}),
        ("split_data", {}),
        ("split_data", {"mode": "relative_expression", "expression": '\\"a" > 1'}),
        ("split_data", {"mode": "regular_expression", "expression": '\\"a" x'}),
        ("edit_metadata", {"columns": ["a"], "data_type": "integer"}),
        ("select_columns", {"columns": ["a"]}),
    ],
)
def test_a_table_without_rows_passes(bench, module, params):
    empty = pd.DataFrame({"a": pd.Series([], dtype="float64")})
    frame = bench.table(module, params, dataset=empty)
    assert frame.shape == (0, 1)


def edit(bench, frame, **params):
    outputs = bench.run("edit_metadata", params, dataset=frame)
    return read_dataset(outputs["results"])


def test_types_are_changed(bench):
    frame = pd.DataFrame({"n": ["1", "2", None], "d": ["02.01.2020"] * 3, "b": ["yes", "no", "1"]})
    assert edit(bench, frame, columns=["n"], data_type="integer")[0]["n"].dtype == "Int64"
    assert edit(bench, frame, columns=["n"], data_type="double")[0]["n"].dtype == "float64"
    dates, _ = edit(bench, frame, columns=["d"], data_type="datetime", date_format="%d.%m.%Y")
    assert dates["d"][0] == pd.Timestamp("2020-01-02")
    assert edit(bench, frame, columns=["b"], data_type="boolean")[0]["b"].tolist() == [
        True,
        False,
        True,
    ]
    assert (
        edit(bench, pd.DataFrame({"x": [1]}), columns=["x"], data_type="string")[0]["x"][0] == "1"
    )


@pytest.mark.parametrize("kind", ["integer", "double", "boolean", "datetime"])
def test_a_column_that_cannot_be_converted_is_named(bench, kind):
    with pytest.raises(StudioError, match="Error 0002") as caught:
        edit(bench, pd.DataFrame({"ß": ["what?"]}), columns=["ß"], data_type=kind)
    assert caught.value.where == "ß"


def test_categories_roles_and_names_travel_with_the_table(bench):
    frame = pd.DataFrame({"a": ["x", "y"], "b": [1, 2]})
    table, roles = edit(
        bench, frame, columns=["a"], categorical="categorical", field="label", new_names='"é, f"'
    )
    assert list(table.columns) == ["é, f", "b"]
    assert roles == {"é, f": {"categorical": True, "role": "label"}}
    assert isinstance(table["é, f"].dtype, pd.CategoricalDtype)
    again = bench.put(table, roles)
    outputs = bench.run(
        "edit_metadata",
        {"columns": ["é, f"], "categorical": "noncategorical", "field": "clear_label"},
        dataset=again,
    )
    plain, roles = read_dataset(outputs["results"])
    assert plain["é, f"].tolist() == ["x", "y"]
    assert not isinstance(plain["é, f"].dtype, pd.CategoricalDtype)
    assert roles == {"é, f": {"role": "feature"}}


@pytest.mark.parametrize("names", ["p", "p,q,r", "p,p", "c"])
def test_new_names_that_do_not_fit_are_refused(bench, names):
    frame = pd.DataFrame({"a": [1], "b": [2], "c": [3]})
    chosen = ["a"] if names == "c" else ["a", "b"]
    with pytest.raises(StudioError, match="Error 0010"):
        edit(bench, frame, columns=chosen, new_names=names)


@pytest.fixture
def rows():
    return pd.DataFrame({"i": range(101), "k": ["a", "b"] * 50 + ["b"]})


def split(bench, frame, **params):
    outputs = bench.run("split_data", params, dataset=frame)
    return tuple(read_dataset(outputs[port])[0] for port in ("results1", "results2"))


@pytest.mark.parametrize("test_size", [0.2, 0.3, 0.5, 0.71])
@pytest.mark.parametrize("seed", [0, 42])
def test_a_random_split_has_the_rows_of_train_test_split(bench, rows, test_size, seed):
    first, second = split(bench, rows, fraction=1 - test_size, random_seed=seed)
    train, test = train_test_split(rows, test_size=test_size, random_state=seed)
    assert first["i"].tolist() == train["i"].tolist()
    assert second["i"].tolist() == test["i"].tolist()


def test_a_stratified_split_keeps_the_shares(bench, rows):
    params = {"fraction": 0.8, "stratified": True, "stratify_by": ["k"], "random_seed": 1}
    first, _ = split(bench, rows, **params)
    train, _ = train_test_split(rows, train_size=80, random_state=1, stratify=rows["k"])
    assert first["i"].tolist() == train["i"].tolist()


def test_a_split_without_chance_keeps_the_order(bench, rows):
    first, second = split(bench, rows, fraction=0.1, randomized=False)
    assert first["i"].tolist() == list(range(10))
    assert len(second) == 91


def test_a_split_may_give_all_rows_to_one_side(bench, rows):
    assert [len(part) for part in split(bench, rows, fraction=1)] == [101, 0]
    assert [len(part) for part in split(bench, rows, fraction=0)] == [0, 101]


def test_a_blank_seed_is_drawn_and_reported(bench, rows):
    first, _ = split(bench, rows, fraction=0.5, random_seed=None)
    seed = bench.messages("param")[0]["value"]
    again, _ = split(bench, rows, fraction=0.5, random_seed=seed)
    assert first["i"].tolist() == again["i"].tolist()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('\\"Jahr" > 2010', [1, 2, 3]),
        ("(\\1) <= 2012 & != 2011", [0, 2]),
        ('\\"Jahr" = 2001 | >= 2020', [0, 3]),
        ('\\"Größe" < 1.6 | \\"Stadt, Ort" == "Bonn"', [0, 3]),
        ('\\"Stadt, Ort" != Bonn', [0, 1]),
        ('\\"da" = true & \\"Jahr" < 2015', [0, 2]),
        ('\\"Tag" >= "2021-01-01"', [1, 3]),
        ('\\"Größe" != 1.5', [2, 3]),
    ],
)
def test_rows_are_split_by_comparison(bench, people, expression, expected):
    first, second = split(bench, people, mode="relative_expression", expression=expression)
    assert first["Jahr"].tolist() == people["Jahr"].iloc[expected].tolist()
    assert len(first) + len(second) == 4


@pytest.mark.parametrize(
    ("expression", "expected"),
    [('\\"Stadt, Ort" ^Se', [0, 1]), ("(\\2) onn$", [3]), ('\\"Jahr" ^201', [1, 2])],
)
def test_rows_are_split_by_pattern(bench, people, expression, expected):
    first, _ = split(bench, people, mode="regular_expression", expression=expression)
    assert first["Jahr"].tolist() == people["Jahr"].iloc[expected].tolist()


@pytest.mark.parametrize(
    ("mode", "expression"),
    [
        ("relative_expression", "Jahr > 1"),
        ("relative_expression", '\\"Jahr"'),
        ("relative_expression", '\\"Jahr" >'),
        ("relative_expression", '\\"Jahr" > 1 2'),
        ("relative_expression", '\\"Jahr" > 1 &'),
        ("relative_expression", '\\"Jahr" > "x"'),
        ("relative_expression", '\\"nein" > 1'),
        ("relative_expression", "\\9 > 1"),
        ("relative_expression", '__import__("os").system("true")'),
        ("relative_expression", ""),
        ("regular_expression", '\\"Jahr" ('),
        ("regular_expression", "x"),
    ],
)
def test_an_expression_that_is_not_understood_is_refused(bench, people, mode, expression):
    with pytest.raises(StudioError, match=r"Error 000[123]") as caught:
        split(bench, people, mode=mode, expression=expression)
    assert caught.value.where == "expression"


def test_a_split_of_many_rows_is_a_partition(bench):
    frame = pd.DataFrame({"i": np.arange(10_000)})
    first, second = split(bench, frame, fraction=0.29, random_seed=3)
    assert len(first) == 2900
    assert sorted([*first["i"], *second["i"]]) == list(range(10_000))
