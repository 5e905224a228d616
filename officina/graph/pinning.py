"""What a graph with pinned nodes leaves alone: their results stand, and nothing only they need runs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from officina.graph.order import reverse
from officina.graph.values import Graph


def resting(graph: Graph, named: Collection[str] = ()) -> dict[str, str]:
    """Return node -> the pinned node that lets it rest; a pinned node lets itself rest.

    A node above rests when all that it feeds rests. One that feeds nothing runs, and so does one
    that somebody has `named`, with what it needs. Disabled nodes are to be bypassed before.
    """
    pinned = {node.id for node in graph.nodes if node.pinned}
    if not pinned:
        return {}
    needs = graph.dependencies()
    feeds = reverse(needs)
    found = {id: id for id in pinned}
    todo = sorted({above for id in pinned for above in needs.get(id, ())})
    while todo:
        id = todo.pop()
        if id in found or id in named or id not in needs:
            continue
        if all(below in found for below in feeds[id]):
            found[id] = found[min(feeds[id])]
            todo.extend(sorted(needs[id]))
    return found


def unpinned(graph: Graph) -> Graph:
    """Return the graph as it runs where there are no earlier runs: published, or from its YAML."""
    if not any(node.pinned for node in graph.nodes):
        return graph
    return replace(graph, nodes=tuple(replace(node, pinned="") for node in graph.nodes))
