"""What only the canvas knows about a pipeline, kept as one text in the document's properties.

Azure's properties are texts, so that this survives its REST API, its SDK and its YAML. It never
says again what the document says: a document that was edited by hand is read as it was edited.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from officina.errors import StudioError
from officina.graph.bypass import Running
from officina.graph.reading import read_graph
from officina.graph.values import SETTINGS, Edge, Graph, Node

KEY = "designer"
_PARAMETER = frozenset(("type", "default", "description"))
Facts = dict[str, Any]


def of_graph(graph: Graph, lively: Running, document: Mapping[str, Any]) -> Facts:
    """Return what the document of a graph cannot say; {} when there is nothing."""
    on = {node.id for node in lively.graph.nodes}
    known: Facts = {}
    own = {node.id: _of_canvas(node) for node in graph.nodes if node.id in on}
    extras = {
        name: {key: value for key, value in entry.items() if key not in _PARAMETER}
        for name, entry in graph.parameters.items()
        if entry.keys() - _PARAMETER
    }
    if len(on) < len(graph.nodes):
        known["order"] = [node.id for node in graph.nodes]
        known["off"] = {
            "nodes": [node.to_json() for node in graph.nodes if node.id not in on],
            "edges": [edge.to_json() for edge in graph.edges if edge.target not in on],
        }
        through = {edge.id: edge for edge in lively.graph.edges}
        known["drawn"] = [
            edge.to_json() | {"through": _end(through[id])} for id, edge in lively.drawn.items()
        ]
    nested = {id for id, job in document["jobs"].items() if job.get("type") == "pipeline"}
    if nested:
        known["nested"] = {
            "nodes": [node.to_json() for node in graph.nodes if node.id in nested],
            "edges": [e.to_json() for e in lively.graph.edges if {e.source, e.target} & nested],
        }
        known["order"] = [node.id for node in graph.nodes]
    parts = {
        "nodes": {id: extra for id, extra in own.items() if extra},
        "notes": [note.to_json() for note in graph.notes],
        "groups": [group.to_json() for group in graph.groups],
        "parameters": extras,
        "settings": _overridden(graph, document),
    }
    return known | {key: value for key, value in parts.items() if value}


def _of_canvas(node: Node) -> Facts:
    """Return what no step can say: where else the YAML runs, there is no run to be pinned to."""
    said = {"group": node.group, "pinned": node.pinned}
    return {key: value for key, value in said.items() if value}


def _overridden(graph: Graph, document: Mapping[str, Any]) -> Facts:
    """Return the graph's own settings where whoever submits it said otherwise."""
    says = dict(document.get("settings") or {}) | {
        "experiment": document.get("experimentName"),
        "description": document.get("description"),
    }
    return {
        key: graph.settings.get(key)
        for key in SETTINGS
        if (graph.settings.get(key) or None) != (says.get(key) or None)
    }


def to_text(known: Mapping[str, Any]) -> str:
    """Return the facts as the one line that stands in the properties."""
    return json.dumps({"schema": 1, **known}, ensure_ascii=False, separators=(",", ":"))


def of_document(document: Mapping[str, Any]) -> Facts:
    """Return the facts of a document; {} when it has none or they are not ours."""
    text = (document.get("properties") or {}).get(KEY)
    if not isinstance(text, str):
        return {}
    try:
        known = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) and known.get("schema") == 1 else {}


def of_node(known: Mapping[str, Any], step: str) -> Mapping[str, Any]:
    """Return what is known about one step."""
    extra = _part(known, "nodes").get(step)
    return extra if isinstance(extra, Mapping) else {}


def restored(known: Mapping[str, Any], step: str, params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a step with those read back that YAML had to write as texts.

    `json` names parameters that were written as JSON, `blank` those that were null.
    """
    extra = of_node(known, step)
    for name in extra.get("json") or ():
        value = params.get(name)
        if isinstance(value, str):
            try:
                params[name] = json.loads(value)
            except (ValueError, RecursionError):
                continue  # edited by hand into something else
    for name in extra.get("blank") or ():
        if params.get(name) in (None, ""):
            params[name] = None
    return params


def completed(graph: Graph, known: Mapping[str, Any]) -> Graph:
    """Return the graph of a document with all that the canvas knew besides."""
    if not known:
        return graph
    try:
        drawn = read_graph({key: known[key] for key in ("notes", "groups") if key in known})
        off = read_graph(dict(_part(known, "off")))
        graph = _folded(graph, read_graph(dict(_part(known, "nested"))))
    except StudioError:
        return graph  # not written by us: the document itself is whole without it
    nodes = _merged(graph.nodes, off.nodes, known.get("order"))
    here = {node.id for node in nodes}
    edges = tuple(edge for edge in off.edges if edge.target in here)
    extras = _part(known, "parameters")
    parameters = {
        name: _parameter(entry, extras.get(name)) for name, entry in graph.parameters.items()
    }
    settings = dict(graph.settings) | dict(_part(known, "settings"))
    return replace(
        graph,
        nodes=nodes,
        edges=(*_undrawn(graph.edges, known), *edges),
        parameters=parameters,
        notes=drawn.notes,
        groups=drawn.groups,
        settings={key: value for key, value in settings.items() if value},
    )


def _folded(graph: Graph, nested: Graph) -> Graph:
    """Return the graph with the inner steps of a pipeline component as its one node again.

    A run's document holds them apart, as `node/step`.
    """
    held = {node.id for node in graph.nodes}
    inner = {id: id.partition("/")[0] for id in held if "/" in id}
    gone = {node.id for node in nested.nodes} & set(inner.values()) - held
    if not gone:
        return graph
    taken = [edge for edge in nested.edges if {edge.source, edge.target} & gone]
    kept = [e for e in graph.edges if not {inner.get(e.source), inner.get(e.target)} & gone]
    return replace(
        graph,
        nodes=(
            *(node for node in graph.nodes if inner.get(node.id) not in gone),
            *(node for node in nested.nodes if node.id in gone),
        ),
        edges=(*kept, *taken),
    )


def _parameter(entry: Mapping[str, Any], extra: Any) -> dict[str, Any]:
    """Return a pipeline parameter with the facts that YAML has no place for."""
    more = dict(extra) if isinstance(extra, Mapping) else {}
    blank = more.pop("blank", False) and entry.get("default") in (None, "")
    return {**entry, **more, "default": None if blank else entry.get("default")}


def _merged(nodes: tuple[Node, ...], off: tuple[Node, ...], order: Any) -> tuple[Node, ...]:
    held = {node.id for node in nodes}
    every = (*nodes, *(node for node in off if node.id not in held))
    if not isinstance(order, list):
        return every
    rank = {id: index for index, id in enumerate(order)}
    return tuple(sorted(every, key=lambda node: rank.get(node.id, len(rank))))


def _undrawn(edges: tuple[Edge, ...], known: Mapping[str, Any]) -> tuple[Edge, ...]:
    """Return the edges with those that were drawn through a disabled node led to it again."""
    items = known.get("drawn")
    back = {}
    for item in items if isinstance(items, list) else ():
        edge = Edge(item["source"], item["sourceHandle"], item["target"], item["targetHandle"])
        back[edge.id, item.get("through")] = edge
    return tuple(back.get((edge.id, _end(edge)), edge) for edge in edges)


def _end(edge: Edge) -> str:
    return f"{edge.source}.{edge.source_port}"


def _part(known: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = known.get(key)
    return value if isinstance(value, Mapping) else {}
