"""What part of a draft runs, and on what: all of it, to here, from here, chosen nodes, or a retry."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from designer import journal
from designer.models import Pipeline
from designer.services import nesting, results
from designer.services.drafts import PIPELINE_TAG
from designer.services.fingerprints import fingerprints
from designer.services.pins import Pins, left_out, pins_of, results_for, without
from officina.catalogue import Catalogue
from officina.errors import StudioError
from officina.graph import Edge, Graph, pipeline_document, running
from studio.runs.models import Run, Status
from studio.runs.services.creating import catalogue_of

MODES = ("all", "to", "from", "selected", "retry")
NUMBERS = {"integer": int, "number": float}


@dataclass(frozen=True)
class Ask:
    """What someone wants to run of a draft."""

    mode: str = "all"
    nodes: tuple[str, ...] = ()
    run: str = ""
    force_rerun: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Arranged:
    """A draft made ready: the document, its graph, and which earlier results stand in for what is left out."""

    pipeline: Pipeline
    catalogue: Catalogue
    graph: Graph
    document: dict[str, Any]
    chosen: tuple[str, ...]
    skipped: Mapping[str, str]
    sources: Mapping[str, Run]
    # Pinned nodes and the runs whose results they give.
    pinned: Mapping[str, Run] = field(default_factory=dict)


def arrange(pipeline: Pipeline, ask: Ask) -> Arranged:
    """Make the document of what is to run; the graph must be whole, its parts may have problems."""
    if ask.mode not in MODES:
        raise StudioError(
            f"There is no mode {ask.mode!r}.", hint=f"Modes: {', '.join(MODES)}.", where="mode"
        )
    journal.refresh(pipeline)
    graph = Graph.from_json(pipeline.graph)
    catalogue = catalogue_of(pipeline.workspace)
    values = parameter_values(graph, ask.parameters)
    lively = running(graph, catalogue)
    settled = results.settled(pipeline.workspace)
    pins = pins_of(pipeline, graph, catalogue)
    prints = fingerprints(graph, catalogue, values, settled=settled, pinned=pins.prints())
    earlier = results.run_of(pipeline, ask.run) if ask.run else None
    resting = left_out(lively.graph, pins, ask.nodes)
    chosen = _chosen(without(lively.graph), ask, resting)
    sources: dict[str, Run] = {}
    part = graph
    if len(chosen) < len(lively.graph.nodes):
        across = _across(lively.graph, chosen)
        nodes = {node.id: node for node in lively.graph.nodes}
        origins = {
            edge: nesting.origin(nodes[edge.source], edge.source_port, catalogue) for edge in across
        }
        wanted = {step for step, _ in origins.values()}
        _hold(across, pins)
        sources = results_for(pipeline, pins, wanted, earlier)
        part = _cut(lively.graph, chosen, origins, sources)
        borrowed = {
            (edge.target, edge.target_port): (results.print_of(sources[step]), edge.source_port)
            for edge, (step, _) in origins.items()
        }
        prints = fingerprints(part, catalogue, values, borrowed=borrowed, settled=settled)
    document = pipeline_document(
        _with_values(part, values),
        catalogue,
        display_name=pipeline.name,
        experiment_name=graph.settings.get("experiment") or pipeline.name,
        settings={"force_rerun": True} if ask.force_rerun else {},
    )
    if ask.mode == "retry":
        _keep_done(document, _failed(earlier), prints)
    notes = {results.FINGERPRINTS: {name: prints[name] for name in chosen if name in prints}}
    notes[results.SOURCES] = {name: child.guid for name, child in sources.items()}
    held = dict(document.get("properties") or {})
    texts = {key: json.dumps(value, separators=(",", ":")) for key, value in notes.items() if value}
    document["properties"] = held | texts
    document["tags"] = {
        PIPELINE_TAG: pipeline.guid,
        "officina.revision": str(pipeline.seq),
        "officina.digest": graph.digest(),
        "officina.mode": ask.mode,
    }
    skipped = {node.id: "disabled" for node in graph.nodes if node.disabled}
    skipped |= {
        name: f"cut off by {cause}, which is disabled" for name, cause in lively.skipped.items()
    }
    skipped |= {name: why for name, why in resting.items() if name not in chosen}
    return Arranged(pipeline, catalogue, graph, document, chosen, skipped, sources, pins.runs)


def parameter_values(graph: Graph, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values given to the graph's parameters, each in its declared type."""
    values: dict[str, Any] = {}
    for name, value in given.items():
        entry = graph.parameters.get(name)
        if entry is None:
            known = ", ".join(graph.parameters) or "none"
            raise StudioError(
                f"The pipeline has no parameter {name!r}.", hint=f"It has: {known}.", where=name
            )
        values[name] = _in_type(name, value, str(entry.get("type") or "string"))
    return values


