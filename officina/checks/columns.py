"""Checks of column selectors against the columns that are known before a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from officina.checks.problem import Problem
from officina.columns.propagate import Flow
from officina.columns.schema import Schema, names
from officina.columns.selecting import Chosen, choose
from officina.errors import StudioError
from officina.graph import CatalogueLike, Graph, Node, Running


def columns_are_there(graph: Graph, catalogue: CatalogueLike, flow: Flow) -> Iterator[Problem]:
    """A column that a step names must arrive there; the step that took it away is named."""
    nodes = {node.id: node for node in graph.nodes}
    for id, params in flow.params.items():
        node = nodes[id]
        component = catalogue.get(node.component, node.version)
        for param in component.params:
            selector = params.get(param.name)
            if param.type != "columns" or not selector or not param.is_visible(params):
                continue
            port = _port(component, param)
            schema = flow.inputs[id].get(port) if port else None
            if schema is not None:
                found = choose(schema, selector)
                place = _Place(node, component, param, port, schema)
                yield from _problems(place, found, nodes, catalogue, flow)


class _Place:
    """A selector and the columns that it meets."""

    def __init__(self, node: Node, component: Any, param: Any, port: str, schema: Schema) -> None:
        self.node, self.component, self.param = node, component, param
        self.port, self.schema = port, schema

    def problem(self, code: str, text: str, hint: str, severity: str = "warning") -> Problem:
        """Make a problem of this selector."""
        who = f"'{self.node.id}' ({self.component.title or self.component.name})"
        return Problem(code, f"{who}: {text}", self.node.id, self.param.name, hint, severity)


def _problems(
    place: _Place,
    found: Chosen,
    nodes: Mapping[str, Node],
    catalogue: CatalogueLike,
    flow: Flow,
) -> Iterator[Problem]:
    have = names(place.schema)
    for name in found.missing:
        thief = flow.dropped_by(name, place.node.id, place.port)
        text = f"{place.param.title} names the column '{name}', which does not arrive."
        if thief is None:
            yield place.problem("column_not_found", text, _near(name, have))
        else:
            who = f"'{thief}' ({title_of(nodes[thief], catalogue)})"
            hint = f"Keep it in {who}, or choose another column here. {_near(name, have)}"
            yield place.problem("column_not_found", f"{text} {who} drops it.", hint, "error")
    if found.beyond is not None:
        text = f"{place.param.title} asks for column {found.beyond}; {len(have)} arrive."
        yield place.problem("column_not_found", text, f"Use 1 to {len(have)}.")
    if found.names is None or not found.fits:
        return
    if not found.names:
        text = f"{place.param.title} selects no column of the {len(have)} that arrive."
        yield place.problem("no_columns", text, "Loosen its rules.")
    elif place.param.single and len(found.names) > 1:
        text = f"{place.param.title} selects {len(found.names)} columns: "
        text += ", ".join(found.names[:5]) + "."
        yield place.problem("one_column", text, "Select exactly one.")


def _port(component: Any, param: Any) -> str:
    if param.port:
        return str(param.port)
    return next((port.name for port in component.inputs if port.type == "dataset"), "")


def title_of(node: Node, catalogue: CatalogueLike) -> str:
    """Return the title of a node's module, its name when nobody knows it."""
    try:
        component = catalogue.get(node.component, node.version)
    except StudioError:
        return node.component
    return str(component.title or component.name)


def _near(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"Did you mean '{near[0]}'?"
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"The columns are: {shown}."


def disabled_nodes_have_a_stand_in(
    graph: Graph, catalogue: CatalogueLike, lively: Running
) -> Iterator[Problem]:
    """What a disabled node cuts off does not run; the draft stays fit to be submitted."""
    cut: dict[str, list[str]] = {}
    for id, cause in lively.skipped.items():
        cut.setdefault(cause, []).append(id)
    nodes = {node.id: node for node in graph.nodes}
    order = {node.id: index for index, node in enumerate(graph.nodes)}
    for cause, ids in cut.items():
        ids.sort(key=lambda id: order.get(id, 0))
        who = f"'{cause}' ({title_of(nodes[cause], catalogue)})"
        shown = ", ".join(ids[:5]) + (", …" if len(ids) > 5 else "")
        steps = "1 step" if len(ids) == 1 else f"{len(ids)} steps"
        yield Problem(
            "cut_off",
            f"{who} is switched off, and none of its inputs can take the place of its output: "
            f"{steps} below will be skipped ({shown}).",
            cause,
            "",
            "Switch it on, or connect the steps below to something else.",
            "warning",
        )


def what_is_missing(lively: Running, catalogue: CatalogueLike) -> Iterator[Problem]:
    """A module may need packages that are not here; a worker elsewhere may have them."""
    told: dict[str, str] = {}
    for node in lively.graph.nodes:
        if node.component not in told:
            try:
                told[node.component] = catalogue.get(node.component, node.version).unavailable()
            except StudioError:
                told[node.component] = ""
        if told[node.component]:
            yield Problem("not_installed", told[node.component], node.id, severity="warning")


def what_runs(lively: Running) -> Iterator[Problem]:
    """At least one step must be left to run."""
    if not lively.graph.nodes:
        yield Problem(
            "empty_graph",
            "Every step is switched off or skipped: nothing is left to run.",
            hint="Switch at least one module on.",
        )
