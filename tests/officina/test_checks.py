"""What is wrong with a graph or pipeline is found before it runs, with code, place and words."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from officina.catalogue import Catalogue
from officina.checks import Problem, problems
from officina.documents import load_job
from officina.graph import Graph, pipeline_document

GRAPHS = Path(__file__).parents[1] / "graphs"


@pytest.fixture
def graph() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((GRAPHS / "diabetes.json").read_text())
    return data


def found(graph: dict[str, Any]) -> list[Problem]:
    return problems(Graph.from_json(graph), Catalogue())


def the_one(graph: dict[str, Any], code: str) -> Problem:
    """Return the problem of that code, the same from the graph and from its pipeline document."""
    (problem,) = [one for one in found(graph) if one.code == code]
    return problem


def node(graph: dict[str, Any], id: str) -> dict[str, Any]:
    result: dict[str, Any] = next(one for one in graph["nodes"] if one["id"] == id)
    return result


def connect(graph: dict[str, Any], source: str, output: str, target: str, input: str) -> None:
    graph["edges"].append(
        {"source": source, "sourceHandle": output, "target": target, "targetHandle": input}
    )


def test_a_sound_graph_and_its_pipeline_have_no_problems(graph: dict[str, Any]) -> None:
    assert found(graph) == []
    document = pipeline_document(Graph.from_json(graph), Catalogue())
    assert problems(document, Catalogue()) == []
    assert problems(graph, Catalogue()) == []


def test_an_empty_graph() -> None:
    assert [one.code for one in found({"nodes": []})] == ["empty_graph"]


def test_an_unknown_component_names_the_nearest(graph: dict[str, Any]) -> None:
    node(graph, "split")["component"] = "split_dta"
    problem = the_one(graph, "unknown_component")
    assert problem.node == "split"
    assert "split_data" in problem.message + problem.hint


def test_a_missing_input(graph: dict[str, Any]) -> None:
    graph["edges"] = [edge for edge in graph["edges"] if edge["id"] != "score:dataset"]
    problem = the_one(graph, "missing_input")
    assert (problem.node, problem.port) == ("score", "dataset")


def test_a_model_cannot_feed_a_dataset(graph: dict[str, Any]) -> None:
    graph["edges"] = [edge for edge in graph["edges"] if edge["id"] != "score:dataset"]
    connect(graph, "train", "trained_model", "score", "dataset")
    problem = the_one(graph, "wrong_type")
    assert (problem.node, problem.port) == ("score", "dataset")
    assert "a Model cannot feed a Dataset" in problem.message


def test_an_unknown_port_and_parameter(graph: dict[str, Any]) -> None:
    connect(graph, "import", "dataset", "split", "data")
    node(graph, "split")["params"]["fracton"] = 1
    assert the_one(graph, "unknown_port").port == "data"
    problem = the_one(graph, "unknown_parameter")
    assert "fraction" in problem.hint


def test_an_unknown_output(graph: dict[str, Any]) -> None:
    graph["edges"][0]["sourceHandle"] = "results"
    assert the_one(graph, "unknown_output").node == "split"


def test_two_edges_to_one_input(graph: dict[str, Any]) -> None:
    connect(graph, "import", "dataset", "score", "dataset")
    assert the_one(graph, "double_edge").port == "dataset"


def test_a_connection_to_nothing(graph: dict[str, Any]) -> None:
    graph["edges"][0]["source"] = "imprt"
    problem = the_one(graph, "unknown_step")
    assert "Did you mean 'import'?" in problem.hint


def test_a_cycle_shows_its_loop() -> None:
    data = json.loads((GRAPHS / "cycle.json").read_text())
    assert " -> " in the_one(data, "cycle").message


def test_an_id_used_twice(graph: dict[str, Any]) -> None:
    graph["nodes"].append(copy.deepcopy(graph["nodes"][0]))
    assert the_one(graph, "duplicate_id").node == "import"


@pytest.mark.parametrize(
    ("value", "code"),
    [(1.5, "out_of_range"), (-1, "out_of_range"), ("much", "wrong_parameter_type")],
)
def test_a_number_that_does_not_fit(graph: dict[str, Any], value: Any, code: str) -> None:
    node(graph, "split")["params"]["fraction"] = value
    assert the_one(graph, code).port == "fraction"


def test_a_pipeline_parameter_is_checked_where_it_goes(graph: dict[str, Any]) -> None:
    graph["parameters"]["fraction"]["default"] = 7
    assert the_one(graph, "out_of_range").node == "split"


def test_a_value_that_is_not_listed(graph: dict[str, Any]) -> None:
    node(graph, "split")["params"]["mode"] = "sideways"
    assert the_one(graph, "not_in_enum").port == "mode"


def test_a_missing_parameter(graph: dict[str, Any]) -> None:
    node(graph, "train")["params"] = {}
    assert the_one(graph, "missing_parameter").port == "label"


def test_an_unknown_pipeline_parameter(graph: dict[str, Any]) -> None:
    graph["parameters"] = {"fractions": {"type": "number", "default": 1}}
    problem = the_one(graph, "unknown_parent_input")
    assert (problem.node, problem.port) == ("split", "fraction")
    assert "Did you mean 'fractions'?" in problem.hint


PIPELINE = """\
type: pipeline
inputs:
  data: {type: uri_folder, path: "azureml:d:1"}
  size: {type: number}
