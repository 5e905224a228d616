"""Random graphs: any shape, any value, nodes switched off, notes, groups and settings."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from officina.catalogue import Catalogue, Component, Param, Port
from officina.graph import Edge, Graph, Group, Node, Note

OWN = Component(
    "team_step",
    "3",
    type="command",
    inputs=(Port("data", "uri_folder", optional=True), Port("more", "dataset", optional=True)),
    outputs=(Port("made", "uri_folder"), Port("model", "custom_model")),
    params=(Param("word"), Param("count", "integer", default=1)),
)
CATALOGUE = Catalogue([OWN])
ASSETS = st.sampled_from(("azureml:fruit:1", "azureml:fruit@latest", "azureml:a.b-c:2.0"))
NAMES = (
    "import_data",
    "clean_missing_data",
    "select_columns",
    "split_data",
    "linear_regression",
    "train_model",
    "score_model",
    "evaluate_model",
    "data_asset",
    "saved_model",
    "team_step",
)
IDS = st.text("abcdefgh-_123", min_size=1, max_size=6)
# No lone surrogates: JSON has no word for them in UTF-8.
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
ODD = st.sampled_from(
    ("", " ", "yes", "No", "null", "~", "1e3", "0x1f", "1_000", "12:30:45", "2024-01-01", "{}",
     "[1]", '{"rules": []}', "a: b", "# no", "- x", "'", '"', "a\nb\n", "\t", "=", "<<", "!x",
     "&a", "*a", "%", "@", "`", "ü", "\u2028", "\x85", "\ufeff", "azureml:x:1", "./x", "=1+1")
)  # fmt: skip
NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
SCALARS: st.SearchStrategy[Any] = st.one_of(st.none(), st.booleans(), NUMBERS, TEXT, ODD)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
PLACE = st.one_of(st.integers(-5000, 5000), st.floats(-1e6, 1e6))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any graph of built-in modules; its settings hold no empty values, as none that is read."""
    parameters = draw(st.dictionaries(st.text("abcxyz_", min_size=1, max_size=5), entries()))
    bound = [f"${{{{parent.inputs.{name}}}}}" for name in parameters]
    values = st.one_of(VALUES, st.sampled_from(bound)) if bound else VALUES
    groups = draw(st.lists(IDS, max_size=2, unique=True))
    ids = draw(st.lists(IDS, min_size=1, max_size=6, unique=True))
    nodes: list[Node] = []
    edges: list[Edge] = []
    for id in ids:
        component = CATALOGUE.get(draw(st.sampled_from(NAMES)))
        for port in component.inputs:
            if nodes and draw(st.booleans()):
                source = draw(st.sampled_from(nodes))
                outputs = CATALOGUE.get(source.component).outputs
                edges.append(Edge(source.id, draw(st.sampled_from(outputs)).name, id, port.name))
        nodes.append(draw(a_node(id, component, values, ["", *groups])))
    return Graph(
        tuple(nodes),
        tuple(edges),
        parameters,
        tuple(draw(st.lists(notes(), max_size=2))),
        tuple(Group(id, draw(TEXT), draw(st.booleans())) for id in groups),
        draw(settings()),
    )


def variants(graph: Graph, count: int) -> Iterator[Graph]:
    """Yield the graph, then parts of it in other orders: drawing one costs more than reading ten."""
    yield graph
    for seed in range(count - 1):
        chance = random.Random(seed)
        nodes = [node for node in graph.nodes if chance.random() < 0.8] or list(graph.nodes)
        kept = {node.id for node in nodes}
        edges = [e for e in graph.edges if {e.source, e.target} <= kept and chance.random() < 0.8]
        notes = [note for note in graph.notes if chance.random() < 0.6]
        for items in (nodes, edges, notes):
            chance.shuffle(items)
        yield replace(graph, nodes=tuple(nodes), edges=tuple(edges), notes=tuple(notes))


@st.composite
def a_node(draw: st.DrawFn, id: str, component: Any, values: Any, groups: list[str]) -> Node:
    known = [param.name for param in component.params]
    params = draw(st.dictionaries(st.sampled_from(known), values)) if known else {}
    if "asset" in params:
        params["asset"] = draw(ASSETS)
    return Node(
        id,
        component.name,
        component.version,
        params,
        draw(PLACE),
        draw(PLACE),
        draw(TEXT),
        draw(TEXT),
        draw(st.integers(0, 4)) == 0,
        draw(st.sampled_from(groups)),
        draw(st.sampled_from(("", "", "gpu-1", "cpu"))),
        draw(st.booleans()),
        draw(st.sampled_from(("", "", "", "5f0c2a"))),
    )


@st.composite
def notes(draw: st.DrawFn) -> Note:
    size = st.floats(1, 2000)
    return Note(
        draw(IDS), draw(TEXT), draw(PLACE), draw(PLACE), draw(size), draw(size),
        draw(st.booleans()), draw(st.sampled_from(("", "amber"))),
    )  # fmt: skip


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    kind, default = draw(
        st.sampled_from(
            (
                ("string", TEXT | ODD | st.none()),
                ("integer", st.integers() | st.none()),
                ("number", NUMBERS | st.none()),
                ("boolean", st.booleans() | st.none()),
            )
        )
    )
    words = draw(st.one_of(st.none(), TEXT))
    return {"type": kind, "default": draw(default)} | ({"description": words} if words else {})


@st.composite
def settings(draw: st.DrawFn) -> dict[str, Any]:
    text = st.text("abc ü:#", min_size=1, max_size=6).filter(lambda word: bool(word.strip()))
    return draw(
        st.fixed_dictionaries(
            {},
            optional={
                "experiment": text,
                "description": TEXT.filter(bool),
                "default_compute": st.sampled_from(("cpu", "gpu-1")),
                "continue_on_step_failure": st.just(True),
                "force_rerun": st.just(True),
            },
        )
    )


def exact(graph: Graph) -> tuple[Any, ...]:
    """Return all that a graph holds, with 1, 1.0 and True told apart and edges in no order."""
    data = graph.to_json()
    data["edges"].sort(key=lambda edge: str(edge["id"]))
    return typed(data)


def typed(value: Any) -> Any:
    """Return a value in which what JSON tells apart differs."""
    if isinstance(value, dict):
        return tuple(sorted((key, typed(item)) for key, item in value.items()))
    if isinstance(value, list | tuple):
        return tuple(typed(item) for item in value)
    return type(value).__name__, repr(value)
