"""The draft's two forms and the way between them: the stored graph JSON and the Y.Doc that people edit.

Both meet in a flat form of plain values: {"nodes": {id: {..., "params": {}}}, "edges": {target:port: {}}, ...}.
A Y.Doc can hold what is no graph; reading it is total, and what does not fit is left out.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pycrdt import Doc, Map

from officina.errors import StudioError
from officina.finite import is_finite

log = logging.getLogger(__name__)

ROOTS = ("nodes", "edges", "notes", "groups", "parameters", "settings")
# What lies under these names is a Y.Map of Y.Maps; edges and settings hold plain values.
NESTED = frozenset({"nodes", "notes", "groups", "parameters"})
NODE_FLAGS = ("disabled", "forceRerun")
NODE_TEXTS = ("label", "comment", "group", "compute")
SAFE_INTEGER = 2**53

Flat = dict[str, dict[str, Any]]
YDoc = Doc[Any]
YMap = Map[Any]


def root(doc: YDoc, name: str) -> YMap:
    """Return one of the maps at the top."""
    return doc.get(name, type=Map)


def new_doc(*updates: bytes) -> YDoc:
    """Return a document with its maps, made of these updates."""
    doc: YDoc = Doc()
    for name in ROOTS:
        root(doc, name)
    for update in updates:
        doc.apply_update(update)
    return doc


Answer = TypeVar("Answer")


def careful(call: Callable[..., Answer], *given: Any) -> Answer:
    """Call the Yjs library with what came from outside; bytes that it cannot take are a StudioError.

    Some make it panic, and a panic is no Exception: it must not end the process's other sockets.
    """
    try:
        return call(*given)
    except StudioError:
        raise
    except Exception as error:
        raise _not_yjs(error) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise _not_yjs(error) from None


def _not_yjs(error: BaseException) -> StudioError:
    log.info("bytes that are not of Yjs: %s", str(error)[:200])
    return StudioError("The message is not one of Yjs.", where="frame")


def graph_of(doc: YDoc) -> dict[str, Any]:
    """Return the document as graph JSON, in an order that depends on nothing but its content."""
    return graph_from(flat_of(doc))


def graph_of_state(state: bytes) -> dict[str, Any]:
    """Return the graph of a whole document's update; any thread may do it."""
    return graph_of(new_doc(state))


def set_graph(doc: YDoc, graph: Mapping[str, Any]) -> None:
    """Make the document say what the graph says, with the fewest edits that do."""
    wanted, present = plain(flatten(graph)), flat_of(doc)
    with doc.transaction():
        for name in ROOTS:
            _make_equal(root(doc, name), present[name], wanted[name], name)


def flat_of(doc: YDoc) -> Flat:
    """Return the document's maps as plain values; by JSON, which takes a fifth of `to_py`'s time."""
    return {name: json.loads(str(root(doc, name))) for name in ROOTS}


def plain(value: Any) -> Any:
    """Return a JSON value with whole numbers as int: a Y.Doc, as JavaScript, has one kind of number."""
    if isinstance(value, float) and value.is_integer() and abs(value) < SAFE_INTEGER:
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def _make_equal(
    held: YMap, present: Mapping[str, Any], wanted: Mapping[str, Any], kind: str
) -> None:
    """Change a map of this kind from its present values to the wanted ones."""
    for key in present:
        if key not in wanted:
            del held[key]
    for key, value in wanted.items():
        before = present.get(key)
        if key in present and _is_same(before, value):
            continue
        below = _kind_below(kind, key)
        if below is None:
            held[key] = value
        elif isinstance(before, Mapping) and isinstance(inner := held[key], Map):
            _make_equal(inner, before, value, below)
        else:
            held[key] = _as_map(value, below)


def _is_same(one: Any, other: Any) -> bool:
    # By JSON: 1 == True in Python, not on the canvas.
    return one == other and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _kind_below(kind: str, key: str) -> str | None:
    """Return the kind of the Y.Map under a key, None where a plain value stands."""
    if kind == "nodes":
        return "node"
    if kind == "node" and key == "params":
        return "values"
    return "values" if kind in NESTED else None


def _as_map(values: Mapping[str, Any], kind: str) -> YMap:
    made = {}
    for key, value in values.items():
        below = _kind_below(kind, key)
        made[key] = value if below is None else _as_map(value, below)
    return Map(made)


# -- graph JSON and the flat form -----------------------------------------------------------------


