"""The designer's graph as an immutable value, and the pipeline document it stands for."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any, Protocol

from officina.errors import StudioError

SCHEMA = 1
MAX_NODES = 5_000
REGISTRY = "azureml://registries/officina/components/"

_BINDING = re.compile(r"\$\{\{\s*parent\.jobs\.([^.}\s]+)\.outputs\.([^.}\s]+)\s*\}\}\Z")
_BUILT_IN = re.compile(rf"{re.escape(REGISTRY)}([^/]+)(?:/(?:versions/([^/]+)|labels/[^/]+))?/?\Z")
_ASSET = re.compile(r"azureml:([^:@/]+)(?::([^:@/]+)|@[^:@/]+)?\Z")


class CatalogueLike(Protocol):
    """What the graph and its checks need of a catalogue: see `officina.catalogue`."""

    def get(self, name: str, version: str | None = None) -> Any: ...


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


@dataclass(frozen=True)
class Edge:
    """A connection from an output port to an input port."""

    source: str
    source_port: str
    target: str
    target_port: str
    id: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """The id that the canvas gave, else one made of the two ends."""
        return self.id or f"{self.source}.{self.source_port}-{self.target}.{self.target_port}"


@dataclass(frozen=True)
class Graph:
    """Nodes, edges and pipeline parameters; may be broken, as drafts are."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: str | bytes | Mapping[str, Any]) -> Graph:
        """Return the graph of its JSON form; raises StudioError for another schema or a malformed
        part.
        """
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
        nodes, edges = _objects(data, "nodes"), _objects(data, "edges")
        if len(nodes) > MAX_NODES or len(edges) > 4 * MAX_NODES:
            raise StudioError(f"a graph may have up to {MAX_NODES} nodes", code="too_large")
        parameters = data.get("parameters") or {}
        if not isinstance(parameters, Mapping) or not all(
            isinstance(one, Mapping) for one in parameters.values()
        ):
            raise StudioError(
                "parameters must map names to {type, default}", where="graph.parameters"
            )
        return cls(
            tuple(_node(item, index) for index, item in enumerate(nodes)),
            tuple(_edge(item, index) for index, item in enumerate(edges)),
            {str(name): dict(entry) for name, entry in parameters.items()},
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that the canvas and the database keep."""
        return {
            "schema": SCHEMA,
            "nodes": [_node_json(node) for node in self.nodes],
            "edges": [
                {
                    "id": edge.name,
                    "source": edge.source,
                    "sourceHandle": edge.source_port,
                    "target": edge.target,
                    "targetHandle": edge.target_port,
                }
                for edge in self.edges
            ],
            "parameters": {name: dict(entry) for name, entry in self.parameters.items()},
        }

    @classmethod
    def of_pipeline(cls, document: Mapping[str, Any]) -> Graph:
        """Return the graph of a canonical pipeline document; steps become nodes, bindings edges."""
        nodes, edges = [], []
        for step, job in (document.get("jobs") or {}).items():
            name, version = component_name(job.get("component"), step)
            params: dict[str, Any] = {}
            for port, entry in (job.get("inputs") or {}).items():
                text = entry.get("uri")
                match = _BINDING.match(text) if isinstance(text, str) else None
                if match:
                    edges.append(Edge(match[1], match[2], step, port))
                elif entry.get("jobInputType") == "literal":
                    params[port] = entry.get("value")
                else:
                    params[port] = text
            place = job.get("position") or {}
            nodes.append(
                Node(
                    step,
                    name,
                    version,
                    params,
                    place.get("x", 0),
                    place.get("y", 0),
                    job.get("displayName") or "",
                    job.get("comment") or "",
                )
            )
        parameters = {
            name: {"type": entry.get("type") or _type_of(entry), "default": entry.get("value")}
            for name, entry in (document.get("inputs") or {}).items()
            if entry.get("jobInputType") == "literal"
        }
        return cls(tuple(nodes), tuple(edges), parameters)

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
        return _reach(self.dependencies(), id)

    def downstream(self, id: str) -> set[str]:
        """Return everything that depends on the node, directly or not."""
        return _reach(reverse(self.dependencies()), id)


def topological(dependencies: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the names so that each comes after what it depends on; a loop is a StudioError that
    shows it.
    """
    try:
        return list(TopologicalSorter(dependencies).static_order())
    except CycleError as error:
        loop = [str(name) for name in error.args[1]]
        raise StudioError(
            f"the steps wait for each other in a loop: {' -> '.join(loop)}",
            where=loop[0],
            hint="Remove one of these connections.",
        ) from None


def find_cycle(dependencies: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the names on a loop in the direction of the data, first one repeated; [] when there is
    none.
    """
    try:
        TopologicalSorter(dependencies).prepare()
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []


def reverse(dependencies: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Return who depends on each name."""
    result: dict[str, set[str]] = {name: set() for name in dependencies}
    for name, sources in dependencies.items():
        for source in sources:
            result.setdefault(source, set()).add(name)
    return result


def _reach(links: Mapping[str, Iterable[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = list(links.get(start, ()))
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(links.get(name, ()))
    return seen


def component_name(component: Any, step: str = "") -> tuple[str, str]:
    """Return (name, version) of a component reference or spec."""
    if isinstance(component, Mapping):
        return str(component.get("name") or step), str(component.get("version") or "1")
    text = str(component or "")
    match = _BUILT_IN.match(text) or _ASSET.match(text)
    return (match[1], match[2] or "1") if match else (text or step, "1")


def pipeline_document(graph: Graph, catalogue: CatalogueLike, **heads: Any) -> dict[str, Any]:
    """Return the canonical pipeline document of a graph; `Graph.of_pipeline` reads it back.

    `heads` are document heads by either spelling (`display_name`, `displayName`, `settings`, ...).
    Built-in modules are referred to in the registry `officina`; other components are put in whole,
    so that the run keeps its own snapshot.
    """
    document: dict[str, Any] = {
        "jobType": "Pipeline",
        "displayName": None,
        "experimentName": None,
        "description": None,
        "tags": {},
        "computeId": None,
        "inputs": {
            name: {
                "jobInputType": "literal",
                "value": entry.get("default"),
                "type": entry.get("type") or "string",
            }
            for name, entry in graph.parameters.items()
        },
        "outputs": {},
        "settings": {},
        "environmentVariables": {},
    }
    document |= {_HEADS.get(key, key): value for key, value in heads.items()}
    incoming: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        incoming.setdefault(edge.target, []).append(edge)
    document["jobs"] = {
        node.id: _step(node, incoming.get(node.id, []), catalogue) for node in graph.nodes
    }
    return document


_HEADS = {
    "display_name": "displayName",
    "experiment_name": "experimentName",
    "compute": "computeId",
    "compute_id": "computeId",
    "environment_variables": "environmentVariables",
}


def _step(node: Node, incoming: list[Edge], catalogue: CatalogueLike) -> dict[str, Any]:
    component = catalogue.get(node.component, node.version)
    types = {port.name: port.type for port in component.inputs}
    inputs: dict[str, Any] = {}
    for name, value in node.params.items():
        if name in types:
            inputs[name] = {"jobInputType": types[name], "uri": value, "mode": "ro_mount"}
        else:
            inputs[name] = {"jobInputType": "literal", "value": value}
    for edge in incoming:
        inputs[edge.target_port] = {
            "jobInputType": types.get(edge.target_port, "uri_folder"),
            "uri": f"${{{{parent.jobs.{edge.source}.outputs.{edge.source_port}}}}}",
            "mode": "ro_mount",
        }
    built_in = component.type == "module"
    step: dict[str, Any] = {
        "type": "command",
        "component": f"{REGISTRY}{component.name}/versions/{component.version}"
        if built_in
        else component.to_spec(),
        "inputs": inputs,
        "outputs": {
            port.name: {"jobOutputType": port.type, "mode": "rw_mount"}
            for port in component.outputs
        },
        "position": {"x": node.x, "y": node.y},
    }
    if node.label:
        step["displayName"] = node.label
    if node.comment:
        step["comment"] = node.comment
    return step


def _objects(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    items = data.get(key)
    items = [] if items is None else items
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise StudioError(f"{key} must be a list of objects", where=f"graph.{key}")
    return items


def _text(item: Mapping[str, Any], key: str, where: str, default: str | None = None) -> str:
    value = item.get(key, default)
    if not isinstance(value, str) or (not value and default is None):
        raise StudioError(f"'{key}' must be a text that is not empty", where=where)
    return value


def _node(item: Mapping[str, Any], index: int) -> Node:
    where = f"graph.nodes[{index}]"
    params, place = item.get("params") or {}, item.get("position") or {}
    if not isinstance(params, Mapping) or not isinstance(place, Mapping):
        raise StudioError("params and position must be objects", where=where)
    x, y = place.get("x", 0), place.get("y", 0)
    for value in (x, y):
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise StudioError("a position must be two finite numbers", where=where)
    return Node(
        _text(item, "id", where),
        _text(item, "component", where),
        str(item.get("version") or "1"),
        dict(params),
        x,
        y,
        str(item.get("label") or ""),
        str(item.get("comment") or ""),
    )


def _edge(item: Mapping[str, Any], index: int) -> Edge:
    where = f"graph.edges[{index}]"
    return Edge(
        _text(item, "source", where),
        _text(item, "sourceHandle", where),
        _text(item, "target", where),
        _text(item, "targetHandle", where),
        str(item.get("id") or ""),
    )


def _node_json(node: Node) -> dict[str, Any]:
    result: dict[str, Any] = {
        "id": node.id,
        "component": node.component,
        "version": node.version,
        "params": dict(node.params),
        "position": {"x": node.x, "y": node.y},
    }
    if node.label:
        result["label"] = node.label
    if node.comment:
        result["comment"] = node.comment
    return result


def _type_of(entry: Mapping[str, Any]) -> str:
    value = entry.get("value")
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "number" if isinstance(value, float) else "string"
