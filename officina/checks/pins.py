"""Checks of pinned nodes: their results must be there, and what they let rest is not looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from officina.checks.columns import title_of
from officina.checks.problem import Problem
from officina.graph import CatalogueLike, Graph, resting

# These are wrong whether the node runs or not.
_ALWAYS = frozenset(("duplicate_id", "cycle"))


def of_what_runs(found: Iterable[Problem], graph: Graph) -> Iterator[Problem]:
    """Yield the problems of the nodes that would run."""
    still = resting(graph)
    return (each for each in found if each.node not in still or each.code in _ALWAYS)


def pins_hold(graph: Graph, catalogue: CatalogueLike, gone: Mapping[str, str]) -> Iterator[Problem]:
    """A pinned node's results must still be there, and something must be left to run."""
    for node in graph.nodes:
        if node.pinned and node.id in gone:
            yield Problem(
                "pinned_gone",
                f"'{node.id}' ({title_of(node, catalogue)}) is pinned, but {gone[node.id]}.",
                node.id,
                hint="Unpin it, so that it runs again, or pin it to another run.",
            )
    if graph.nodes and len(resting(graph)) == len(graph.nodes):
        yield Problem(
            "empty_graph",
            "Every step is pinned, or only needed by one that is: nothing is left to run.",
            hint="Unpin a step, or add one below.",
        )
