"""How a draft's nodes stand: the status of each in a run, and whether its result is stale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from designer import journal
from designer.models import Pipeline
from designer.services import nesting, results, timing
from designer.services.fingerprints import fingerprints
from designer.services.pins import pins_of
from officina import planning
from officina.catalogue import Catalogue
from officina.errors import StudioError
from officina.graph import Graph, running
from studio.runs import outputs
from studio.runs.models import Run, Status
from studio.runs.services.creating import catalogue_of

# So much of the rows may go without a word; sampling is meant to lose more.
KEPT_AT_LEAST = 0.8
HEAVY = ("key_parts", "cursor", "document", "params", "inputs", "outputs", "metrics")
LOSES_ROWS = frozenset({"partition_and_sample", "summarize_data", "head"})
ENDED = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELED})
WATCHED = frozenset({"Data Transformation", "Python Language", "R Language"})


def state(*, pipeline: Pipeline, run: Run | None = None) -> dict[str, Any]:
    """Return the nodes' statuses in a run, the newest one by default, against the present draft.

    A part run shows its own nodes and those whose earlier results it used. Without `run`, nodes
    that the newest run did not touch show what they came to before.
    """
    journal.refresh(pipeline)
    graph = Graph.from_json(pipeline.graph)
    catalogue = catalogue_of(pipeline.workspace)
    chosen = run or results.runs_of(pipeline).select_related("workspace", "owner").first()
    if chosen is None:
        return {"run": None, "revision": pipeline.seq, "nodes": _skipped(graph, catalogue)}
    children = _children(chosen)
    pins = pins_of(pipeline, graph, catalogue)
    if run is None or run.pk == newest(pipeline):
        # What is pinned now shows what it will give, whatever it did then.
        children = {
            step: child for step, child in children.items() if nesting.head(step) not in pins.runs
        } | dict(pins.steps)
    if run is None:
        rest = {node.id for node in graph.nodes} - nesting.grouped(children).keys()
        children |= results.latest_results(pipeline, rest)
    settled = results.settled(pipeline.workspace)
    prints = fingerprints(graph, catalogue, settled=settled, pinned=pins.prints())
    nodes = nesting.fold(
        {step: _node(child, prints.get(nesting.head(step))) for step, child in children.items()}
    )
    _lead_inside(graph, catalogue, nodes)
    for name, entry in _skipped(graph, catalogue).items():
        nodes[name] = {**nodes.get(name, {}), **entry}
    shown = _run(pipeline, chosen)
    if chosen.status not in ENDED:
        shown["left"] = _tell_times(pipeline, chosen, graph, children, nodes)
    for name, pinned in pins.runs.items():
        if name in nodes:
            nodes[name]["pinned"] = {"run": pinned.guid, "called": pins.words[name]}
    _warn_of_lost_rows(graph, catalogue, nodes)
    return {"run": shown, "revision": pipeline.seq, "nodes": nodes}


def _tell_times(
    pipeline: Pipeline,
    run: Run,
    graph: Graph,
    children: Mapping[str, Run],
    nodes: Mapping[str, dict[str, Any]],
) -> float | None:
    """Say of each step how long it takes as a rule, and return how long the run has still to work.

    Time in the queue is not counted: nobody knows how long others will hold their slots.
    """
    names = {node.id: node.component for node in graph.nodes}
    mine = {step: child for step, child in children.items() if child.parent_id == run.pk}
    done = {step for step, child in mine.items() if child.status in ENDED}
    # Steps that wait for others have no run of their own yet.
    todo = [step for step in run.document.get("jobs") or {} if step not in done]
    known = timing.expected(pipeline, {step: names.get(step, "") for step in todo})
    for step in mine.keys() & known.keys():
        node, _, inner = step.partition("/")
        entry = nodes.get(node, {})
        entry = entry.get("steps", {}).get(inner, {}) if inner else entry
        entry["expected"] = known[step]
    if not todo or len(known) < len(todo):
        return None
    usual = next((child.compute.pool for child in mine.values() if child.compute), "")
    works = {step: _left_of(mine.get(step), known[step], usual) for step in todo}
    return timing.total(works, planning.dependencies(run.document))


def _left_of(child: Run | None, expected: float, pool: str) -> timing.Work:
    if child is None:
        return timing.Work(expected, pool)
    left = max(0.0, expected - (child.seconds or 0.0))
    return timing.Work(left, child.compute.pool if child.compute else pool, child.slots)


def newest(pipeline: Pipeline) -> int | None:
    """Return the key of the draft's newest run."""
    return results.runs_of(pipeline).values_list("pk", flat=True).first()


