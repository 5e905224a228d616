from __future__ import annotations

from typing import Any

from officina.catalogue import Catalogue
from officina.checks import examine
from officina.graph import Graph


def found(code: str, *, disabled: bool = False) -> list[tuple[str, str, str]]:
    script: dict[str, Any] = {
        "id": "script", "component": "execute_python_script", "version": "1",
        "params": {"python_script": code}, "position": {"x": 0, "y": 0},
    }  # fmt: skip
    if disabled:
        script["disabled"] = True
    data = {
        "id": "data", "component": "import_data", "version": "1",
        "params": {"sample": "diabetes"}, "position": {"x": 0, "y": 0},
    }  # fmt: skip
    edge = {
        "id": "script:dataset1", "source": "data", "sourceHandle": "dataset",
        "target": "script", "targetHandle": "dataset1",
    }  # fmt: skip
    graph = Graph.from_json({"schema": 1, "nodes": [data, script], "edges": [edge]})
    return [
        (one.code, one.severity, one.message)
        for one in examine(graph, Catalogue()).problems
        if one.node == "script"
    ]


def test_a_script_that_is_no_python_stands_in_the_way_of_a_run() -> None:
    [(code, severity, message)] = found("def azureml_main(a, b):\n    return (a")
    assert (code, severity) == ("bad_script", "error")
    assert "line 2: '(' was never closed." in message


def test_a_column_that_does_not_arrive_is_a_warning_before_any_run() -> None:
    code = "def azureml_main(a, b):\n    return a[['bmi', 'bmj']], b['x']"
    [(kind, severity, message)] = found(code)
    assert (kind, severity) == ("column_not_found", "warning")
    assert 'line 2: dataframe1 has no column "bmj".' in message


def test_the_template_and_a_script_that_is_switched_off_have_no_fault() -> None:
    assert found(Catalogue().get("execute_python_script").param("python_script").default) == []
    assert found("x = (", disabled=True) == []


def test_code_that_is_nested_beyond_sense_is_a_fault_and_no_crash() -> None:
    for code in ("(" * 50_000, "-" * 100_000 + "1", "a\x00b"):
        assert [one[0] for one in found(code)] == ["bad_script"]
