"""The database as queue: choosing, claiming, handing over, and taking back what fell silent."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q
from django.db.models.functions import Now
from django.utils import timezone

from studio.compute import services as computes
from studio.compute.queue import WAITS_FOR_SLOT, Held, Verdict, Waiting, decide
from studio.lib import stopping
from studio.runs import live
from studio.runs.models import HELD, Run, Status
from studio.runs.services.leases import ABOVE

logger = logging.getLogger(__name__)
# Wide columns that a list of the queue does not show.
WIDE = ("document", "key_parts", "params", "tags", "inputs", "outputs", "metrics", "git", "cursor")
# All that a claim and its news need.
NARROW = (
    "guid", "workspace", "step", "version", "status", "reason", "fence", "progress", "progress_text",
    "started", "ended", "reused_from", "kind", "parent__guid", "root__guid", "compute__pool",
)  # fmt: skip
# A claimed run whose message was lost goes back to the queue after this long.
HANDOVER = timedelta(seconds=10)
# A turn looks at so many runs of a line beyond those that could start.
LOOKED_AT = 50
# Azure's words for it, and how far numbers go.
PRIORITIES = {"low": -10, "medium": 0, "high": 10}
MOST_PRIORITY = 100


def dispatch_soon(pool: str = "local") -> None:
    """Dispatch once the open transaction is committed."""
    transaction.on_commit(lambda: dispatch(pool=pool))


def dispatch(*, pool: str = "local") -> int:
    """Claim every run that may start now and hand each to a worker; return how many."""
    # Whoever queues a run dispatches after that commit, so an empty queue needs no lock to be seen.
    if not Run.objects.filter(status=Status.QUEUED, compute__pool=pool).exists():
        return 0
    with transaction.atomic():
        verdict, known, is_cut = _verdict(pool, lock=True)
        news = {pk: why for pk, why in verdict.reasons.items() if known[pk] != why}
        rows = Run.objects.select_related("parent", "root", "compute").only(*NARROW)
        runs = rows.in_bulk([*verdict.start, *news])
        claimed = [runs[pk] for pk in verdict.start if pk in runs and _claim(runs[pk])]
        waiting = _explain([(runs[pk], reason) for pk, reason in news.items() if pk in runs])
        if is_cut:
            waiting += _explain_rest(pool, set(known))
        transaction.on_commit(lambda: _hand_over(claimed, waiting))
    return len(claimed)


def admit(*, run: Run) -> None:
    """Dispatch for a run that was queued just now; where it cannot start say why, and leave the others.

    One more that waits lets nobody else begin, so a long queue costs the newcomer nothing.
    """
    pool = run.compute.pool if run.compute else "local"
    age = (timezone.now() - run.created).total_seconds()
    mine = Waiting(
        run.pk, run.workspace_id, run.owner_id, run.priority, age, run.slots, run.compute_id or 0
    )
    limits = computes.limits(pool)
    reason = decide([mine], _held(pool), limits).reasons.get(run.pk)
    if reason is None:
        dispatch(pool=pool)
        return
    line = Run.objects.filter(
        status=Status.QUEUED,
        compute=run.compute_id,
        workspace=run.workspace_id,
        owner=run.owner_id,
    )
    behind = limits.slots + LOOKED_AT
    if reason.startswith(WAITS_FOR_SLOT) and line[behind : behind + 1].exists():
        reason = f"waiting for earlier runs on {pool}"
    live.tell_runs(_explain([(run, reason)]))


def dispatch_all() -> None:
    """Dispatch every pool in which a run waits, and settle the nodes of clusters and instances."""
    for pool in _pools():
        dispatch(pool=pool)
    held = Run.objects.held().order_by().values_list("compute_id").annotate(n=Count("pk"))
    computes.settle(dict(held))


def _pools() -> list[str]:
    queued = Run.objects.filter(status=Status.QUEUED).exclude(compute=None)
    return sorted(queued.order_by().values_list("compute__pool", flat=True).distinct())


def set_priority(*, run: Run, priority: int) -> None:
    """Move a waiting run among its owner's own; the steps of a pipeline move with it."""
    bounded = max(-MOST_PRIORITY, min(MOST_PRIORITY, priority))
    waits = (Status.NOT_STARTED, Status.QUEUED)
    with transaction.atomic():
        run.touch(priority=bounded)
        Run.objects.filter(root=run, status__in=waits).update(
            priority=bounded, version=F("version") + 1
        )
        if run.compute is not None:
            dispatch_soon(run.compute.pool)


def queue_view(*, pool: str = "local") -> list[tuple[Run, str]]:
    """Return the waiting runs in the order that they would start, each with its reason."""
    verdict, known, _ = _verdict(pool)
    reasons = dict.fromkeys(verdict.start, "starting") | verdict.reasons
    related = ("parent", "root", "workspace", "compute")
    runs = Run.objects.select_related(*related).defer(*WIDE, *ABOVE).in_bulk(list(known))
    return [(runs[pk], reason) for pk, reason in reasons.items() if pk in runs]


