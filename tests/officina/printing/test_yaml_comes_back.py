"""What is printed as YAML is read back as the same graph, and is Azure's own document."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings

import officina.samples
from officina.catalogue import Catalogue, Component, Port
from officina.documents import load_job
from officina.errors import StudioError
from officina.graph import Edge, Graph, Node, pipeline_document
from officina.local import default_cache, run_job
from officina.printing import graph_of_text, graph_of_yaml, to_json_text, to_yaml
from tests.officina.graph_strategy import CATALOGUE, exact, graphs, variants

GRAPHS = Path(__file__).parents[2] / "graphs"
SAMPLES = Path(officina.samples.__file__).parent


@pytest.fixture
def diabetes() -> Graph:
    return Graph.from_json((GRAPHS / "diabetes.json").read_text())


@settings(max_examples=300)
@given(graphs())
def test_any_graph_comes_back_from_its_yaml(graph: Graph) -> None:
    for each in variants(graph, 7):
        assert exact(graph_of_yaml(to_yaml(each, CATALOGUE))) == exact(each)


@settings(max_examples=100)
@given(graphs())
def test_every_reader_of_yaml_reads_the_same(graph: Graph) -> None:
    """PyYAML reads as YAML 1.1, our reader nearer to 1.2: texts must be the same texts in both."""
    text = to_yaml(graph, CATALOGUE)
    assume("jobs: {}" not in text)
    told = yaml.safe_load(text)
    document = load_job(text).document
    for step, node in told["jobs"].items():
        for name, value in (node.get("inputs") or {}).items():
            entry = document["jobs"][step]["inputs"][name]
            if entry["jobInputType"] == "literal":
                assert (type(value), value) == (type(entry["value"]), entry["value"])


@settings(max_examples=100)
@given(graphs())
def test_the_yaml_holds_only_what_azure_reads(graph: Graph) -> None:
    """Azure's schema refuses mappings and lists as values, nulls, and other keys than these."""
    job = yaml.safe_load(to_yaml(graph, CATALOGUE))
    known = {"$schema", "type", "display_name", "experiment_name", "description", "inputs"}
    assert job.keys() <= known | {"settings", "jobs", "properties"}
    assert all(isinstance(value, str) for value in job["properties"].values())
    keys = {"type", "display_name", "comment", "component", "compute", "force_rerun", "inputs"}
    for node in job["jobs"].values():
        assert node.keys() <= keys
        for value in (node.get("inputs") or {}).values():
            assert is_input(value)
    assert all(is_input(value) for value in (job.get("inputs") or {}).values())


def is_input(value: Any) -> bool:
    if isinstance(value, dict):
        return value.keys() == {"type", "path"} and value["type"] in ("uri_folder", "custom_model")
    return isinstance(value, str | int | float)


def test_the_yaml_of_a_graph_means_what_its_document_means(diabetes: Graph) -> None:
    loaded = load_job(to_yaml(diabetes, Catalogue())).document
    document = pipeline_document(diabetes, Catalogue())
    for step, node in document["jobs"].items():
        for name, entry in node["inputs"].items():
            assert loaded["jobs"][step]["inputs"][name] == entry


def test_a_change_made_by_hand_is_read(diabetes: Graph) -> None:
    text = to_yaml(diabetes, Catalogue()).replace("sample: diabetes", "sample: wine")
    text = text.replace("jobs.split.outputs.results1", "jobs.import.outputs.dataset")
    graph = graph_of_yaml(text)
    assert graph.node("import").params == {"sample": "wine"}
    assert Edge("import", "dataset", "train", "dataset") in graph.edges
    assert (graph.node("learner").x, graph.node("learner").y) == (200, 100)


def test_yaml_without_our_facts_is_drawn_too(diabetes: Graph) -> None:
    job = yaml.safe_load(to_yaml(diabetes, Catalogue()))
    del job["properties"]
    graph = graph_of_yaml(yaml.safe_dump(job, sort_keys=False))
    assert [node.id for node in graph.nodes] == [node.id for node in diabetes.nodes]
    assert set(graph.edges) == set(diabetes.edges)


@pytest.mark.parametrize("facts", ["nonsense", "[]", '{"schema": 9}', '{"schema": 1, "off": 3}'])
def test_facts_that_are_not_ours_are_left_alone(diabetes: Graph, facts: str) -> None:
    job = yaml.safe_load(to_yaml(diabetes, Catalogue()))
    job["properties"]["designer"] = facts
    graph = graph_of_yaml(yaml.safe_dump(job, sort_keys=False))
    assert set(graph.edges) == set(diabetes.edges)


