"""Checks that the code of a team's own steps is in the studio, where the workers are."""

from __future__ import annotations

from collections.abc import Iterator

from officina.checks.columns import title_of
from officina.checks.problem import Problem
from officina.errors import StudioError
from officina.graph import CatalogueLike, Graph


def code_is_here(graph: Graph, catalogue: CatalogueLike) -> Iterator[Problem]:
    """A pipeline that came as a text may name a folder that only its author has."""
    for node in graph.nodes:
        try:
            component = catalogue.get(node.component, node.version)
        except StudioError:
            continue
        code = component.extra.get("code")
        if not isinstance(code, str) or not code or code.startswith("tree:"):
            continue
        yield Problem(
            "code_not_here",
            f"'{node.id}' ({title_of(node, catalogue)}) runs the code in '{code}', "
            "which did not come with the text.",
            node.id,
            hint="Submit the file with `officina job create`, which takes the code along, and "
            "clone that run to a draft; or register the step with `officina component create`.",
        )