def _children(run: Run) -> dict[str, Run]:
    """Return the run's steps, and the steps of other runs whose results it took."""
    rows = run.children.select_related("compute", "reused_from").defer(
        "key_parts", "cursor", "document", "params", "inputs",
        *(f"reused_from__{each}" for each in HEAVY),
    )  # fmt: skip
    found = {child.step: child for child in rows}
    borrowed = results.noted(run, results.SOURCES)
    if borrowed:
        sources = Run.objects.filter(workspace=run.workspace, guid__in=borrowed.values())
        for source in sources.defer("key_parts", "cursor", "document"):
            found.setdefault(source.step, source)
    results.with_parents(found.values())
    return found


def _run(pipeline: Pipeline, run: Run) -> dict[str, Any]:
    number = results.runs_of(pipeline).filter(pk__lte=run.pk).count()
    tags = run.tags or {}
    return {
        "guid": run.guid,
        "name": run.name,
        "number": number,
        "title": run.title,
        "status": run.status,
        "reason": run.reason,
        "progress": run.progress,
        "seconds": run.seconds,
        "created": run.created,
        "owner": run.owner.name,
        "mode": tags.get("officina.mode", "all"),
        "version": int(tags["officina.version"]) if tags.get("officina.version") else None,
        "steps": len(run.document.get("jobs") or {}),
    }


def _node(child: Run, present: str | None) -> dict[str, Any]:
    then = results.noted(child.parent, results.FINGERPRINTS) if child.parent else {}
    known = then.get(nesting.head(child.step))
    shown: dict[str, Any] = {
        "status": child.status,
        "reason": child.reason,
        "reused": child.is_reused,
        "seconds": None if child.is_reused else child.seconds,
        "progress": child.progress,
        "progress_text": child.progress_text,
        "error": error_of(child),
        "stale": present is None or known != present,
        "run": child.guid,
        "parent": child.parent.guid if child.parent else None,
        "source_run": child.reused_from.guid if child.reused_from else None,
        "outputs": {port: dict(size) for port, size in outputs.sizes_of(child).items()},
    }
    for port in child.outputs:
        shown["outputs"].setdefault(port, {})
    return shown


def error_of(run: Run) -> dict[str, Any] | None:
    """Return a failure as the node shows it: code, message, where, hint, and the log's line if known."""
    if not run.error:
        return None
    names = ("code", "message", "where", "hint", "line")
    return {name: run.error[name] for name in names if run.error.get(name) not in (None, "")} | {
        "message": run.error.get("message") or run.reason
    }


def _component(graph: Graph, catalogue: Catalogue, step: str) -> Any:
    try:
        node = graph.node(step)
        return catalogue.get(node.component, node.version)
    except StudioError:
        return None


def _skipped(graph: Graph, catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    found = {
        node.id: {"status": "Skipped", "reason": "disabled"}
        for node in graph.nodes
        if node.disabled
    }
    for name, cause in running(graph, catalogue).skipped.items():
        found[name] = {"status": "Skipped", "reason": f"cut off by {cause}, which is disabled"}
    return found


def _lead_inside(graph: Graph, catalogue: Catalogue, nodes: Mapping[str, dict[str, Any]]) -> None:
    """Say for each output of a pipeline component which step's output it is."""
    for node in graph.nodes:
        component = _component(graph, catalogue, node.id)
        steps = nodes.get(node.id, {}).get("steps")
        if component is None or not steps:
            continue
        for port in component.outputs:
            step, output = nesting.origin(node, port.name, catalogue)
            inner = steps.get(step.partition("/")[2])
            if inner and inner["run"]:
                size = inner["outputs"].get(output, {})
                nodes[node.id]["outputs"][port.name] = size | {"run": inner["run"], "port": output}


def _warn_of_lost_rows(
    graph: Graph, catalogue: Catalogue, nodes: Mapping[str, dict[str, Any]]
) -> None:
    """Mark the outputs of a step that lets more than a fifth of the rows vanish."""
    came: dict[str, int] = {}
    for edge in graph.edges:
        source = nodes.get(edge.source, {}).get("outputs", {}).get(edge.source_port, {})
        if source.get("rows"):
            came[edge.target] = max(came.get(edge.target, 0), source["rows"])
    for name, before in came.items():
        component = _component(graph, catalogue, name)
        if component is None or component.name in LOSES_ROWS or component.category not in WATCHED:
            continue
        sizes = [one for one in nodes.get(name, {}).get("outputs", {}).values() if "rows" in one]
        after = sum(one["rows"] for one in sizes)
        if sizes and after < KEPT_AT_LEAST * before and nodes[name]["status"] == Status.COMPLETED:
            text = f"{before - after:,} of {before:,} rows are gone ({1 - after / before:.0%})."
            for one in sizes:
                one["warning"] = text