def _verdict(pool: str, *, lock: bool = False) -> tuple[Verdict, dict[int, str], bool]:
    """Return what may start now, the reason that each waiting run shows so far, and if more wait."""
    limits = computes.limits(pool, lock=lock)
    queued = Run.objects.filter(status=Status.QUEUED, compute__pool=pool)
    lines = queued.order_by().values_list("workspace_id", "owner_id", "compute_id").distinct()
    now = timezone.now()
    waiting: list[Waiting] = []
    known: dict[int, str] = {}
    most, is_cut = limits.slots + LOOKED_AT, False
    for workspace, owner, target in lines:
        # No more than this many of one line can start in one turn, whatever waits behind them.
        line = queued.filter(workspace_id=workspace, owner_id=owner, compute_id=target)
        first = line.order_by("-priority", "queued", "pk")
        rows = first.values_list("pk", "priority", "queued", "created", "slots", "reason")
        found = list(rows[: most + 1])
        is_cut |= len(found) > most
        for pk, priority, since, created, slots, reason in found[:most]:
            age = (now - (since or created)).total_seconds()
            waiting.append(Waiting(pk, workspace, owner, priority, age, slots, target))
            known[pk] = reason
    return decide(waiting, _held(pool), limits), known, is_cut


def _held(pool: str) -> list[Held]:
    """Return what holds the pool's slots now."""
    rows = Run.objects.held().filter(compute__pool=pool)
    columns = (
        "workspace_id",
        "owner_id",
        "slots",
        "compute_id",
        "owner__display_name",
        "owner__email",
    )
    return [
        Held(workspace, owner, slots, name or str(email).partition("@")[0], target)
        for workspace, owner, slots, target, name, email in rows.values_list(*columns)
    ]


def _claim(run: Run) -> bool:
    return run.move(
        Status.QUEUED,
        Status.PREPARING,
        where={"fence": run.fence},
        reason="",
        fence=run.fence + 1,
        lease_owner="",
        lease_until=Now() + HANDOVER,
    )


def _explain(reasons: list[tuple[Run, str]]) -> list[Run]:
    """Write why runs wait, one statement a reason; return those whose reason is news."""
    changed: dict[str, list[Run]] = {}
    for run, reason in reasons:
        if run.reason != reason:
            changed.setdefault(reason, []).append(run)
    told: list[Run] = []
    for reason, runs in changed.items():
        rows = Run.objects.filter(pk__in=[run.pk for run in runs], status=Status.QUEUED)
        if rows.update(reason=reason, version=F("version") + 1) != len(runs):
            continue  # someone canceled one just now, and said so; the next turn explains the rest
        for run in runs:
            run.reason, run.version = reason, run.version + 1
        told += runs
    return told


def _explain_rest(pool: str, known: set[int]) -> list[Run]:
    """Give those far behind in a long line, at which no turn looks, their reason, once each."""
    silent = Run.objects.filter(status=Status.QUEUED, compute__pool=pool, reason="")
    rows = [
        run
        for run in silent.select_related("parent", "root", "compute").only(*NARROW)[
            : len(known) + 2_000
        ]
        if run.pk not in known
    ]
    return _explain([(run, f"waiting for earlier runs on {pool}") for run in rows])


def _hand_over(claimed: list[Run], waiting: list[Run]) -> None:
    for run in claimed:
        pool = run.compute.pool if run.compute else "local"
        if not _keep(run, pool):
            _send(run.pk, run.fence, pool)
        live.tell_run(run)
    live.tell_runs(waiting)


def _send(pk: int, fence: int, pool: str) -> None:
    from studio.runs import tasks  # the task module imports the services

    try:
        queue = computes.queue_of(pool)
        if queue == "jobs":
            tasks.execute.delay(pk, fence)
        else:
            tasks.execute.apply_async((pk, fence), queue=queue)
    except Exception:
        logger.exception("run %s: the broker took no message; the reaper sends it again", pk)


class _Own(threading.local):
    """What this worker keeps for itself: no message has to travel for the run it goes on with."""

    until = 0.0
    next: tuple[int, int] | None = None


_own = _Own()


@contextmanager
def keeping_next(*, until: float) -> Iterator[Callable[[], tuple[int, int] | None]]:
    """Keep the first run that is claimed inside before that time; the value fetches it."""
    _own.until, _own.next = until, None
    try:
        yield lambda: _own.next
    except BaseException:
        if _own.next is not None:
            _send(*_own.next, settings.POOL)
        raise
    finally:
        _own.until = 0.0


def _keep(run: Run, pool: str) -> bool:
    if time.monotonic() > _own.until or stopping.is_asked() or pool != settings.POOL:
        return False
    _own.until, _own.next = 0.0, (run.pk, run.fence)
    return True


def reap(*, dead_owners: list[str] | None = None) -> int:
    """Hand every held run whose lease ended to another worker; return how many.

    The new worker finds out what became of the job: it adopts a living shim, reads a finished one's
    result, or starts or fails the attempt.
    """
    silent = Q(lease_until__lt=Now())
    if dead_owners:
        silent |= Q(lease_owner__in=dead_owners)
    rows = list(Run.objects.held().filter(silent).select_related("parent", "root", "compute"))
    count = 0
    for run in rows:
        with transaction.atomic():
            changed = Run.objects.filter(
                silent, pk=run.pk, fence=run.fence, status__in=HELD
            ).update(fence=F("fence") + 1, lease_owner="", lease_until=Now() + HANDOVER)
            if changed:
                run.fence += 1
                count += 1
                logger.warning("run %s: its worker fell silent, handing it over", run.guid)
                transaction.on_commit(partial(_hand_over, [run], []))
    stuck = Run.objects.filter(
        kind=Run.PIPELINE,
        status__in=[Status.RUNNING, Status.CANCEL_REQUESTED],
    )
    for pk in stuck.values_list("pk", flat=True):
        _advance_if_idle(pk)
    return count


def _advance_if_idle(pk: int) -> None:
    """Move a pipeline on whose last step ended without word, as when its worker died just then."""
    from studio.runs.services.advancing import advance

    active = Run.objects.filter(parent_id=pk).exclude(
        status__in=["Completed", "Failed", "Canceled"]
    )
    if not active.exists():
        advance(run_id=pk)
