"""Nodes, edges, notes and groups as immutable values. A draft may be broken; its JSON may not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from officina.errors import StudioError
from officina.graph.order import reach, reverse, topological

SCHEMA = 1
MAX_NODES = 10_000
SETTINGS = (
    "experiment",
    "default_compute",
    "continue_on_step_failure",
    "force_rerun",
    "description",
)


@dataclass(frozen=True)
class Node:
    """One step on the canvas."""

    id: str
    component: str
    version: str = "1"
    params: Mapping[str, Any] = field(default_factory=dict)
    x: float = 0
    y: float = 0
    label: str = ""
    comment: str = ""
    disabled: bool = False
    group: str = ""
    compute: str = ""
    force_rerun: bool = False
    pinned: str = ""  # the run whose results of this node are used as they are

    def to_json(self) -> dict[str, Any]:
        """Return the node as it stands in the graph's JSON; what is at its default is left out."""
        result: dict[str, Any] = {
            "id": self.id,
            "component": self.component,
            "version": self.version,
            "params": dict(self.params),
            "position": {"x": self.x, "y": self.y},
        }
        extras = {
            "label": self.label,
            "comment": self.comment,
            "disabled": self.disabled,
            "group": self.group,
            "compute": self.compute,
            "forceRerun": self.force_rerun,
            "pinned": {"run": self.pinned} if self.pinned else None,
        }
        return result | {key: value for key, value in extras.items() if value}


@dataclass(frozen=True)
class Edge:
    """A connection from an output port to an input port; an input takes one."""

    source: str
    source_port: str
    target: str
    target_port: str

    @property
    def id(self) -> str:
        """The id on the canvas: the input that the edge leads to."""
        return f"{self.target}:{self.target_port}"

    def to_json(self) -> dict[str, Any]:
        """Return the edge as it stands in the graph's JSON."""
        return {
            "id": self.id,
            "source": self.source,
            "sourceHandle": self.source_port,
            "target": self.target,
            "targetHandle": self.target_port,
        }


@dataclass(frozen=True)
class Note:
    """A Markdown note on the canvas, or a frame that moves what lies in it."""

    id: str
    text: str = ""
    x: float = 0
    y: float = 0
    width: float = 240
    height: float = 120
    frame: bool = False
    color: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the note as it stands in the graph's JSON."""
        result: dict[str, Any] = {
            "id": self.id,
            "text": self.text,
            "position": {"x": self.x, "y": self.y},
            "width": self.width,
            "height": self.height,
        }
        extras = {"frame": self.frame, "color": self.color}
        return result | {key: value for key, value in extras.items() if value}


@dataclass(frozen=True)
class Group:
    """Nodes that are shown, folded and moved together."""

    id: str
    label: str = ""
    collapsed: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the group as it stands in the graph's JSON."""
        result: dict[str, Any] = {"id": self.id, "label": self.label}
        return result | ({"collapsed": True} if self.collapsed else {})


@dataclass(frozen=True)
class Graph:
    """All that a draft holds; may be broken, as drafts are."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    groups: tuple[Group, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: str | bytes | Mapping[str, Any]) -> Graph:
        """Return the graph of its JSON form; raises StudioError for another schema or a malformed
        part.
        """
        from officina.graph.reading import read_graph

        return read_graph(data)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that the canvas and the database keep (docs/pipeline.schema.json)."""
        return {
            "schema": SCHEMA,
            "nodes": [node.to_json() for node in self.nodes],
            "edges": [edge.to_json() for edge in self.edges],
            "parameters": {name: dict(entry) for name, entry in self.parameters.items()},
            "notes": [note.to_json() for note in self.notes],
            "groups": [group.to_json() for group in self.groups],
            "settings": dict(self.settings),
        }

    @classmethod
    def of_pipeline(cls, document: Mapping[str, Any]) -> Graph:
        """Return the graph of a canonical pipeline document; steps become nodes, bindings edges."""
        from officina.graph.documents import graph_of_pipeline

        return graph_of_pipeline(document)

    def digest(self) -> str:
        """Return the SHA-256 of the graph's JSON, whatever the order of its nodes and edges."""
        data = self.to_json()
        for part in ("nodes", "edges", "notes", "groups"):
            data[part] = sorted(data[part], key=lambda item: str(item["id"]))
        text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def node(self, id: str) -> Node:
        """Return the node of that id; raises StudioError "not_found"."""
        for node in self.nodes:
            if node.id == id:
                return node
        raise StudioError(f"the graph has no node '{id}'", code="not_found")

    def dependencies(self) -> dict[str, set[str]]:
        """Return each node's direct sources."""
        result: dict[str, set[str]] = {node.id: set() for node in self.nodes}
        for edge in self.edges:
            if edge.target in result and edge.source in result:
                result[edge.target].add(edge.source)
        return result

    def order(self) -> list[str]:
        """Return the node ids so that each comes after its sources; a loop is a StudioError that
        shows it.
        """
        return topological(self.dependencies())

    def upstream(self, id: str) -> set[str]:
        """Return everything that the node depends on, directly or not."""
        return reach(self.dependencies(), id)

    def downstream(self, id: str) -> set[str]:
        """Return everything that depends on the node, directly or not."""
        return reach(reverse(self.dependencies()), id)
