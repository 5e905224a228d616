from __future__ import annotations

import pandas as pd
import pytest

from officina.errors import StudioError
from officina.modules.tables import read_dataset, read_roles, write_dataset

RULES = "- {rule: between, column: x, min: 0}\n- {rule: not_null, column: y, severity: warning}"


@pytest.fixture
def frame():
    return pd.DataFrame({"x": [1, -2, 3, -4], "y": ["a", None, "c", "d"]})


def test_a_broken_rule_fails_the_step_and_names_itself(bench, frame):
    with pytest.raises(StudioError, match=r"x is at least 0: 2 of 4 rows do not meet it"):
        bench.run("check_data_quality", {"rules": RULES}, dataset=frame)


def test_a_warning_lets_all_rows_pass_and_is_told(bench, frame, capsys):
    params = {"rules": RULES, "on_failure": "warn"}
    outputs = bench.run("check_data_quality", params, dataset=frame)
    assert read_dataset(outputs["passing"])[0]["x"].tolist() == [1, -2, 3, -4]
    assert read_dataset(outputs["failing"])[0].empty
    assert "warning  y is never empty: 1 of 4 rows are empty" in capsys.readouterr().out


def test_split_parts_the_rows_and_keeps_roles(bench, frame, tmp_path):
    write_dataset(tmp_path / "in", frame, {"x": {"role": "label"}})
    params = {"rules": RULES, "on_failure": "split"}
    outputs = bench.run("check_data_quality", params, dataset=tmp_path / "in")
    assert read_dataset(outputs["passing"])[0]["x"].tolist() == [1, 3]
    assert read_dataset(outputs["failing"])[0]["x"].tolist() == [-2, -4]
    assert read_roles(outputs["failing"])["x"]["role"] == "label"


def test_a_folder_of_foreign_files_is_checked_too(bench, frame, tmp_path):
    folder = tmp_path / "csv"
    folder.mkdir()
    frame.to_csv(folder / "t.csv", index=False)
    params = {"rules": RULES, "on_failure": "split"}
    outputs = bench.run("check_data_quality", params, dataset=folder)
    assert len(read_dataset(outputs["passing"])[0]) == 2


def test_a_rule_that_is_wrong_is_named(bench, frame):
    with pytest.raises(StudioError, match="is not a kind of rule"):
        bench.run("check_data_quality", {"rules": "- {rule: pretty}"}, dataset=frame)
