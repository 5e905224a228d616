from __future__ import annotations

import pandas as pd
import pytest

from officina.errors import StudioError
from officina.modules.tables import read_dataset

NAN = float("nan")


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "x": [1.0, NAN, 3.0, 8.0],
            "k": pd.Categorical(["a", "b", "a", None]),
            "y": [0, 1, 0, 1],
        }
    )


TRANSFORMS = [
    ("clean_missing_data", {"mode": "mean", "columns": ["x"], "indicator": True}),
    ("clean_missing_data", {"mode": "remove_row"}),
    ("clean_missing_data", {"mode": "remove_column"}),
    ("normalize_data", {"columns": ["x"]}),
    ("group_data_into_bins", {"bins": 2, "columns": ["x"]}),
    ("group_data_into_bins", {"bins": 2, "columns": ["x"], "output_mode": "inplace"}),
    ("convert_to_indicator_values", {"columns": ["k"]}),
]


@pytest.mark.parametrize(("name", "params"), TRANSFORMS)
def test_a_transformation_does_to_its_own_table_what_its_step_did(bench, frame, name, params):
    folder = bench.put(frame, {"y": {"role": "label"}, "k": {"categorical": True}})
    made = bench.run(name, params, dataset=folder)
    table = next(port for port in made if port != "transform")
    applied = bench.run(
        "apply_transformation", {}, transform=made["transform"], dataset=folder
    )["transformed"]  # fmt: skip
    expected, roles = read_dataset(made[table])
    result, found = read_dataset(applied)
    pd.testing.assert_frame_equal(result, expected)
    assert found == roles
    assert (applied / "data.parquet").read_bytes() == (made[table] / "data.parquet").read_bytes()


@pytest.mark.parametrize(("name", "params"), TRANSFORMS[3:])
def test_a_table_without_the_columns_is_refused(bench, frame, name, params):
    made = bench.run(name, params, dataset=frame)
    with pytest.raises(StudioError, match="Error 0001"):
        bench.run("apply_transformation", {}, transform=made["transform"], dataset=frame[["y"]])


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("clean_missing_data", {"mode": "mean", "indicator": True}),
        ("clean_missing_data", {"mode": "remove_row"}),
        ("normalize_data", {}),
        ("group_data_into_bins", {"output_mode": "inplace"}),
    ],
)
def test_the_label_may_be_absent_in_data_to_be_scored(bench, name, params):
    frame = pd.DataFrame({"x": [1.0, NAN, 3.0], "y": [NAN, 1.0, 0.0]})
    roles = {"y": {"role": "label"}}
    made = bench.run(name, params, dataset=bench.put(frame, roles))["transform"]
    whole = bench.table("apply_transformation", {}, transform=made, dataset=frame.tail(1))
    scored = bench.table("apply_transformation", {}, transform=made, dataset=frame[["x"]].tail(1))
    labels = [column for column in whole.columns if column.startswith("y")]
    pd.testing.assert_frame_equal(scored, whole.drop(columns=labels))


def test_texts_where_numbers_were_are_refused(bench, frame):
    made = bench.run("group_data_into_bins", {"columns": ["x"]}, dataset=frame)
    with pytest.raises(StudioError, match="Error 0018"):
        bench.run(
            "apply_transformation", {}, transform=made["transform"],
            dataset=frame.assign(x=["a", "b", "c", "d"]),
        )  # fmt: skip


def test_a_learner_is_no_transformation(bench, frame):
    learner = bench.run("linear_regression")["untrained_model"]
    with pytest.raises(StudioError, match="Error 0013"):
        bench.run("apply_transformation", {}, transform=learner, dataset=frame)
