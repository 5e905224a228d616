"""What is left of a graph to run when some of its nodes are switched off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from officina.errors import StudioError
from officina.graph.order import reach, reverse
from officina.graph.values import Edge, Graph

if TYPE_CHECKING:
    from officina.graph.documents import CatalogueLike


@dataclass(frozen=True)
class Running:
    """The part of a graph that runs, every connection around a disabled node drawn through.

    `skipped` maps a node that is on, but cut off from its data, to the disabled node that does it.
    `drawn` maps the id of an edge that was drawn through to the edge as it stands on the canvas.
    """

    graph: Graph
    skipped: Mapping[str, str] = field(default_factory=dict)
    drawn: Mapping[str, Edge] = field(default_factory=dict)


def running(graph: Graph, catalogue: CatalogueLike) -> Running:
    """Return what runs: a disabled node's output becomes its first input of the same type.

    Where no input fits, or nothing is connected to it, all nodes below are skipped, as far as the
    next pinned one: that has its results already.
    """
    off = {node.id: node for node in graph.nodes if node.disabled}
    if not off:
        return Running(graph)
    pinned = {node.id for node in graph.nodes if node.pinned}
    incoming = {(edge.target, edge.target_port): edge for edge in graph.edges}
    cut: dict[str, str] = {}
    drawn: dict[str, Edge] = {}
    edges: list[Edge] = []
    for edge in graph.edges:
        if edge.target in off:
            continue
        if edge.source not in off:
            edges.append(edge)
            continue
        found = _source_of(edge, off, incoming, catalogue)
        if found is None:
            if edge.target not in pinned:
                cut.setdefault(edge.target, edge.source)
        else:
            drawn[edge.id] = edge
            edges.append(replace(edge, source=found[0], source_port=found[1]))
    skipped = _below(cut, [edge for edge in edges if edge.target not in pinned], graph)
    gone = skipped.keys() | off.keys()
    left = replace(
        graph,
        nodes=tuple(node for node in graph.nodes if node.id not in gone),
        edges=tuple(edge for edge in edges if edge.target not in gone),
    )
    kept = {id: edge for id, edge in drawn.items() if edge.target not in gone}
    return Running(left, skipped, kept)


def stand_in(component: Any, port: str) -> str | None:
    """Return the input that takes an output's place when the node is switched off, if one does."""
    kind = next((out.type for out in component.outputs if out.name == port), None)
    return next((one.name for one in component.inputs if one.type == kind), None)


def _source_of(
    edge: Edge,
    off: Mapping[str, Any],
    incoming: Mapping[tuple[str, str], Edge],
    catalogue: CatalogueLike,
) -> tuple[str, str] | None:
    """Follow an edge upwards through disabled nodes to the output that really feeds it."""
    seen: set[str] = set()
    while edge.source in off:
        if edge.source in seen:  # disabled nodes in a loop
            return None
        seen.add(edge.source)
        node = off[edge.source]
        try:
            port = stand_in(catalogue.get(node.component, node.version), edge.source_port)
        except StudioError:
            return None
        above = incoming.get((node.id, port)) if port else None
        if above is None:
            return None
        edge = above
    return edge.source, edge.source_port


def _below(cut: Mapping[str, str], edges: list[Edge], graph: Graph) -> dict[str, str]:
    waits: dict[str, set[str]] = {node.id: set() for node in graph.nodes}
    for edge in edges:
        waits.setdefault(edge.target, set()).add(edge.source)
    feeds = reverse(waits)
    skipped = dict(cut)
    for start, cause in cut.items():
        for name in sorted(reach(feeds, start)):
            skipped.setdefault(name, cause)
    return skipped