def _in_type(name: str, value: Any, kind: str) -> Any:
    """Return a value in its type; callers over HTTP often send numbers as texts."""
    try:
        if kind == "boolean":
            words = {"true": True, "false": False}
            return value if isinstance(value, bool) else words[str(value).lower()]
        if kind in NUMBERS:
            if isinstance(value, bool):
                raise TypeError
            number = NUMBERS[kind](value)
            if isinstance(value, float) and number != value:
                raise ValueError
            return number
    except (ValueError, TypeError, KeyError, OverflowError):
        raise StudioError(
            f"The parameter {name!r} takes a value of type {kind}, not {value!r}.", where=name
        ) from None
    return value if isinstance(value, str) else json.dumps(value)


def _with_values(graph: Graph, values: Mapping[str, Any]) -> Graph:
    parameters = {
        name: {**entry, "default": values[name]} if name in values else entry
        for name, entry in graph.parameters.items()
    }
    return replace(graph, parameters=parameters)


def _chosen(graph: Graph, ask: Ask, resting: Mapping[str, str]) -> tuple[str, ...]:
    """Return the nodes that are to run; those that rest because of a pin are not among them."""
    names = [node.id for node in graph.nodes]
    wanted = _wanted(graph, ask, names)
    chosen = tuple(name for name in names if name in wanted and name not in resting)
    if wanted and not chosen:
        pinned = next((name for name in ask.nodes if name in resting), "")
        who = pinned and (graph.node(pinned).label or pinned)
        raise StudioError(
            f"{who} is {resting[pinned]}: nothing is left to run."
            if who
            else "All that would run is pinned.",
            hint="Unpin it, or run from there on.",
            where=pinned or "graph",
            code="conflict",
        )
    return chosen


def _wanted(graph: Graph, ask: Ask, names: list[str]) -> set[str]:
    if ask.mode in {"all", "retry"}:
        return set(names)
    if not ask.nodes:
        raise StudioError("No node is chosen.", hint="Choose at least one.", where="nodes")
    wanted: set[str] = set()
    for name in ask.nodes:
        if name not in names:
            raise StudioError(
                f"There is no node {name!r} that could run.",
                hint="It may be disabled or gone from the draft.",
                where="nodes",
                code="not_found",
            )
        wanted.add(name)
        if ask.mode == "to":
            wanted |= graph.upstream(name)
        elif ask.mode == "from":
            wanted |= graph.downstream(name)
    return wanted


def _hold(across: list[Edge], pins: Pins) -> None:
    """Refuse to take what a pin promises and nobody has any more."""
    for edge in across:
        if edge.source in pins.gone:
            raise StudioError(
                f"{edge.source} is pinned, but {pins.gone[edge.source]}.",
                hint="Unpin it, so that it runs again, or pin it to another run.",
                where=edge.source,
                code="conflict",
            )


def _across(graph: Graph, chosen: tuple[str, ...]) -> list[Edge]:
    """Return the connections into the chosen nodes from outside."""
    inside = set(chosen)
    return [edge for edge in graph.edges if edge.target in inside and edge.source not in inside]


def _cut(
    graph: Graph,
    chosen: tuple[str, ...],
    origins: Mapping[Edge, tuple[str, str]],
    sources: Mapping[str, Run],
) -> Graph:
    """Return the chosen nodes alone; what comes from outside is the result of an earlier run."""
    inside = set(chosen)
    borrowed: dict[str, dict[str, str]] = {}
    for edge, origin in origins.items():
        value = _result(graph, edge, origin, sources)
        borrowed.setdefault(edge.target, {})[edge.target_port] = value
    nodes = tuple(
        replace(node, params={**node.params, **borrowed.get(node.id, {})})
        for node in graph.nodes
        if node.id in inside
    )
    edges = tuple(edge for edge in graph.edges if edge.target in inside and edge.source in inside)
    return replace(graph, nodes=nodes, edges=edges, notes=(), groups=())


def _result(graph: Graph, edge: Edge, origin: tuple[str, str], found: Mapping[str, Run]) -> str:
    child = found.get(origin[0])
    output = child.outputs.get(origin[1]) if child is not None else None
    if output is None:
        title = graph.node(edge.source).label or edge.source
        raise StudioError(
            f"{title} has no result yet that {graph.node(edge.target).label or edge.target} could use.",
            hint=f"Run it too: choose 'run to here', or include {edge.source}.",
            where=edge.source,
            code="conflict",
        )
    return str(output["uri"])


def _failed(run: Run | None) -> Run:
    if run is None:
        raise StudioError("No run is named to retry.", hint="Name a failed run.", where="run")
    if run.status not in {Status.FAILED, Status.CANCELED}:
        raise StudioError(
            f"{run.title} is {run.status}, so there is nothing to retry.",
            hint="Retry a failed or canceled run, or submit the draft again.",
            where="run",
            code="conflict",
        )
    return run


def _keep_done(document: dict[str, Any], run: Run, prints: Mapping[str, str]) -> None:
    """Let the steps that were done keep their results, also those that never are reused otherwise."""
    before = results.noted(run, results.FINGERPRINTS)
    done = run.children.filter(status=Status.COMPLETED).values_list("step", "guid")
    for step, guid in done:
        node = document["jobs"].get(step)
        if node is not None and before.get(step) and before[step] == prints.get(step):
            node["reuseFrom"] = guid
