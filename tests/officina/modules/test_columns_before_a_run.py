"""What the rules of these modules say of columns before a run is what the run makes of them."""

from __future__ import annotations

import pandas as pd
import pytest

from officina.catalogue import Catalogue
from officina.columns import Column
from officina.modules import columns
from officina.modules.tables import Table, read_dataset

LABEL = {"y": {"role": "label"}, "k": {"categorical": True}}
MATH = "apply_math_operation"
BINS = "group_data_into_bins"
JOIN = {"left_keys": ["n"], "right_keys": ["n"]}


def numeric_first():
    return pd.DataFrame(
        {
            "n": [1, 2, 3, 4],
            "x": [0.5, 1.5, 2.5, 4.0],
            "s": ["a", "b", "c", "d"],
            "k": pd.Categorical(["p", "q", "p", "q"]),
            "t": [True, False, True, True],
            "y": [0, 1, 0, 1],
        }
    )


CASES = [
    ("add_columns", {}, ("left", "right")),
    ("add_rows", {}, ("dataset1", "dataset2")),
    ("join_data", JOIN, ("dataset1", "dataset2")),
    ("join_data", {**JOIN, "keep_right_keys": False}, ("dataset1", "dataset2")),
    ("join_data", {**JOIN, "join_type": "left_semi_join"}, ("dataset1", "dataset2")),
    (MATH, {}, ("dataset",)),
    (MATH, {"output_mode": "inplace", "columns": ["n", "x"]}, ("dataset",)),
    (MATH, {"category": "Operations", "constant": 2.5, "columns": ["x"]}, ("dataset",)),
    (MATH, {"category": "Compare", "second_argument_type": "column", "second_column": ["x"],
            "columns": ["n"], "output_mode": "result_only"}, ("dataset",)),
    ("apply_sql_transformation", {}, ("table1",)),
    ("apply_sql_transformation", {"sql_script": "select y, k, s from t1 where n > 1"}, ("table1",)),
    ("clip_values", {"columns": ["x"], "indicator": True}, ("dataset",)),
    ("clip_values", {"columns": ["x"], "overwrite": False, "indicator": True}, ("dataset",)),
    ("convert_to_csv", {}, ("dataset",)),
    ("convert_to_dataset", {}, ("dataset",)),
    (BINS, {"columns": ["x"]}, ("dataset",)),
    (BINS, {"columns": ["x"], "quantile_normalization": "quantile_index"}, ("dataset",)),
    (BINS, {"mode": "equal_width", "output_mode": "inplace", "columns": ["n"]}, ("dataset",)),
    (BINS, {"output_mode": "result_only", "categorical": False}, ("dataset",)),
    ("normalize_data", {"columns": ["n", "x"]}, ("dataset",)),
    ("partition_and_sample", {"rate": 0.5}, ("dataset",)),
    ("partition_and_sample", {"mode": "assign_to_folds", "folds": 2}, ("dataset",)),
    ("remove_duplicate_rows", {"columns": ["k"]}, ("dataset",)),
    ("summarize_data", {}, ("dataset",)),
    ("web_service_input", {}, ("sample",)),
]  # fmt: skip


def told(table):
    words = {"numeric": "number"}
    found = []
    for name in map(str, table.frame.columns):
        kind = columns.type_of(table, name)
        found.append((name, words.get(kind, kind), table.role(name)))
    return found


def schema_of(table):
    return tuple(
        Column(name, kind, role, categorical=kind == "categorical")
        for name, kind, role in told(table)
    )


@pytest.mark.parametrize(("name", "params", "ports"), CASES)
def test_the_rule_says_what_the_run_makes(bench, name, params, ports):
    component = Catalogue().get(name)
    frame = numeric_first()
    table = Table(frame, LABEL)
    folder = bench.put(frame, LABEL)
    outputs = bench.run(name, params, **dict.fromkeys(ports, folder))
    inputs = {port.name: None for port in component.inputs} | dict.fromkeys(ports, schema_of(table))
    ruled = component.schema(component.clean(params), inputs)
    port = component.outputs[0].name
    expected = [
        (one.name, "categorical" if one.categorical else one.type, one.role) for one in ruled[port]
    ]
    assert expected == told(Table(*read_dataset(outputs[port])))


@pytest.mark.parametrize(("name", "params", "ports"), CASES)
def test_unknown_columns_stay_unknown_without_a_fault(name, params, ports):
    component = Catalogue().get(name)
    ruled = component.schema(
        component.clean(params), {port.name: None for port in component.inputs}
    )
    if name != "summarize_data":
        assert ruled[component.outputs[0].name] is None


def test_a_selection_is_known_where_it_is_applied():
    catalogue = Catalogue()
    chosen = (Column("y", "integer", "label"), Column("x", "any"))
    made = catalogue.get("select_columns_transform").schema({}, {"dataset": chosen})
    rule = catalogue.get("apply_transformation").schema
    table = (Column("x", "number"), Column("z", "string"))
    inputs = {"transform": made["transform"], "dataset": table}
    assert rule({}, inputs) == {"transformed": (Column("x", "number"),)}
    assert rule({}, {"transform": chosen, "dataset": None}) == {"transformed": chosen}
    assert rule({}, {"transform": None, "dataset": table}) == {"transformed": None}
