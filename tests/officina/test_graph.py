"""A graph is a value: read, ordered, compiled to a pipeline, and read back."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from officina.catalogue import Catalogue
from officina.documents import load_job
from officina.errors import StudioError
from officina.graph import Edge, Graph, Node, pipeline_document

GRAPHS = Path(__file__).parents[1] / "graphs"


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
    assert graph.edges[0].name == "a.o-b.i"


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


NAMES = ("import_data", "split_data", "linear_regression", "train_model", "score_model")
IDS = st.text("abcdefgh-_123", min_size=1, max_size=6)
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.integers(), st.booleans(), st.text(), st.floats(allow_nan=False, allow_infinity=False)
)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    catalogue = Catalogue()
    ids = draw(st.lists(IDS, min_size=1, max_size=6, unique=True))
    nodes, edges = [], []
    for index, id in enumerate(ids):
        component = catalogue.get(draw(st.sampled_from(NAMES)))
        known = [param.name for param in component.params]
        params = draw(st.dictionaries(st.sampled_from(known), VALUES)) if known else {}
        place = st.floats(-1e6, 1e6)
        text = st.text(max_size=5)
        nodes.append(
            Node(id, component.name, "1", params, draw(place), draw(place), draw(text), draw(text))
        )
        for port in component.inputs:
            if index and draw(st.booleans()):
                source = draw(st.sampled_from(nodes[:index]))
                outputs = catalogue.get(source.component).outputs
                edges.append(Edge(source.id, outputs[0].name, id, port.name))
    entry = st.fixed_dictionaries({"type": st.just("string"), "default": st.text()})
    return Graph(tuple(nodes), tuple(edges), draw(st.dictionaries(IDS, entry, max_size=3)))


@given(graphs())
def test_any_graph_survives_json_and_pipeline(graph: Graph) -> None:
    assert Graph.from_json(json.dumps(graph.to_json())) == graph
    back = Graph.of_pipeline(pipeline_document(graph, Catalogue()))
    assert (back.nodes, set(back.edges), back.parameters) == (
        graph.nodes,
        set(graph.edges),
        graph.parameters,
    )