def flatten(graph: Mapping[str, Any]) -> Flat:
    """Return the flat form of a graph JSON that `officina.graph` has read without complaint."""
    flat: Flat = {name: {} for name in ROOTS}
    for node in graph.get("nodes") or []:
        flat["nodes"][str(node["id"])] = _flat_node(node)
    for edge in graph.get("edges") or []:
        key = f"{edge['target']}:{edge['targetHandle']}"
        flat["edges"][key] = {"source": edge["source"], "sourceHandle": edge["sourceHandle"]}
    for note in graph.get("notes") or []:
        flat["notes"][str(note["id"])] = _without_place(note)
    for group in graph.get("groups") or []:
        flat["groups"][str(group["id"])] = _given(group, "id")
    for name, entry in (graph.get("parameters") or {}).items():
        flat["parameters"][str(name)] = dict(entry)
    flat["settings"] = dict(graph.get("settings") or {})
    return flat


def _flat_node(node: Mapping[str, Any]) -> dict[str, Any]:
    rest = _without_place(node)
    rest |= {"version": str(node.get("version") or "1"), "params": dict(node.get("params") or {})}
    return {k: v for k, v in rest.items() if k == "params" or v not in ("", False)}


def _without_place(item: Mapping[str, Any]) -> dict[str, Any]:
    place = item.get("position") or {}
    return {**_given(item, "id", "position"), "x": place.get("x", 0), "y": place.get("y", 0)}


def _given(item: Mapping[str, Any], *without: str) -> dict[str, Any]:
    return {k: v for k, v in item.items() if k not in without and v is not None}


def graph_from(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return the graph JSON of a flat form; what is no node, edge or note is left out."""
    nodes = _each(flat, "nodes", _node)
    known = {node["id"] for node in nodes}
    edges = [edge for edge in _each(flat, "edges", _edge) if _joins(edge, known)]
    graph: dict[str, Any] = {
        "schema": 1,
        "nodes": nodes,
        "edges": edges,
        "parameters": {p.pop("id"): p for p in _each(flat, "parameters", _item)},
    }
    if notes := _each(flat, "notes", _note):
        graph["notes"] = notes
    if groups := _each(flat, "groups", _item):
        graph["groups"] = groups
    settings = {k: v for k, v in (flat.get("settings") or {}).items() if v not in (None, "")}
    if settings:
        graph["settings"] = settings
    return graph


def _each(
    flat: Mapping[str, Any], name: str, make: Callable[[str, Any], dict[str, Any] | None]
) -> list[dict[str, Any]]:
    items = flat.get(name) or {}
    made = (make(key, items[key]) for key in sorted(items))
    return [item for item in made if item is not None]


def _joins(edge: Mapping[str, Any], known: set[str]) -> bool:
    # Two people at once: one removes a node, the other connects it. The node's removal wins.
    return edge["source"] in known and edge["target"] in known


def _node(id: str, value: Any) -> dict[str, Any] | None:
    if not isinstance(value, Mapping) or not isinstance(value.get("component"), str):
        return None
    params = value.get("params")
    node: dict[str, Any] = {
        "id": id,
        "component": value["component"],
        "version": str(value.get("version") or "1"),
        "params": {k: params[k] for k in sorted(params)} if isinstance(params, Mapping) else {},
        "position": _place(value),
    }
    node |= {name: value[name] for name in NODE_TEXTS if _is_text(value.get(name))}
    node |= {name: True for name in NODE_FLAGS if value.get(name) is True}
    pinned = value.get("pinned")
    if isinstance(pinned, Mapping) and _is_text(pinned.get("run")):
        node["pinned"] = {"run": pinned["run"]}
    return node


def _edge(key: str, value: Any) -> dict[str, Any] | None:
    target, _, port = key.partition(":")
    if not isinstance(value, Mapping) or not port:
        return None
    source, handle = value.get("source"), value.get("sourceHandle")
    if not _is_text(source) or not _is_text(handle):
        return None
    return {
        "id": key,
        "source": source,
        "sourceHandle": handle,
        "target": target,
        "targetHandle": port,
    }


def _note(id: str, value: Any) -> dict[str, Any] | None:
    if not isinstance(value, Mapping):
        return None
    rest = _given(value, "x", "y", "id")
    return {**rest, "id": id, "text": str(value.get("text") or ""), "position": _place(value)}


def _item(id: str, value: Any) -> dict[str, Any] | None:
    return {**_given(value), "id": id} if isinstance(value, Mapping) else None


def _place(value: Mapping[str, Any]) -> dict[str, float]:
    return {axis: _number(value.get(axis)) for axis in ("x", "y")}


def _number(value: Any) -> float:
    return value if is_finite(value) else 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""
