"""Finds all that is wrong with a graph or a pipeline before it runs, with a code and a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from officina.checks.code import code_is_here
from officina.checks.columns import (
    columns_are_there,
    disabled_nodes_have_a_stand_in,
    what_is_missing,
    what_runs,
)
from officina.checks.pins import of_what_runs, pins_hold
from officina.checks.problem import Problem
from officina.checks.scripts import scripts_can_run
from officina.checks.table import CHECKS, command_problems, fits
from officina.checks.view import view_of_document, view_of_graph
from officina.columns.propagate import Flow, Known, flow
from officina.columns.schema import Schema
from officina.errors import StudioError
from officina.graph import CatalogueLike, Graph, running

__all__ = ["Findings", "Problem", "errors", "examine", "fits", "problems"]


@dataclass(frozen=True)
class Findings:
    """What is wrong with a graph, and what columns its ports will have."""

    problems: list[Problem]
    columns: dict[str, dict[str, Schema | None]]

    @property
    def errors(self) -> list[Problem]:
        """Return what must be mended before the graph can run."""
        return errors(self.problems)


def errors(found: list[Problem]) -> list[Problem]:
    """Return the problems that stand in the way of a run; warnings are left out."""
    return [problem for problem in found if problem.severity == "error"]


def problems(
    target: Graph | Mapping[str, Any], catalogue: CatalogueLike, known: Known | None = None
) -> list[Problem]:
    """Return all that is wrong with a graph, its JSON, or a job document.

    Without an error among them it can run. A graph may have warnings too; a document, which is
    what is left to run, has none. `known` are columns of data that exist: see `officina.columns`.
    """
    if isinstance(target, Mapping) and "nodes" in target:
        target = Graph.from_json(target)
    if isinstance(target, Graph):
        return examine(target, catalogue, known).problems
    if target.get("jobType") == "Command":
        return list(command_problems(target))
    try:
        view = view_of_document(target, catalogue)
    except StudioError as error:
        return [Problem("bad_pipeline", error.message, error.where, hint=error.hint)]
    return [problem for check in CHECKS for problem in check(view)]


def examine(
    graph: Graph,
    catalogue: CatalogueLike,
    known: Known | None = None,
    *,
    gone: Mapping[str, str] | None = None,
) -> Findings:
    """Return a graph's problems and the columns of its ports, in one go over the graph.

    Disabled and skipped nodes are not checked: people switch off what is not finished. Nor are
    pinned ones and what only they need. `gone` maps pinned nodes to why their results are not there.
    """
    lively = running(graph, catalogue)
    columns: Flow = flow(graph, catalogue, known, lively=lively)
    if not graph.nodes or lively.graph.nodes:
        view = view_of_graph(lively.graph, catalogue)
        found = [problem for check in CHECKS for problem in check(view)]
    else:
        found = list(what_runs(lively))
    found += disabled_nodes_have_a_stand_in(graph, catalogue, lively)
    found += what_is_missing(lively, catalogue)
    found += columns_are_there(graph, catalogue, columns)
    found += scripts_can_run(lively.graph, catalogue, columns)
    found += code_is_here(lively.graph, catalogue)
    found = list(of_what_runs(found, lively.graph))
    found += pins_hold(lively.graph, catalogue, gone or {})
    return Findings(found, columns.outputs)
