"""A diff names what changed between two graphs, and nothing that only moved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from officina.graph import Edge, Graph, Note
from officina.graphdiff import diff, is_same
from tests.officina.graph_strategy import graphs

GRAPHS = Path(__file__).parents[1] / "graphs"


@pytest.fixture
def graph() -> Graph:
    return Graph.from_json((GRAPHS / "diabetes.json").read_text())


def changed(graph: Graph, id: str, **facts: Any) -> Graph:
    nodes = tuple(replace(n, **facts) if n.id == id else n for n in graph.nodes)
    return replace(graph, nodes=nodes)


def test_moves_and_groups_are_no_change(graph: Graph) -> None:
    assert is_same(diff(graph, changed(graph, "split", x=900, y=-4, group="g")))


def test_a_parameter_is_shown_before_and_after(graph: Graph) -> None:
    after = changed(graph, "split", params={"fraction": 0.5, "randomized": False})
    assert diff(graph, after)["changed"] == [
        {
            "id": "split",
            "label": "Split 80/20",
            "param": "fraction",
            "before": "${{parent.inputs.fraction}}",
            "after": 0.5,
        },
        {
            "id": "split",
            "label": "Split 80/20",
            "param": "randomized",
            "before": None,
            "after": False,
        },
    ]


def test_true_is_not_one(graph: Graph) -> None:
    one, true = (changed(graph, "split", params={"x": [value]}) for value in (1, True))
    assert len(diff(one, true)["changed"]) == 1


def test_nodes_and_edges_come_and_go(graph: Graph) -> None:
    less = replace(graph, nodes=graph.nodes[:-1], edges=graph.edges[:-1])
    found = diff(graph, less)
    assert found["removed"] == [{"id": "evaluate", "label": "evaluate"}]
    assert [edge["id"] for edge in found["edges_removed"]] == ["evaluate:scored"]
    back = diff(less, graph)
    assert back["added"] == found["removed"]
    assert back["edges_added"] == found["edges_removed"]


def test_an_edge_drawn_from_elsewhere_is_one_gone_and_one_new(graph: Graph) -> None:
    edges = (*graph.edges[:-1], Edge("import", "dataset", "evaluate", "scored"))
    found = diff(graph, replace(graph, edges=edges))
    assert [edge["source"] for edge in found["edges_added"]] == ["import"]
    assert [edge["source"] for edge in found["edges_removed"]] == ["score"]


def test_switches_settings_parameters_and_notes_are_changes(graph: Graph) -> None:
    after = replace(
        changed(graph, "split", disabled=True, force_rerun=True),
        settings={"experiment": "e"},
        parameters={},
        notes=(Note("n", "hello"),),
    )
    found = diff(graph, after)
    assert [item["param"] for item in found["changed"]] == ["disabled", "forceRerun"]
    assert found["settings"] == [{"name": "experiment", "before": None, "after": "e"}]
    assert found["parameters"][0]["after"] is None
    assert found["notes"] == [{"id": "n", "before": None, "after": "hello"}]


@given(graphs())
def test_a_graph_does_not_differ_from_itself(graph: Graph) -> None:
    assert is_same(diff(graph, Graph.from_json(graph.to_json())))


def test_a_pin_is_a_change(graph: Graph) -> None:
    (change,) = diff(graph, changed(graph, "split", pinned="r1"))["changed"]
    assert (change["param"], change["before"], change["after"]) == ("pinned", "", "r1")
