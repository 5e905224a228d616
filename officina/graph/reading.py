"""Reads a graph from its JSON, part by part, and says where something is malformed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from officina.errors import StudioError
from officina.finite import is_finite
from officina.graph.values import MAX_NODES, SCHEMA, SETTINGS, Edge, Graph, Group, Node, Note

Item = Mapping[str, Any]
# Ids stand in ${{parent.jobs.<id>.outputs.<port>}} and before the colon of an edge's id.
_ID = re.compile(r"[^\s.:{}]{1,200}\Z")


def read_graph(data: str | bytes | Item) -> Graph:
    """Return the graph of its JSON form; raises StudioError for another schema or a malformed
    part.
    """
    data = _opened(data)
    nodes, edges = _objects(data, "nodes"), _objects(data, "edges")
    notes, groups = _objects(data, "notes"), _objects(data, "groups")
    if max(len(nodes), len(notes), len(groups)) > MAX_NODES or len(edges) > 4 * MAX_NODES:
        raise StudioError(f"a graph may have up to {MAX_NODES} nodes", code="too_large")
    return Graph(
        tuple(_node(item, f"graph.nodes[{index}]") for index, item in enumerate(nodes)),
        tuple(_edge(item, f"graph.edges[{index}]") for index, item in enumerate(edges)),
        _parameters(data.get("parameters") or {}),
        tuple(_note(item, f"graph.notes[{index}]") for index, item in enumerate(notes)),
        tuple(_group(item, f"graph.groups[{index}]") for index, item in enumerate(groups)),
        _settings(data.get("settings") or {}),
    )


def _opened(data: str | bytes | Item) -> Item:
    if not isinstance(data, Mapping):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise StudioError(f"the graph is not valid JSON: {error}", where="graph") from None
    if not isinstance(data, Mapping):
        raise StudioError("a graph must be a JSON object", where="graph")
    schema = data.get("schema", SCHEMA)
    if schema != SCHEMA:
        raise StudioError(
            f"the graph has schema {schema!r}, which this version does not read",
            where="graph.schema",
            hint=f"Known: {SCHEMA}. A newer Officina may have written it.",
        )
    return data


def _objects(data: Item, key: str) -> list[Item]:
    items = data.get(key)
    items = [] if items is None else items
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise StudioError(f"{key} must be a list of objects", where=f"graph.{key}")
    return items


def _node(item: Item, where: str) -> Node:
    params = item.get("params") or {}
    if not isinstance(params, Mapping):
        raise StudioError("params must be an object", where=where)
    x, y = _place(item, where)
    return Node(
        _id(item, "id", where),
        _text(item, "component", where),
        str(item.get("version") or "1"),
        dict(params),
        x,
        y,
        str(item.get("label") or ""),
        str(item.get("comment") or ""),
        item.get("disabled") is True,
        str(item.get("group") or ""),
        str(item.get("compute") or ""),
        item.get("forceRerun") is True,
        _pinned(item.get("pinned"), where),
    )


def _pinned(value: Any, where: str) -> str:
    """Return the run that a node is pinned to, "" for none."""
    if not value:
        return ""
    run = value.get("run") if isinstance(value, Mapping) else None
    if not isinstance(run, str) or not run:
        raise StudioError("'pinned' must be an object that names a run", where=where)
    return run


def _edge(item: Item, where: str) -> Edge:
    return Edge(
        _id(item, "source", where),
        _id(item, "sourceHandle", where),
        _id(item, "target", where),
        _id(item, "targetHandle", where),
    )


def _note(item: Item, where: str) -> Note:
    x, y = _place(item, where)
    return Note(
        _text(item, "id", where),
        str(item.get("text") or ""),
        x,
        y,
        _finite(item.get("width", 240), where),
        _finite(item.get("height", 120), where),
        item.get("frame") is True,
        str(item.get("color") or ""),
    )


def _group(item: Item, where: str) -> Group:
    label = str(item.get("label") or "")
    return Group(_text(item, "id", where), label, item.get("collapsed") is True)


def _parameters(items: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(items, Mapping) or not all(
        isinstance(one, Mapping) for one in items.values()
    ):
        raise StudioError("parameters must map names to {type, default}", where="graph.parameters")
    return {
        str(name): {"type": "string", "default": None, **entry} for name, entry in items.items()
    }


def _settings(items: Any) -> dict[str, Any]:
    if not isinstance(items, Mapping):
        raise StudioError("settings must be an object", where="graph.settings")
    return {key: items[key] for key in SETTINGS if items.get(key) not in (None, "", False)}


def _place(item: Item, where: str) -> tuple[float, float]:
    place = item.get("position") or {}
    if not isinstance(place, Mapping):
        raise StudioError("a position must be an object with x and y", where=where)
    return _finite(place.get("x", 0), where), _finite(place.get("y", 0), where)


def _finite(value: Any, where: str) -> float:
    if not is_finite(value):
        raise StudioError("a position or size must be a finite number", where=where)
    return value


def _id(item: Item, key: str, where: str) -> str:
    value = _text(item, key, where)
    if not _ID.match(value):
        raise StudioError(
            f"'{key}' is {value!r}: an id has no spaces, dots, colons or braces",
            where=where,
            hint="Use letters, digits, '_' and '-'.",
        )
    return value


def _text(item: Item, key: str, where: str) -> str:
    value = item.get(key)
    if not isinstance(value, str) or not value:
        raise StudioError(f"'{key}' must be a text that is not empty", where=where)
    return value
