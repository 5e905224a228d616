"""Pinned nodes: the results of a run that stand for them, and the runs that a node can be pinned to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from designer.models import Pipeline
from designer.services import nesting, results
from officina.catalogue import Catalogue
from officina.errors import StudioError
from officina.graph import Graph, Node, resting
from studio.runs import outputs
from studio.runs.models import Run, Status

# So many runs back are offered.
OFFERED = 50


@dataclass(frozen=True)
class Pins:
    """What the pins of a graph stand for."""

    steps: Mapping[str, Run] = field(default_factory=dict)  # step -> its run, `node/step` inside
    runs: Mapping[str, Run] = field(default_factory=dict)  # node -> the pipeline's run
    words: Mapping[str, str] = field(default_factory=dict)  # node -> "run 3"
    gone: Mapping[str, str] = field(default_factory=dict)  # node -> why its results are not there

    def prints(self) -> dict[str, str]:
        """Return node -> what its results were computed from."""
        found: dict[str, str] = {}
        for step, child in self.steps.items():
            found.setdefault(nesting.head(step), results.print_of(child))
        return found


def pins_of(pipeline: Pipeline, graph: Graph, catalogue: Catalogue) -> Pins:
    """Return the runs behind the pins of a graph; disabled nodes are passed by, pinned or not."""
    pinned = {node.id: node for node in graph.nodes if node.pinned and not node.disabled}
    if not pinned:
        return Pins()
    rows = Run.objects.filter(
        workspace=pipeline.workspace,
        parent=None,
        deleted=None,
        guid__in={node.pinned for node in pinned.values()},
    )
    by_guid = {run.guid: run for run in rows.select_related("workspace")}
    numbers = numbers_of(pipeline, by_guid.values())
    steps: dict[str, Run] = {}
    gone: dict[str, str] = {}
    runs = {id: by_guid[node.pinned] for id, node in pinned.items() if node.pinned in by_guid}
    for run in by_guid.values():
        nodes = {id for id, each in runs.items() if each.pk == run.pk}
        steps |= steps_of(run, nodes)
    by_node = nesting.grouped(steps)
    for id, node in pinned.items():
        why = _why_gone(graph, node, runs.get(id), steps if id in by_node else None, catalogue)
        if why:
            gone[id] = why
    words = {id: numbers[run.pk] for id, run in runs.items()}
    return Pins(steps, runs, words, gone)


def steps_of(run: Run, nodes: Collection[str]) -> dict[str, Run]:
    """Return the completed steps of these nodes in a run, those whose results it took included."""
    done = Run.objects.filter(workspace=run.workspace, status=Status.COMPLETED)
    light = done.defer("cursor", "metrics", "key_parts", "document", "params", "inputs")
    found = {child.step: child for child in light.filter(parent=run)}
    borrowed = {
        step: guid
        for step, guid in results.noted(run, results.SOURCES).items()
        if nesting.head(step) in nodes and step not in found
    }
    if borrowed:
        found |= {child.step: child for child in light.filter(guid__in=borrowed.values())}
    found = {step: child for step, child in found.items() if nesting.head(step) in nodes}
    results.with_parents(found.values())
    return found


def _why_gone(
    graph: Graph, node: Node, run: Run | None, steps: Mapping[str, Run] | None, catalogue: Catalogue
) -> str:
    if run is None:
        return "its run is gone"
    if steps is None:
        return f"{run.title} has no results of it"
    for port in sorted({edge.source_port for edge in graph.edges if edge.source == node.id}):
        try:
            step, output = nesting.origin(node, port, catalogue)
            child = steps.get(step)
            if child is None:
                return f"{run.title} has no result at its port {port}"
            outputs.output_tree(child, output)
        except (StudioError, OSError) as error:
            return f"the result at its port {port} cannot be read: {error}".rstrip(".")
    return ""


def numbers_of(pipeline: Pipeline, runs: Iterable[Run]) -> dict[int, str]:
    """Return how people call runs: "run 3" of this draft, those of others by their title."""
    wanted = {run.pk: run for run in runs}
    keys = sorted(results.runs_of(pipeline).values_list("pk", flat=True)) if wanted else []
    number = {pk: at for at, pk in enumerate(keys, 1)}
    return {pk: f"run {number[pk]}" if pk in number else run.title for pk, run in wanted.items()}


def without(graph: Graph) -> Graph:
    """Return the graph as data flows in it: nothing flows into a pinned node."""
    pinned = {node.id for node in graph.nodes if node.pinned}
    if not pinned:
        return graph
    return replace(graph, edges=tuple(edge for edge in graph.edges if edge.target not in pinned))


def left_out(graph: Graph, pins: Pins, named: Collection[str]) -> dict[str, str]:
    """Return why nodes do not run: they are pinned, or only pinned ones need them."""
    names = {node.id: node.label or node.id for node in graph.nodes}
    return {
        id: f"pinned to {pins.words.get(id, 'a run that is gone')}"
        if id == cause
        else f"only {names[cause]} needs it, which is pinned"
        for id, cause in resting(graph, named).items()
    }


def results_for(
    pipeline: Pipeline, pins: Pins, steps: Iterable[str], first: Run | None = None
) -> dict[str, Run]:
    """Return for each step the result that a run would take: its pin's, else the newest."""
    wanted = set(steps)
    pinned = {step for step in wanted if nesting.head(step) in pins.runs}
    found = results.latest_results(pipeline, wanted - pinned, first)
    return found | {step: pins.steps[step] for step in pinned if step in pins.steps}


def offers(pipeline: Pipeline, node: str) -> list[dict[str, Any]]:
    """Return the draft's runs that a node can be pinned to, the newest first."""
    runs = list(results.runs_of(pipeline).filter(deleted=None)[:OFFERED])
    numbers = numbers_of(pipeline, runs)
    offered = []
    for run in runs:
        steps = steps_of(run, {node})
        if steps:
            offered.append(
                {
                    "run": run.guid,
                    "called": numbers[run.pk],
                    "title": run.title,
                    "status": run.status,
                    "created": run.created,
                    "reused": all(child.is_reused for child in steps.values()),
                }
            )
    return offered
