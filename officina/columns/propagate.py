"""Carries known columns through a graph, from its sources down, before anything has run."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from officina.columns.schema import Column, Schema
from officina.errors import StudioError
from officina.graph.bypass import Running, running

if TYPE_CHECKING:
    from officina.graph import CatalogueLike, Edge, Graph, Node

Known = Mapping[str, Mapping[str, Schema | None]]
# A transform carries the columns that it selects, where it selects columns.
TABLES = frozenset(("dataset", "transform", "uri_folder", "uri_file", "mltable", "any"))
_WHOLE = re.compile(r"\s*\$\{\{\s*parent\.inputs\.([^}\s]+)\s*\}\}\s*\Z")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Flow:
    """What is known of a graph's tables: columns by node and port, and how they got there."""

    outputs: dict[str, dict[str, Schema | None]] = field(default_factory=dict)
    inputs: dict[str, dict[str, Schema | None]] = field(default_factory=dict)
    params: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    models: dict[str, Mapping[str, Schema | None]] = field(default_factory=dict)

    def dropped_by(self, name: str, node: str, port: str) -> str | None:
        """Return the nearest step above that takes a column of this name and does not give it."""
        seen: set[str] = set()
        todo = [self.sources.get((node, port))]
        while todo:
            source = todo.pop(0)
            if source is None or source[0] in seen:
                continue
            above = source[0]
            seen.add(above)
            taken = self.inputs.get(above) or {}
            if any(one.name == name for schema in taken.values() for one in schema or ()):
                return above
            todo += [self.sources.get((above, each)) for each in taken]
        return None


def propagate(
    graph: Graph, catalogue: CatalogueLike, known: Known | None = None
) -> dict[str, dict[str, Schema | None]]:
    """Return the columns of every output port, None where they cannot be known yet.

    `known` are real columns by node and port: those of registered data, or of an earlier run. A
    module's own rule comes before them, because its parameters may have changed since that run;
    those of a pinned node are what it will give.
    """
    return flow(graph, catalogue, known).outputs


def flow(
    graph: Graph,
    catalogue: CatalogueLike,
    known: Known | None = None,
    *,
    lively: Running | None = None,
) -> Flow:
    """Return the columns of every port with what they rest on; loops and unknown steps are None."""
    found = Flow()
    active = (lively or running(graph, catalogue)).graph
    nodes = {node.id: node for node in active.nodes}
    incoming: dict[str, list[Edge]] = {}
    for edge in active.edges:
        incoming.setdefault(edge.target, []).append(edge)
        found.sources[edge.target, edge.target_port] = (edge.source, edge.source_port)
    defaults = {name: entry.get("default") for name, entry in graph.parameters.items()}
    for id in _ordered(active):
        if id in nodes:
            _pass(nodes[id], incoming.get(id, ()), catalogue, defaults, known or {}, found)
    for node in graph.nodes:
        found.outputs.setdefault(node.id, {})
    return found


def _ordered(graph: Graph) -> list[str]:
    """Return the ids sources first; what is on or below a loop is left out."""
    waits = {id: len(sources) for id, sources in graph.dependencies().items()}
    feeds: dict[str, list[str]] = {}
    for id, sources in graph.dependencies().items():
        for source in sources:
            feeds.setdefault(source, []).append(id)
    todo = [id for id, count in waits.items() if count == 0]
    for id in todo:
        for below in feeds.get(id, ()):
            waits[below] -= 1
            if waits[below] == 0:
                todo.append(below)
    return todo


def _pass(
    node: Node,
    incoming: Iterable[Edge],
    catalogue: CatalogueLike,
    defaults: Mapping[str, Any],
    known: Known,
    found: Flow,
) -> None:
    try:
        component = catalogue.get(node.component, node.version)
    except StudioError:
        return
    arrived = {
        edge.target_port: found.outputs.get(edge.source, {}).get(edge.source_port)
        or found.models.get(edge.source, {}).get(edge.source_port)
        for edge in incoming
    }
    inputs = {port.name: arrived.get(port.name) for port in component.inputs}
    params = component.settled(
        {name: _resolved(value, defaults) for name, value in node.params.items()}
    )
    found.inputs[node.id], found.params[node.id] = inputs, params
    ruled = _by_rule(component, params, inputs)
    found.models[node.id] = ruled  # what is said of model ports stays in here
    seen = known.get(node.id) or {}
    if node.pinned:
        ruled = {**ruled, **{port: schema for port, schema in seen.items() if schema is not None}}
    found.outputs[node.id] = {
        port.name: _merged(ruled.get(port.name), seen.get(port.name))
        for port in component.outputs
        if port.type in TABLES
    }


def _by_rule(
    component: Any, params: Mapping[str, Any], inputs: Mapping[str, Schema | None]
) -> Mapping[str, Schema | None]:
    if component.schema is None:
        return {}
    try:
        ruled: Mapping[str, Schema | None] = component.schema(params, inputs)
        return {port: None if one is None else tuple(one) for port, one in ruled.items()}
    except Exception:  # a rule meets half-filled forms; its fault must not stop the canvas
        log.debug("the columns of %s cannot be told", component.name, exc_info=True)
        return {}


def _merged(ruled: Schema | None, seen: Schema | None) -> Schema | None:
    """Return what the rule says, with types from the data where the rule knows none."""
    if ruled is None or seen is None:
        return seen if ruled is None else ruled
    real: dict[str, Column] = {one.name: one for one in seen}
    return tuple(
        one.with_(type=real[one.name].type, categorical=real[one.name].categorical)
        if one.type == "any" and not one.categorical and one.name in real
        else one
        for one in ruled
    )


def _resolved(value: Any, defaults: Mapping[str, Any]) -> Any:
    """Return the default of the pipeline parameter that a value is bound to, else the value."""
    match = _WHOLE.match(value) if isinstance(value, str) and "${{" in value else None
    return defaults.get(match[1], value) if match else value
