"""Who waits for what, until when: an estimate from how long such runs took before."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import median

from django.utils import timezone

from studio.runs.models import Run, Status

LOOKED_AT = 15
MOST_EXPERIMENTS = 60


def typical_seconds(experiments: Iterable[int]) -> dict[int, float]:
    """Return the median working time of the last runs of each experiment; 0 stands for all others."""
    found: dict[int, float] = {}
    for key in sorted(set(experiments))[:MOST_EXPERIMENTS]:
        times = _last(experiment_id=key)
        if times:
            found[key] = median(times)
    others = _last()
    if others:
        found[0] = median(others)
    return found


def _last(**where: int) -> list[float]:
    rows = Run.objects.filter(status=Status.COMPLETED, reused_from=None, **where).exclude(
        kind=Run.PIPELINE
    )
    pairs = rows.order_by("-pk").values_list("started", "ended")[:LOOKED_AT]
    return [(ended - started).total_seconds() for started, ended in pairs if started and ended]


def expected_starts(
    running: Sequence[Run], waiting: Sequence[Run], slots: int, *, now: datetime | None = None
) -> dict[int, datetime]:
    """Return for each waiting run, by key, when it should start; nothing where nothing is known.

    Slots are given out in the order of the queue, each when the run before it there should have ended.
    """
    now = now or timezone.now()
    typical = typical_seconds(run.experiment_id for run in [*running, *waiting])
    if not slots or not typical:
        return {}
    usual = typical.get(0, 0.0)
    free: list[datetime] = []
    for run in running:
        worked = run.seconds or 0.0
        left = max(typical.get(run.experiment_id, usual) - worked, 1.0)
        free += [now + timedelta(seconds=left)] * run.slots
    free += [now] * max(slots - len(free), 0)
    heapq.heapify(free)
    starts: dict[int, datetime] = {}
    for run in waiting:
        if run.slots > len(free):
            continue
        taken = [heapq.heappop(free) for _ in range(run.slots)]
        starts[run.pk] = taken[-1]
        end = taken[-1] + timedelta(seconds=typical.get(run.experiment_id, usual))
        for _ in taken:
            heapq.heappush(free, end)
    return starts
