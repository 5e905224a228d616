"""What differs between two graphs, in the words that people use: moves are no change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from officina.graph import Edge, Graph, Node

_FACTS = (
    ("component", "component"),
    ("version", "version"),
    ("label", "label"),
    ("comment", "comment"),
    ("disabled", "disabled"),
    ("compute", "compute"),
    ("forceRerun", "force_rerun"),
    ("pinned", "pinned"),
)


def diff(a: Graph, b: Graph) -> dict[str, list[dict[str, Any]]]:
    """Return what leads from graph `a` to graph `b`; every list is empty when they do the same.

    {"added", "removed": [{id, label}], "changed": [{id, label, param, before, after}],
    "edges_added", "edges_removed": edges, "settings", "parameters": [{name, before, after}],
    "notes": [{id, before, after}]}. A `param` may be one of the node's own facts (`component`,
    `version`, `label`, `comment`, `disabled`, `compute`, `forceRerun`, `pinned`): parameters stand under
    `params.<name>` where a module has one of the same name. Positions and groups do not count.
    """
    before = {node.id: node for node in a.nodes}
    after = {node.id: node for node in b.nodes}
    return {
        "added": [_named(node) for id, node in after.items() if id not in before],
        "removed": [_named(node) for id, node in before.items() if id not in after],
        "changed": [
            change
            for id, node in after.items()
            if id in before
            for change in _changes(before[id], node)
        ],
        "edges_added": _missing(b.edges, a.edges),
        "edges_removed": _missing(a.edges, b.edges),
        "settings": _pairs(a.settings, b.settings),
        "parameters": _pairs(a.parameters, b.parameters),
        "notes": [
            {"id": item["name"], "before": item["before"], "after": item["after"]}
            for item in _pairs(
                {note.id: note.text for note in a.notes}, {note.id: note.text for note in b.notes}
            )
        ],
    }


def is_same(changes: Mapping[str, list[Any]]) -> bool:
    """Say whether a diff found nothing."""
    return not any(changes.values())


def _named(node: Node) -> dict[str, Any]:
    return {"id": node.id, "label": node.label or node.id}


def _changes(old: Node, new: Node) -> list[dict[str, Any]]:
    who = _named(new)
    found = [
        {**who, "param": name, "before": getattr(old, field), "after": getattr(new, field)}
        for name, field in _FACTS
        if getattr(old, field) != getattr(new, field)
    ]
    facts = {name for name, _ in _FACTS}
    for item in _pairs(old.params, new.params):
        name = item["name"]
        shown = f"params.{name}" if name in facts else name
        found.append({**who, "param": shown, "before": item["before"], "after": item["after"]})
    return found


def _pairs(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the names whose values differ; None stands for "not given"."""
    return [
        {"name": name, "before": old.get(name), "after": new.get(name)}
        for name in dict.fromkeys((*old, *new))
        if (name in old) != (name in new) or not _equal(old.get(name), new.get(name))
    ]


def _equal(one: Any, other: Any) -> bool:
    """Compare as JSON does, where True is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(
            _equal(left, right) for left, right in zip(one, other, strict=True)
        )
    return bool(one == other)


def _missing(edges: tuple[Edge, ...], others: tuple[Edge, ...]) -> list[dict[str, Any]]:
    held = set(others)
    return [edge.to_json() for edge in edges if edge not in held]
