"""What a submission would do, found out by the planner itself without starting anything."""

from __future__ import annotations

import copy
import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from designer import journal
from designer.models import Pipeline
from designer.services import checking, nesting, results, timing
from designer.services.arranging import Arranged, Ask, arrange
from officina import checks, planning
from officina.errors import StudioError
from studio.runs.models import Run, Status
from studio.runs.services.creating import settle
from studio.runs.services.steps import StepStart

RUN, REUSE, SKIP, UNKNOWN = "run", "reuse", "skip", "unknown"


@dataclass
class Step:
    """What would happen to one node."""

    id: str
    title: str
    action: str
    reason: str
    because: list[str] = field(default_factory=list)
    compute: str = ""
    pool: str = ""
    slots: int = 1
    component: str = ""
    seconds: float | None = None
    source_run: str = ""

    def to_json(self) -> dict[str, Any]:
        shown = {
            "id": self.id,
            "title": self.title,
            "action": self.action,
            "reason": self.reason,
            "because": self.because,
            "compute": self.compute or None,
            "seconds": self.seconds if self.action != REUSE else 0.0,
        }
        return shown | ({"source_run": self.source_run} if self.source_run else {})


def plan(*, pipeline: Pipeline, ask: Ask) -> dict[str, Any]:
    """Return what a submission would run, reuse and leave out, why, and how long it would take.

    Nothing is written. A step whose input is made anew runs, as far as can be told: only when that
    input turns out the same as before does the real run find its result again.
    """
    draft = checking.report(journal.refresh(pipeline), pipeline.graph)["problems"]
    try:
        arranged = arrange(pipeline, ask)
    except StudioError as error:
        broken = [each for each in draft if each["severity"] == "error"]
        if not broken or error.where in {"mode", "nodes", "run", *ask.parameters}:
            raise
        return _unplannable(ask, broken)
    found = [_problem(each) for each in checks.problems(arranged.document, arranged.catalogue)]
    found += _advice(draft, found, arranged)
    answer: dict[str, Any] = {"mode": ask.mode, "problems": found, "sources": _sources(arranged)}
    steps = _left_out(arranged)
    if not any(each["severity"] == "error" for each in found):
        try:
            steps = _dry_run(arranged) + steps
        except StudioError as error:
            found.append(_trouble(error))
    if any(each["severity"] == "error" for each in found):
        why = "the draft has problems"
        steps = [Step(n, _title(arranged, n), UNKNOWN, why) for n in arranged.chosen] + steps
    running = [step for step in steps if step.action == RUN]
    _estimate(arranged, running)
    return answer | {
        "steps": [step.to_json() for step in steps],
        "run": len(running),
        "reuse": sum(step.action == REUSE for step in steps),
        "seconds": _total(arranged, running),
        "unknown": sum(step.seconds is None for step in running),
    }


