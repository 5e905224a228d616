from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from officina.catalogue import BUILT_IN
from officina.errors import StudioError
from officina.execution.messages import read_messages
from officina.execution.modules import run_module
from officina.modules import errors
from officina.modules.tables import read_dataset, write_dataset
from officina.tracking import Run


def spec(tmp_path, **changes):
    return {
        "name": "select_columns",
        "version": "1",
        "params": {"columns": ["a"]},
        "inputs": {"dataset": str(tmp_path / "in")},
        "outputs": {"results": str(tmp_path / "outputs" / "results")},
    } | changes


@pytest.fixture(autouse=True)
def table(tmp_path):
    write_dataset(tmp_path / "in", pd.DataFrame({"a": [1, 2], "b": [3, 4]}))


def test_a_run_folder_is_run_from_the_command_line(tmp_path):
    (tmp_path / "job.json").write_text(json.dumps({"module": spec(tmp_path)}))
    answer = subprocess.run(
        [sys.executable, "-m", "officina.execution.modules", str(tmp_path / "job.json")],
        capture_output=True, text=True, check=False,
        env={"OFFICINA_MESSAGES": str(tmp_path / "m.jsonl")},
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert "results: 2 rows x 1 columns" in answer.stdout
    assert read_messages(tmp_path / "m.jsonl")[0] == [{"type": "finished"}]


def test_a_failure_is_a_message_and_an_exit_code(tmp_path):
    (tmp_path / "job.json").write_text(
        json.dumps({"module": spec(tmp_path, params={"columns": ["z"]})})
    )
    answer = subprocess.run(
        [sys.executable, "-m", "officina.execution.modules", str(tmp_path)],
        capture_output=True, text=True, check=False,
        env={"OFFICINA_MESSAGES": str(tmp_path / "m.jsonl")},
    )  # fmt: skip
    assert answer.returncode == 1
    assert 'There is no column "z"' in answer.stderr
    [message] = read_messages(tmp_path / "m.jsonl")[0]
    assert (message["type"], message["code"], message["where"]) == ("failed", "invalid", "columns")


def test_an_older_output_is_replaced_whole(tmp_path):
    old = tmp_path / "outputs" / "results"
    (old / "deep").mkdir(parents=True)
    (old / "stale.txt").write_text("x")
    run_module(spec(tmp_path), Run("r", tmp_path / "m.jsonl"))
    assert sorted(path.name for path in old.iterdir()) == [
        "_profile.json", "_schema.json", "data.parquet",
    ]  # fmt: skip
    assert list(read_dataset(old)[0].columns) == ["a"]
    assert [path.name for path in old.parent.iterdir()] == ["results"]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"name": "select_column"}, "component"),
        ({"version": "99"}, "component"),
        ({"inputs": {}}, "dataset"),
        ({"inputs": {"dataset": "/does/not/exist"}}, "dataset"),
        ({"inputs": {"data": "/"}}, "data"),
        ({"outputs": {}}, "results"),
        ({"params": {"column": ["a"]}}, "column"),
    ],
)
def test_a_spec_that_does_not_fit_names_the_place(tmp_path, changes, where):
    with pytest.raises(StudioError) as caught:
        run_module(spec(tmp_path, **changes), Run("r", tmp_path / "m.jsonl"))
    assert caught.value.where == where
    assert read_messages(tmp_path / "m.jsonl")[0][0]["type"] == "failed"


def test_a_folder_of_foreign_files_is_a_dataset_too(tmp_path):
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv" / "t.csv").write_text("a,b\n1,2\n")
    inputs = {"dataset": str(tmp_path / "csv")}
    run_module(spec(tmp_path, inputs=inputs), Run("r", tmp_path / "m.jsonl"))
    assert read_dataset(tmp_path / "outputs" / "results")[0].to_dict("list") == {"a": [1]}


def test_every_module_and_error_number_is_documented():
    page = (Path(__file__).parents[3] / "docs" / "modules.md").read_text(encoding="utf-8")
    assert [
        name for name in BUILT_IN if f"`{name}`" not in page.split("## Column selector")[0]
    ] == []
    numbers = {
        value for name, value in vars(errors).items() if name.isupper() and isinstance(value, str)
    }
    assert len(numbers) > 10
    assert [number for number in sorted(numbers) if f"{number}" not in page] == []


def test_a_full_disk_is_said_in_words_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(OSError, match="No space"):
        run_module(spec(tmp_path), Run("r", tmp_path / "m.jsonl"))
    [message] = read_messages(tmp_path / "m.jsonl")[0]
    assert "No space left on device" in message["message"]
    assert list((tmp_path / "outputs").iterdir()) == []
