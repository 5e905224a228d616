"""Finds all that is wrong with a graph or a pipeline before it runs, with a code and a place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from officina.checks.table import CHECKS, Problem, command_problems, fits
from officina.checks.view import view_of_document, view_of_graph
from officina.errors import StudioError
from officina.graph import CatalogueLike, Graph

__all__ = ["Problem", "fits", "problems"]


def problems(target: Graph | Mapping[str, Any], catalogue: CatalogueLike) -> list[Problem]:
    """Return all that is wrong with a graph, its JSON, or a job document; an empty list means it
    can run.
    """
    if isinstance(target, Mapping) and "nodes" in target:
        target = Graph.from_json(target)
    if isinstance(target, Graph):
        view = view_of_graph(target, catalogue)
    elif target.get("jobType") == "Command":
        return list(command_problems(target))
    else:
        try:
            view = view_of_document(target, catalogue)
        except StudioError as error:
            return [Problem("bad_pipeline", error.message, error.where, hint=error.hint)]
    return [problem for check in CHECKS for problem in check(view)]