def _unplannable(ask: Ask, broken: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the plan of a draft that no document can be made of."""
    return {
        "mode": ask.mode, "problems": broken, "sources": [], "steps": [], "run": 0, "reuse": 0,
        "seconds": None, "unknown": 0,
    }  # fmt: skip


def _advice(
    draft: list[dict[str, Any]], found: list[dict[str, Any]], arranged: Arranged
) -> list[dict[str, Any]]:
    """Return what else the canvas warns of at the chosen nodes; it does not keep them from running."""
    said = {(each["code"], each["node"], each["port"]) for each in found}
    return [
        {**each, "severity": "warning"}
        for each in draft
        if each.get("node") in arranged.chosen
        and (each["code"], each.get("node"), each.get("port")) not in said
    ]


def _problem(problem: Any) -> dict[str, Any]:
    shown = {name: getattr(problem, name) for name in ("code", "message", "hint", "node", "port")}
    return shown | {"severity": getattr(problem, "severity", "error")}


def _trouble(error: StudioError) -> dict[str, Any]:
    """Return what stops a submission, data that is gone for example, as a problem of its node."""
    parts = error.where.split(".")
    node = parts[1] if parts[0] == "jobs" and len(parts) > 1 else ""
    return {
        "code": error.code, "message": error.message, "hint": error.hint, "node": node,
        "port": parts[-1] if len(parts) > 2 else "", "severity": "error",
    }  # fmt: skip


def _title(arranged: Arranged, name: str) -> str:
    node = next((each for each in arranged.graph.nodes if each.id == name), None)
    if node is None or node.label:
        return node.label if node else name
    try:
        return str(arranged.catalogue.get(node.component, node.version).title)
    except StudioError:
        return name


def _sources(arranged: Arranged) -> list[dict[str, str]]:
    """Return the earlier results that stand in for nodes that are not part of this."""
    return [
        {
            "id": name,
            "title": _title(arranged, name),
            "run": child.guid,
            "parent": child.parent.guid,
        }
        for name, child in sorted(arranged.sources.items())
        if child.parent is not None
    ]


def _left_out(arranged: Arranged) -> list[Step]:
    """Return the nodes that take no part, with why."""
    chosen = set(arranged.chosen)
    sources = {nesting.head(step) for step in arranged.sources}
    steps = []
    for node in arranged.graph.nodes:
        if node.id in chosen:
            continue
        why = arranged.skipped.get(node.id) or (
            "its earlier result is used" if node.id in sources else "not chosen"
        )
        pin = arranged.pinned.get(node.id)
        told = Step(node.id, _title(arranged, node.id), SKIP, why)
        told.source_run = pin.guid if pin else ""
        steps.append(told)
    return steps


def _dry_run(arranged: Arranged) -> list[Step]:
    document = copy.deepcopy(arranged.document)
    settle(arranged.pipeline.workspace, document)
    parent = Run(workspace=arranged.pipeline.workspace, document=document, name="plan")
    start = StepStart(parent, {})
    nodes, waits = planning.steps_of(document), planning.dependencies(document)
    before = results.earlier_steps(arranged.pipeline, nodes)
    found: dict[str, Step] = {}
    todo = [name for name in planning.order(document) if name in nodes]
    while todo:
        ready = [name for name in todo if waits[name] <= found.keys()]
        made = []
        for name in ready:
            again = sorted(each for each in waits[name] if found[each].action != REUSE)
            if again:
                found[name] = _because_of(arranged, name, again, found, start, nodes[name])
            else:
                made.append(start.make(name, nodes[name]))
        start.reuse([child for child in made if child.status == Status.QUEUED], nodes)
        for child in made:
            found[child.step] = _told(arranged, child, nodes[child.step], before.get(child.step))
        todo = [name for name in todo if name not in found]
    told = {
        node: found[node] if node in found else _as_one(arranged, node, [found[n] for n in names])
        for node, names in nesting.grouped(nodes).items()
    }
    return [told[name] for name in _as_drawn(arranged, waits) if name in told]


def _as_drawn(arranged: Arranged, waits: Mapping[str, set[str]]) -> list[str]:
    """Return the nodes so that each comes after what it waits for, else as they lie on the canvas."""
    place = {node.id: (node.y, node.x) for node in arranged.graph.nodes}
    left: dict[str, set[str]] = {}
    for step, sources in waits.items():
        node = nesting.head(step)
        left.setdefault(node, set()).update({nesting.head(each) for each in sources} - {node})
    followers: dict[str, list[str]] = {}
    for node, sources in left.items():
        for source in sources:
            followers.setdefault(source, []).append(node)
    ready = [(place.get(node, (0, 0)), node) for node, sources in left.items() if not sources]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        _, node = heapq.heappop(ready)
        order.append(node)
        for follower in followers.get(node, ()):
            left[follower].discard(node)
            if not left[follower]:
                heapq.heappush(ready, (place.get(follower, (0, 0)), follower))
    return order


def _as_one(arranged: Arranged, node: str, steps: list[Step]) -> Step:
    """Tell the steps of a pipeline component as one: it runs when one of them does."""
    telling = next((step for step in steps if step.action != REUSE), steps[0])
    whole = replace(telling, id=node, title=_title(arranged, node))
    if telling.action == RUN:
        inner = telling.id.partition("/")[2]
        whole.reason = f"{inner}: {telling.reason}"
        whole.because = [nesting.head(each) for each in telling.because]
    return whole


def _because_of(
    arranged: Arranged, name: str, again: list[str], found: Mapping[str, Step], start: StepStart,
    node: Mapping[str, Any],
) -> Step:  # fmt: skip
    titles = [found[each].title for each in again]
    verb = "runs" if len(titles) == 1 else "run"
    reason = f"{', '.join(titles)} {verb} first"
    document = {"computeId": node.get("computeId"), "component": node.get("component")}
    step = Step(name, _title(arranged, name), RUN, reason, again)
    return _placed(step, start, document)


def _placed(step: Step, start: StepStart, document: Mapping[str, Any]) -> Step:
    target = start.compute_of(dict(document))
    component = document.get("component") or {}
    step.compute, step.pool = target.name, target.pool
    step.component = str(component.get("name") or "")
    return step


def _told(arranged: Arranged, child: Run, node: Mapping[str, Any], before: Run | None) -> Step:
    """Say of a step whose inputs are known whether it is reused, and why not if not."""
    step = Step(child.step, _title(arranged, child.step), RUN, "", slots=child.slots)
    step.component = str((child.document.get("component") or {}).get("name") or "")
    if child.compute is not None:
        step.compute, step.pool = child.compute.name, child.compute.pool
    if child.status == Status.FAILED:
        step.action, step.reason = UNKNOWN, child.reason
    elif child.reused_from is not None:
        step.action, step.source_run = REUSE, child.reused_from.guid
        step.reason = f"nothing changed since {_pipeline_of(child.reused_from.name, child.step)}"
    else:
        step.reason, step.because = _why(arranged, child, node, before, step.title)
    return step


def _pipeline_of(name: str, step: str) -> str:
    """Return the name of a step's pipeline run; a step of another draft may have another name."""
    short = name.removesuffix(f".{step.replace('/', '.')}")
    return short if short != name else name.rpartition(".")[0] or name


def _why(
    arranged: Arranged, child: Run, node: Mapping[str, Any], before: Run | None, title: str
) -> tuple[str, list[str]]:
    if (arranged.document.get("settings") or {}).get("force_rerun"):
        return "everything is to run anew", []
    if node.get("forceRerun"):
        return "it is set to run anew each time", []
    if before is None:
        return "it has not run before", []
    if before.step_key == child.step_key:
        if before.status == Status.COMPLETED:
            return "its result is never reused", []
        if before.status in {Status.FAILED, Status.CANCELED}:
            word = "failed" if before.status == Status.FAILED else "was canceled"
            return f"it {word} the last time", []
        return "an earlier run of it has not ended yet", []
    lines = [
        _with_title(line, title) for line in planning.explain_key(before.key_parts, child.key_parts)
    ]
    return (lines[0] if lines else "it changed"), lines


def _with_title(line: str, title: str) -> str:
    """Put the node's name into `input changed: fraction 0.7 -> 0.8`."""
    what, colon, rest = line.partition(": ")
    return f"{what}: {title} {rest}" if colon else f"{title}: {line}"


# -- time -------------------------------------------------------------------------------------------


def _estimate(arranged: Arranged, steps: list[Step]) -> None:
    wanted = {step.id: step.component for step in steps}
    known = timing.expected(arranged.pipeline, wanted)
    for step in steps:
        step.seconds = known.get(step.id)


def _total(arranged: Arranged, steps: list[Step]) -> float | None:
    """Return how long the steps take on the slots there are; None when one's time is not known."""
    if any(step.seconds is None for step in steps):
        return None
    works = {step.id: timing.Work(step.seconds or 0.0, step.pool, step.slots) for step in steps}
    return timing.total(works, planning.dependencies(arranged.document))