outputs: {o: }
jobs:
  a:
    component:
      name: a
      type: command
      inputs: {d: {type: uri_folder}, n: {type: integer, min: 1}, s: {type: number, default: 1}}
      outputs: {t: {type: uri_folder}}
      environment: azureml:e@latest
      command: run ${{inputs.d}} ${{inputs.n}} ${{inputs.s}} ${{outputs.t}}
    inputs: {d: "${{parent.inputs.data}}", n: 1}
    outputs: {t: "${{parent.outputs.o}}"}
  b:
    command: run ${{inputs.t}}
    environment: azureml:e@latest
    inputs: {t: "${{parent.jobs.a.outputs.t}}"}
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (", n: 1}", ", n: 1}", []),
        (", n: 1}", ", n: 0}", ["out_of_range"]),
        (", n: 1}", "}", ["missing_input"]),
        ('{d: "${{parent.inputs.data}}", n: 1}', "{n: 1}", ["missing_input"]),
        ("inputs.data}}", "inputs.dta}}", ["unknown_parent_input"]),
        ("outputs.o}}", "outputs.x}}", ["unknown_parent_output"]),
        ("jobs.a.outputs.t}}", "jobs.x.outputs.t}}", ["unknown_step"]),
        ("jobs.a.outputs.t}}", "jobs.a.outputs.x}}", ["unknown_output"]),
        (", n: 1}", ", n: 1, z: 2}", ["unknown_parameter"]),
        (", n: 1}", ', n: 1, s: "${{parent.inputs.size}}"}', []),
        ('path: "azureml:d:1"', "description: none", ["missing_input"]),
    ],
)
def test_pipeline_documents_are_checked_alike(old: str, new: str, expected: list[str]) -> None:
    assert old in PIPELINE
    document = load_job(PIPELINE.replace(old, new)).document
    assert [problem.code for problem in problems(document, Catalogue())] == expected


def test_depends_on_must_name_a_step() -> None:
    document = load_job(PIPELINE + "    depends_on: [c]\n").document
    assert [problem.code for problem in problems(document, Catalogue())] == ["unknown_step"]


def test_a_registered_component_that_is_not_there() -> None:
    text = "type: pipeline\njobs: {a: {component: 'azureml:nope:1'}}\n"
    (problem,) = problems(load_job(text).document, Catalogue())
    assert (problem.code, problem.node) == ("unknown_component", "a")


def test_a_command_job_without_a_value() -> None:
    document = load_job(
        "command: run ${{inputs.x}}\nenvironment: azureml:e:1\ninputs: {x: }\n"
    ).document
    assert [problem.code for problem in problems(document, Catalogue())] == ["missing_input"]