def test_a_broken_draft_is_printed_as_it_is() -> None:
    graph = Graph((Node("a", "gone", "7", {"x": [1]}),), (Edge("b", "o", "a", "i"),))
    assert exact(graph_of_yaml(to_yaml(graph, Catalogue()))) == exact(graph)


def test_a_pipeline_component_is_printed_as_one_step() -> None:
    ports = {"inputs": (Port("table", "uri_folder"),), "outputs": (Port("kept", "uri_folder"),)}
    whole = Component("whole", "2", type="pipeline", extra={"jobs": {"a": {}}}, **ports)
    nodes = (Node("data", "import_data"), Node("sub", "whole", "2"))
    graph = Graph(nodes, (Edge("data", "dataset", "sub", "table"),))
    text = to_yaml(graph, Catalogue([whole]))
    assert "    type: pipeline\n    component: azureml:whole:2\n" in text
    assert exact(graph_of_yaml(text)) == exact(graph)


def test_scripts_are_printed_in_lines(diabetes: Graph) -> None:
    code = "import pandas\n\ndef main(a):\n    return a\n"
    node = replace(diabetes.nodes[0], component="enter_data_manually", params={"data": code})
    text = to_yaml(replace(diabetes, nodes=(node,), edges=()), Catalogue())
    assert "data: |\n        import pandas\n" in text


def test_text_of_either_kind_is_read(diabetes: Graph) -> None:
    assert graph_of_text(to_json_text(diabetes)) == diabetes
    assert exact(graph_of_text(to_yaml(diabetes, Catalogue()))) == exact(diabetes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("type: command\ncommand: x\nenvironment: azureml:e:1\n", "a single command job"),
        ("type: pipeline\njobs:\n  a: [\n", "<text>:"),
        ("{", "<text>:"),
        ('{"nodes": 3}', "must be a list"),
        ("type: pipeline\njobs: {a: {component: ./own.yml}}\n", "own.yml"),
    ],
)
def test_what_cannot_be_read_says_where(text: str, said: str) -> None:
    with pytest.raises(StudioError) as caught:
        graph_of_text(text)
    assert said in f"{caught.value.message} {caught.value.where}"


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_the_samples_come_back(path: Path) -> None:
    data = json.loads(path.read_text())
    graph = Graph.from_json(data.get("graph", data))
    assert exact(graph_of_yaml(to_yaml(graph, Catalogue()))) == exact(graph)


@pytest.mark.slow
def test_an_exported_graph_runs_and_gives_the_same(diabetes: Graph, tmp_path: Path) -> None:
    selector = {"rules": [{"include": False, "by": "names", "value": ["s1"]}]}
    extra = Node("keep", "select_columns", "1", {"columns": selector})
    edges = [replace(e, source="keep", source_port="results") if e.id == "split:dataset" else e
             for e in diabetes.edges]  # fmt: skip
    graph = replace(
        diabetes,
        nodes=(*diabetes.nodes, extra),
        edges=(*edges, Edge("import", "dataset", "keep", "dataset")),
    )
    results = []
    for name, text in (("g.json", to_json_text(graph)), ("p.yml", to_yaml(graph, Catalogue()))):
        (tmp_path / name).write_text(text)
        out = tmp_path / f"{name}-out"
        results.append(run_job(tmp_path / name, out=out, cache=default_cache()))
    assert {step: s.status for step, s in results[0].steps.items()} == dict.fromkeys(
        (node.id for node in graph.nodes), "Completed"
    )
    assert json.dumps(results[0].as_json()) == json.dumps(results[1].as_json())


def test_a_place_in_a_datastore_stays_data_of_the_whole_pipeline() -> None:
    text = """
type: pipeline
inputs:
  raw: {type: uri_folder, path: azureml://datastores/lake/paths/raw/}
jobs:
  split:
    type: command
    component: azureml://registries/officina/components/split_data/versions/1
    inputs: {dataset: "${{parent.inputs.raw}}"}
"""
    document = pipeline_document(graph_of_yaml(text), Catalogue())
    given = document["inputs"]["raw"]
    assert (given["jobInputType"], given["uri"]) == (
        "uri_folder",
        "azureml://datastores/lake/paths/raw/",
    )
    assert document["jobs"]["split"]["inputs"]["dataset"]["uri"] == "${{parent.inputs.raw}}"
