"""A graph goes into the shared document and comes out as it was, and only what differs is an edit."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Map

from designer import journal, wire
from designer.ydoc import flatten, graph_from, graph_of, new_doc, root, set_graph
from officina import samples
from officina.graph import Graph
from tests.designer.test_drafts_over_http import GRAPH, node

ODD: dict[str, Any] = {
    "schema": 1,
    "nodes": [
        {
            **node(
                "odd",
                list=[1, 2.5, {"a": None, "b": [True, False]}],
                params={"a": {}},
                text="",
                zero=0,
                no=False,
            ),
            "label": "Odd one",
            "comment": "Zeile\n2 — ünï😀",
            "disabled": True,
            "forceRerun": True,
            "group": "g",
            "compute": "cpu",
            "pinned": {"run": "c14c911e"},
        }
    ],
    "edges": [],
    "parameters": {"p": {"type": "string", "default": None, "description": "d"}},
}


def graphs() -> list[Any]:
    found = [json.loads(s.path.read_text()) for s in samples.list_samples() if s.kind == "graph"]
    stored = Path(__file__).parent.parent / "graphs"
    found += [json.loads(path.read_text()) for path in sorted(stored.glob("*.json"))]
    return [*found, GRAPH, ODD, {"schema": 1, "nodes": [], "edges": [], "parameters": {}}]


@pytest.mark.parametrize("graph", graphs())
def test_a_graph_comes_back_as_it_went_in(graph: Any) -> None:
    doc = new_doc()
    set_graph(doc, graph)
    again = graph_of(new_doc(doc.get_update()))
    assert again == graph_from(flatten(graph))
    before, after = Graph.from_json(graph), Graph.from_json(again)
    assert {each.id: each for each in after.nodes} == {each.id: each for each in before.nodes}
    assert {(e.source, e.source_port, e.target, e.target_port) for e in after.edges} == {
        (e.source, e.source_port, e.target, e.target_port) for e in before.edges
    }
    for part in ("parameters", "notes", "groups", "settings"):
        assert getattr(after, part) == getattr(before, part)


def test_whole_numbers_come_back_whole() -> None:
    doc = new_doc()
    set_graph(doc, {"nodes": [node("a", count=3, share=0.5, big=2**40)]})
    params = graph_of(doc)["nodes"][0]["params"]
    assert json.dumps(params) == '{"big": 1099511627776, "count": 3, "share": 0.5}'


def test_only_what_differs_becomes_an_edit() -> None:
    doc = new_doc()
    set_graph(doc, GRAPH)
    other = copy.deepcopy(GRAPH)
    other["nodes"][1]["params"]["fraction"] = 0.9
    update, summary = journal.recorded(doc, lambda held: set_graph(held, other))
    assert update is not None
    assert len(update) < 100
    assert summary == [
        {"what": "nodes", "id": "split", "action": "changed", "fields": ["params.fraction"]}
    ]
    assert journal.recorded(doc, lambda held: set_graph(held, other)) == (None, [])


def test_a_number_that_becomes_a_truth_value_is_an_edit() -> None:
    doc = new_doc()
    set_graph(doc, {"nodes": [node("a", flag=1, list=[1])]})
    other = {"nodes": [node("a", flag=True, list=[True])]}
    update, _ = journal.recorded(doc, lambda held: set_graph(held, other))
    assert update
    assert json.dumps(graph_of(doc)["nodes"][0]["params"]) == '{"flag": true, "list": [true]}'


def test_an_edge_of_a_node_that_someone_removed_is_left_out() -> None:
    one = new_doc()
    set_graph(one, GRAPH)
    two = new_doc(one.get_update())
    del root(one, "nodes")["enter"]
    root(two, "edges")["split:other"] = {"source": "enter", "sourceHandle": "dataset"}
    one.apply_update(two.get_update())
    assert graph_of(one)["edges"] == []


def test_what_is_no_graph_is_left_out_and_breaks_nothing() -> None:
    doc = new_doc()
    root(doc, "nodes")["text"] = "no node"
    root(doc, "nodes")["empty"] = Map({})
    root(doc, "nodes")["good"] = Map({"component": "split_data", "x": "far", "params": 3})
    root(doc, "edges")["odd"] = 1
    root(doc, "edges")["good:in"] = {"source": 5, "sourceHandle": None}
    root(doc, "notes")["n"] = [1]
    root(doc, "parameters")["p"] = None
    graph = graph_of(doc)
    assert [each["id"] for each in graph["nodes"]] == ["good"]
    assert graph["nodes"][0]["position"] == {"x": 0, "y": 0}
    assert graph["edges"] == []
    Graph.from_json(graph)


def test_frames_are_what_lib0_writes() -> None:
    for value in (0, 1, 127, 128, 300, 2**32, 2**53):
        assert wire.Reader(wire.number(value)).number() == value
    assert wire.update(b"ab") == b"\x00\x02\x02ab"
    frame = wire.awareness(
        [wire.Presence(1, 2, {"user": {"name": "ü"}}), wire.Presence(3, 4, None)]
    )
    assert wire.read_awareness(wire.read_frame(frame).body) == [
        wire.Presence(1, 2, {"user": {"name": "ü"}}),
        wire.Presence(3, 4, None),
    ]
