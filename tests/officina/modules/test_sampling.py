from __future__ import annotations

import pandas as pd
import pytest
from sklearn.model_selection import KFold, StratifiedKFold

from officina.errors import StudioError
from officina.modules.tables import read_dataset


@pytest.fixture
def rows():
    return pd.DataFrame({"i": range(200), "k": ["a"] * 150 + ["b"] * 50})


def partition(bench, frame, **params):
    outputs = bench.run("partition_and_sample", params, dataset=frame)
    return read_dataset(outputs["results"])


@pytest.mark.parametrize("seed", [0, 42])
@pytest.mark.parametrize("rate", [0.01, 0.255, 1.0])
def test_a_sample_has_the_rows_of_pandas_sample(bench, rows, rate, seed):
    frame, _ = partition(bench, rows, rate=rate, random_seed=seed)
    expected = rows.sample(frac=rate, random_state=seed).reset_index(drop=True)
    pd.testing.assert_frame_equal(frame, expected)


def test_a_stratified_sample_keeps_the_shares(bench, rows):
    frame, _ = partition(bench, rows, rate=0.1, stratified=True, stratify_by=["k"])
    assert frame["k"].value_counts().to_dict() == {"a": 15, "b": 5}
    assert frame["i"].is_unique


def test_the_head_is_the_first_rows(bench, rows):
    assert partition(bench, rows, mode="head")[0]["i"].tolist() == list(range(10))
    assert len(partition(bench, rows, mode="head", rows=999)[0]) == 200
    assert len(partition(bench, rows, mode="head", rows=0)[0]) == 0


FOLDS = {"mode": "assign_to_folds"}


def test_folds_are_those_of_kfold(bench, rows):
    frame, roles = partition(bench, rows, **FOLDS, random_seed=7)
    assert roles == {"Fold": {"role": "fold"}}
    assert frame["i"].tolist() == rows["i"].tolist()
    for number, (_, chosen) in enumerate(KFold(5, shuffle=True, random_state=7).split(rows), 1):
        assert frame.index[frame["Fold"] == number].tolist() == chosen.tolist()


def test_stratified_folds_are_those_of_stratifiedkfold(bench, rows):
    params = {"folds": 4, "stratified": True, "stratify_by": ["k"], "random_seed": 7}
    frame, _ = partition(bench, rows, **FOLDS, **params)
    parts = StratifiedKFold(4, shuffle=True, random_state=7).split(rows, rows["k"])
    for number, (_, chosen) in enumerate(parts, 1):
        assert frame.index[frame["Fold"] == number].tolist() == chosen.tolist()


def test_without_chance_rows_are_dealt_out_in_turn(bench, rows):
    frame, _ = partition(bench, rows, **FOLDS, folds=3, randomized=False)
    assert frame["Fold"].tolist() == [1 + i % 3 for i in range(200)]


@pytest.mark.parametrize(
    ("text", "sizes"),
    [(".5, .25, .25", [100, 50, 50]), (".2,.3", [40, 60, 100]), ("1", [200])],
)
@pytest.mark.parametrize("randomized", [True, False])
def test_proportions_are_kept_and_the_rest_is_one_more_fold(bench, rows, text, sizes, randomized):
    params = {"method": "proportions", "proportions": text, "randomized": randomized}
    frame, _ = partition(bench, rows, **FOLDS, **params)
    assert frame["Fold"].value_counts().sort_index().tolist() == sizes
    assert (frame["Fold"].tolist() == sorted(frame["Fold"])) is (not randomized or sizes == [200])


def test_stratified_proportions_hold_in_each_group(bench, rows):
    params = {"method": "proportions", "proportions": ".6,.4", "stratified": True}
    frame, _ = partition(bench, rows, **FOLDS, **params, stratify_by=["k"])
    counts = frame.groupby(["k", "Fold"]).size().to_dict()
    assert counts == {("a", 1): 90, ("a", 2): 60, ("b", 1): 30, ("b", 2): 20}


def test_with_replacement_a_row_may_be_in_several_folds(bench, rows):
    frame, _ = partition(bench, rows, **FOLDS, replacement=True)
    assert frame["Fold"].value_counts().tolist() == [40] * 5
    assert frame.duplicated("i").any()


def test_a_fold_is_picked_and_its_complement_too(bench, rows):
    folder = bench.run("partition_and_sample", {**FOLDS, "folds": 4}, dataset=rows)["results"]
    assigned, _ = read_dataset(folder)
    picked, roles = partition(bench, folder, mode="pick_fold", fold=2)
    others, _ = partition(bench, folder, mode="pick_fold", fold=2, complement=True)
    assert picked["i"].tolist() == assigned.loc[assigned["Fold"] == 2, "i"].tolist()
    assert sorted([*picked["i"], *others["i"]]) == rows["i"].tolist()
    assert (list(picked.columns), roles) == (["i", "k"], {})


def test_a_column_called_fold_is_left_alone(bench):
    frame, roles = partition(bench, pd.DataFrame({"Fold": ["x"] * 9}), **FOLDS)
    assert list(frame.columns) == ["Fold", "Fold_"]
    assert roles == {"Fold_": {"role": "fold"}}


def test_a_blank_seed_is_drawn_and_reported(bench, rows):
    first, _ = partition(bench, rows, rate=0.5, random_seed=None)
    seed = bench.messages("param")[0]["value"]
    again, _ = partition(bench, rows, rate=0.5, random_seed=seed)
    pd.testing.assert_frame_equal(first, again)


@pytest.mark.parametrize(
    ("params", "number", "where"),
    [
        ({"mode": "pick_fold"}, "0018", "dataset"),
        ({**FOLDS, "method": "proportions", "proportions": ".9,.2"}, "0006", "proportions"),
        ({**FOLDS, "method": "proportions", "proportions": "x"}, "0002", "proportions"),
        ({**FOLDS, "method": "proportions", "proportions": "0,.5"}, "0002", "proportions"),
        ({**FOLDS, "folds": 999}, "0018", "folds"),
        ({"stratified": True}, "0003", "stratify_by"),
        ({"rate": 1.5}, "0006", "rate"),
    ],
)
def test_what_cannot_be_sampled_names_its_field(bench, rows, params, number, where):
    with pytest.raises(StudioError, match=f"Error {number}") as caught:
        partition(bench, rows, **params)
    assert caught.value.where == where


def test_a_fold_that_is_not_there_is_said(bench, rows):
    folder = bench.run("partition_and_sample", FOLDS, dataset=rows)["results"]
    with pytest.raises(StudioError, match="Error 0018: There is no fold 9; the folds are 1 to 5"):
        partition(bench, folder, mode="pick_fold", fold=9)
