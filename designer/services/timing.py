"""How long steps take by what they took before, and when a run that goes on will be done."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from designer.models import Pipeline
from designer.services import results
from studio.compute import services as computes
from studio.runs.models import Run, Status

# Runs looked at for how long a component takes, and how many of each count.
HISTORY = 1_000
COUNTED = 9


@dataclass(frozen=True)
class Work:
    """What is left to do of a step, and what it holds meanwhile."""

    seconds: float
    pool: str = ""
    slots: int = 1


def expected(pipeline: Pipeline, components: Mapping[str, str]) -> dict[str, float]:
    """Return for each step the median time of its own earlier runs, else of its component's.

    `components` maps steps to the names of their components; a step without a history is left out.
    """
    if not components:
        return {}
    recent = (
        Run.objects.filter(
            workspace=pipeline.workspace,
            parent__isnull=False,
            status=Status.COMPLETED,
            reused_from=None,
            started__isnull=False,
        )
        .order_by("-pk")
        .values_list("step", "parent_id", "key_parts__component__name", "started", "ended")
    )
    parents = set(results.runs_of(pipeline).values_list("pk", flat=True)[: results.DEPTH])
    own: dict[str, list[float]] = {}
    alike: dict[str, list[float]] = {}
    for step, parent, component, started, ended in recent[:HISTORY]:
        seconds = (ended - started).total_seconds() if ended and started else 0.0
        if parent in parents and step in components:
            own.setdefault(step, []).append(seconds)
        if component:
            alike.setdefault(component, []).append(seconds)
    found = {}
    for step, component in components.items():
        times = own.get(step) or alike.get(component)
        if times:
            found[step] = round(median(times[:COUNTED]), 3)
    return found


def total(works: Mapping[str, Work], dependencies: Mapping[str, set[str]]) -> float | None:
    """Return how long the steps take on the slots there are.

    Steps start as the queue would start them: as soon as what they wait for is done and enough
    slots are free. Slots that other runs hold now are not counted, they may be free by then.
    """
    waits = {
        name: {each for each in sources if each in works}
        for name, sources in dependencies.items()
        if name in works
    }
    pools = {work.pool for work in works.values()}
    free = {pool: max(1, computes.limits(pool).slots) for pool in pools}
    all_slots = dict(free)
    clock, busy, todo = 0.0, list[tuple[float, str, int]](), list(works)
    done: set[str] = set()
    while todo or busy:
        for name in list(todo):
            work = works[name]
            slots = min(work.slots, all_slots[work.pool])
            if waits.get(name, set()) <= done and free[work.pool] >= slots:
                free[work.pool] -= slots
                heapq.heappush(busy, (clock + work.seconds, name, slots))
                todo.remove(name)
        if not busy:
            return None
        clock, name, slots = heapq.heappop(busy)
        free[works[name].pool] += slots
        done.add(name)
    return round(clock, 3)
