"""Code is read, never run, and its faults have a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from designer.services.linting import faults


def test_a_fault_has_the_line_it_is_on() -> None:
    assert faults("python", "import os\ndef f(:\n  pass")[0]["line"] == 2
    assert faults("json", '{"a": 1,\n "b": }')[0]["line"] == 2
    assert faults("sql", "SELECT a\nFORM t1")[0]["line"] == 2
    assert faults("r", "anything") == []


def test_good_code_has_none() -> None:
    assert faults("python", "def azureml_main(a=None, b=None):\n    return a\n") == []
    assert faults("json", "[1]") == []
    assert faults("sql", "SELECT t1.a, count(*) FROM t1 GROUP BY t1.a") == []


def test_a_script_must_have_its_function_and_read_columns_that_arrive() -> None:
    script = "def azureml_main(dataframe1=None, dataframe2=None):\n    return dataframe1[['bim']]\n"
    found = faults("python", script, "execute_python_script", {"dataset1": ["bmi", "age"]})
    assert [(each["line"], each["severity"]) for each in found] == [(2, "warning")]
    assert "bmi" in found[0]["message"]
    assert "azureml_main" in faults("python", "x = 1", "execute_python_script")[0]["message"]
    assert faults("python", "x = 1", "create_python_model") == []


def test_nothing_of_it_runs(tmp_path: Path) -> None:
    target = tmp_path / "made"
    assert faults("sql", f"ATTACH DATABASE '{target}' AS x")
    faults("python", f"open({str(target)!r}, 'w')")
    assert not target.exists()


@pytest.mark.parametrize("code", ["(" * 50_000, "-" * 100_000 + "1", "a\x00b", "[" * 50_000])
def test_what_is_nested_beyond_sense_is_a_fault(code: str) -> None:
    assert faults("python", code)
    assert faults("json", code)


@pytest.mark.django_db
def test_code_is_looked_through_over_http(cast: Any) -> None:
    url = "/api/v1/workspaces/lab/designer/lint"
    client = cast.client("reader")
    answer = client.post(url, {"language": "python", "code": "x ="})
    assert answer.json()["problems"][0]["severity"] == "error"
    assert client.post(url, {"code": 3}).status_code == 400
