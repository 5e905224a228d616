"""A graph is a value: read, ordered, compiled to a pipeline, and read back."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

import officina.samples
from officina.catalogue import Catalogue, Component, Port
from officina.documents import load_job
from officina.errors import StudioError
from officina.graph import (
    REGISTRY,
    Edge,
    Graph,
    Node,
    not_drawable,
    pipeline_document,
    resting,
    running,
)
from tests.officina.graph_strategy import CATALOGUE, exact, graphs

GRAPHS = Path(__file__).parents[1] / "graphs"
SAMPLES = Path(officina.samples.__file__).parent
SCHEMA = jsonschema.Draft202012Validator(
    json.loads((GRAPHS.parents[1] / "docs/pipeline.schema.json").read_text())
)


@pytest.fixture
def diabetes() -> Graph:
    return Graph.from_json((GRAPHS / "diabetes.json").read_text())


def test_json_comes_back_as_it_was(diabetes: Graph) -> None:
    assert diabetes.to_json() == json.loads((GRAPHS / "diabetes.json").read_text())


def test_order_puts_sources_first(diabetes: Graph) -> None:
    order = diabetes.order()
    for edge in diabetes.edges:
        assert order.index(edge.source) < order.index(edge.target)


def test_a_loop_is_shown_in_the_direction_of_the_data() -> None:
    graph = Graph.from_json((GRAPHS / "cycle.json").read_text())
    with pytest.raises(StudioError) as caught:
        graph.order()
    shown = caught.value.message.split(": ")[1].split(" -> ")
    assert shown[0] == shown[-1]
    edges = {(edge.source, edge.target) for edge in graph.edges}
    assert set(itertools.pairwise(shown)) == edges


def test_upstream_and_downstream(diabetes: Graph) -> None:
    assert diabetes.upstream("train") == {"import", "split", "learner"}
    assert diabetes.downstream("train") == {"score", "evaluate"}


def test_a_pipeline_document_refers_to_built_in_modules(diabetes: Graph) -> None:
    document = pipeline_document(diabetes, Catalogue(), display_name="Diabetes")
    assert document["displayName"] == "Diabetes"
    step = document["jobs"]["score"]
    assert step["component"] == "azureml://registries/officina/components/score_model/versions/1"
    assert step["inputs"]["dataset"] == {
        "jobInputType": "dataset",
        "uri": "${{parent.jobs.split.outputs.results2}}",
        "mode": "ro_mount",
    }
    assert document["inputs"]["fraction"]["value"] == 0.8


def test_a_graph_comes_back_from_its_pipeline(diabetes: Graph) -> None:
    back = Graph.of_pipeline(pipeline_document(diabetes, Catalogue()))
    assert back.nodes == diabetes.nodes
    assert back.parameters == diabetes.parameters
    assert set(back.edges) == set(diabetes.edges)


def test_a_compiled_graph_is_a_job_that_loads_unchanged(diabetes: Graph) -> None:
    document = pipeline_document(diabetes, Catalogue())
    assert load_job(document).document == document


def test_a_pipeline_of_commands_can_be_drawn() -> None:
    text = (
        "type: pipeline\njobs:\n"
        "  a: {command: 'x > ${{outputs.o}}', environment: 'azureml:e:1', outputs: {o: }}\n"
        "  b: {command: 'cat ${{inputs.i}}', environment: 'azureml:e:1', "
        "inputs: {i: '${{parent.jobs.a.outputs.o}}'}}\n"
    )
    graph = Graph.of_pipeline(load_job(text).document)
    assert graph.edges == (Edge("a", "o", "b", "i"),)
    assert graph.edges[0].id == "b:i"


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        '{"schema": 2}',
        '{"nodes": {}}',
        '{"nodes": [1]}',
        '{"nodes": [{"id": ""}]}',
        '{"nodes": [{"id": "a", "component": 3}]}',
        '{"nodes": [{"id": "a", "component": "c", "position": {"x": "left"}}]}',
        '{"nodes": [{"id": "a", "component": "c", "position": {"x": NaN}}]}',
        '{"edges": [{"source": "a"}]}',
        '{"parameters": {"a": 1}}',
    ],
)
def test_what_is_no_graph_is_refused(text: str) -> None:
    with pytest.raises(StudioError):
        Graph.from_json(text)


@given(graphs())
def test_any_graph_survives_json(graph: Graph) -> None:
    assert exact(Graph.from_json(json.dumps(graph.to_json()))) == exact(graph)


@settings(max_examples=300)
@given(graphs())
def test_any_graph_survives_its_pipeline_document(graph: Graph) -> None:
    document = pipeline_document(graph, CATALOGUE, experiment_name="elsewhere")
    again = json.loads(json.dumps(document))
    assert exact(Graph.of_pipeline(again)) == exact(graph)


@given(graphs())
def test_any_graph_follows_the_json_schema(graph: Graph) -> None:
    SCHEMA.validate(graph.to_json())


@pytest.mark.parametrize("name", ["diabetes", "cycle"])
def test_the_stored_graphs_follow_the_json_schema(name: str) -> None:
    SCHEMA.validate(json.loads((GRAPHS / f"{name}.json").read_text()))


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_the_samples_follow_the_json_schema(path: Path) -> None:
    data = json.loads(path.read_text())
    SCHEMA.validate(Graph.from_json(data.get("graph", data)).to_json())


@pytest.mark.parametrize("change", [{"nodes": [{"id": "a"}]}, {"schema": 2}, {"extra": 1}])
def test_the_json_schema_refuses_what_is_no_graph(change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        SCHEMA.validate(Graph().to_json() | change)


def test_the_digest_of_a_graph_does_not_depend_on_order(diabetes: Graph) -> None:
    turned = replace(diabetes, nodes=diabetes.nodes[::-1], edges=diabetes.edges[::-1])
    assert turned.digest() == diabetes.digest()
    assert replace(diabetes, parameters={}).digest() != diabetes.digest()


def off(graph: Graph, *ids: str) -> Graph:
    return replace(graph, nodes=tuple(replace(n, disabled=n.id in ids) for n in graph.nodes))


def test_a_disabled_node_is_bypassed(diabetes: Graph) -> None:
    document = pipeline_document(off(diabetes, "split"), Catalogue())
    assert "split" not in document["jobs"]
    train = document["jobs"]["train"]["inputs"]["dataset"]["uri"]
    assert train == "${{parent.jobs.import.outputs.dataset}}"
    assert "designer" in document["properties"]
    assert exact(Graph.of_pipeline(document)) == exact(off(diabetes, "split"))


def test_what_a_disabled_node_cuts_off_is_skipped(diabetes: Graph) -> None:
    lively = running(off(diabetes, "train"), Catalogue())
    assert lively.skipped == {"score": "train", "evaluate": "train"}
    assert [node.id for node in lively.graph.nodes] == ["import", "split", "learner"]


def pinned(graph: Graph, *ids: str, **facts: Any) -> Graph:
    pin = {"pinned": "r1", **facts}
    nodes = (replace(node, **pin) if node.id in ids else node for node in graph.nodes)
    return replace(graph, nodes=tuple(nodes))


def test_what_only_a_pinned_node_needs_rests(diabetes: Graph) -> None:
    assert resting(diabetes) == {}
    # Score takes the other half of the split, so what makes that runs.
    assert resting(pinned(diabetes, "train")) == {"train": "train", "learner": "train"}
    assert resting(pinned(diabetes, "train"), ["learner"]) == {"train": "train"}
    whole = resting(pinned(diabetes, "score"))
    assert whole == dict.fromkeys(("import", "split", "learner", "train", "score"), "score")


def test_a_pinned_node_needs_nothing_of_a_disabled_one(diabetes: Graph) -> None:
    source = diabetes.order()[0]
    below = next(edge.target for edge in diabetes.edges if edge.source == source)
    off = pinned(diabetes, source, pinned="", disabled=True)
    assert below in running(off, CATALOGUE).skipped
    assert below not in running(pinned(off, below), CATALOGUE).skipped
    document = pipeline_document(pinned(off, below), CATALOGUE)
    assert exact(Graph.of_pipeline(document)) == exact(pinned(off, below))


def test_a_pin_must_name_a_run() -> None:
    node = {"id": "a", "component": "split_data", "version": "1", "params": {}, "pinned": "r1"}
    with pytest.raises(StudioError, match="pinned"):
        Graph.from_json({"schema": 1, "nodes": [node], "edges": []})


def test_a_binding_changed_by_hand_comes_before_what_the_canvas_drew(diabetes: Graph) -> None:
    document = pipeline_document(off(diabetes, "split"), Catalogue())
    binding = document["jobs"]["train"]["inputs"]["dataset"]
    binding["uri"] = "${{parent.jobs.other.outputs.dataset}}"
    edges = {edge.id: edge for edge in Graph.of_pipeline(document).edges}
    assert edges["train:dataset"].source == "other"
    assert edges["score:dataset"].source == "split"


def test_compute_and_force_are_those_of_the_step(diabetes: Graph) -> None:
    nodes = (replace(diabetes.nodes[0], compute="gpu-1", force_rerun=True), *diabetes.nodes[1:])
    graph = replace(diabetes, nodes=nodes, settings={"experiment": "e", "force_rerun": True})
    document = pipeline_document(graph, Catalogue())
    assert document["jobs"]["import"]["computeId"] == "gpu-1"
    assert document["jobs"]["import"]["forceRerun"] is True
    assert (document["experimentName"], document["settings"]) == ("e", {"force_rerun": True})


def test_a_pipeline_component_is_one_node_again_after_its_run(diabetes: Graph) -> None:
    inner = {
        "type": "pipeline",
        "jobs": {
            "one": {
                "component": f"{REGISTRY}select_columns/versions/1",
                "inputs": {"dataset": "${{parent.inputs.table}}", "columns": "target"},
                "outputs": {"results": "${{parent.outputs.kept}}"},
            }
        },
    }
    whole = Component(
        "whole",
        type="pipeline",
        inputs=(Port("table", "uri_folder"),),
        outputs=(Port("kept", "uri_folder"),),
        extra=inner,
    )
    catalogue = Catalogue([whole])
    edges = (
        *(e for e in diabetes.edges if e.id != "split:dataset"),
        Edge("import", "dataset", "sub", "table"),
        Edge("sub", "kept", "split", "dataset"),
    )
    graph = replace(diabetes, nodes=(Node("sub", "whole"), *diabetes.nodes), edges=edges)
    document = pipeline_document(graph, catalogue)
    flat = load_job(document).document
    assert "sub/one" in flat["jobs"]
    assert "sub" not in flat["jobs"]
    assert exact(Graph.of_pipeline(flat)) == exact(graph)
    assert exact(Graph.of_pipeline(document)) == exact(graph)


def test_what_a_graph_cannot_hold_is_named() -> None:
    text = (
        "type: pipeline\njobs:\n  a: {command: x, environment: 'azureml:e:1', "
        "limits: {timeout: 5}, outputs: {o: }}\n"
    )
    assert not_drawable(load_job(text).document) == ["step 'a': limits"]
