"""Who holds a run: the lease that a worker renews, and how a dead holder is told."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

from django.db import DatabaseError, close_old_connections, connection
from django.db.models.functions import Now

from officina.execution import processes
from studio.compute import services as computes
from studio.runs.models import HELD, Run

# By the database's clock, `Now()`, as all that machines compare: their own may differ by minutes.
LEASE = timedelta(seconds=15)
RENEW_EVERY = 5.0
# Of the runs above, only their names are asked for; a pipeline's document may be very long.
ABOVE = tuple(
    f"{above}__{field.attname}"
    for above in ("parent", "root")
    for field in Run._meta.concrete_fields
    if field.attname not in {"id", "guid"}
)


class Lost(Exception):
    """Another worker holds the run."""


def owner_name() -> str:
    """Name this process so that a later look can tell whether it still lives."""
    return _owner_name(os.getpid())


@functools.lru_cache(maxsize=1)
def _owner_name(pid: int) -> str:
    # In ticks since the machine started: a time of day would change with the clock.
    return f"{computes.node_name()}:{pid}:{processes.start_time(pid)}"


def take(*, run_id: int, fence: int) -> Run | None:
    """Take the run that was handed over under this fence; None if another has it."""
    changed = Run.objects.filter(pk=run_id, fence=fence, lease_owner="", status__in=HELD).update(
        lease_owner=owner_name(), lease_until=Now() + LEASE, node=computes.node_name()
    )
    if not changed:
        return None
    related = ("workspace", "experiment", "parent", "root", "owner", "compute")
    return Run.objects.select_related(*related).defer(*ABOVE).get(pk=run_id)


@contextlib.contextmanager
def renewed(*, run: Run, fence: int, lost: threading.Event) -> Iterator[None]:
    """Renew the lease beside whatever blocks, until the block ends; set `lost` if another has it."""
    done = threading.Event()

    def renew() -> None:
        renewals = 0
        while not done.wait(RENEW_EVERY):
            renewals += 1
            close_old_connections()
            with contextlib.suppress(Exception):
                held = Run.objects.filter(pk=run.pk, fence=fence, status__in=HELD)
                if not held.update(lease_until=Now() + LEASE):
                    lost.set()
        if renewals:
            connection.close()

    thread = threading.Thread(target=renew, name=f"lease-{run.guid[:8]}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=2)


def give_back(*, run: Run, fence: int) -> None:
    """Let the lease end as soon as the database answers again, instead of when its time is over."""
    until = time.monotonic() + LEASE.total_seconds()
    held = Run.objects.filter(pk=run.pk, fence=fence, lease_owner=owner_name(), status__in=HELD)
    while time.monotonic() < until:
        close_old_connections()
        with contextlib.suppress(DatabaseError):
            held.update(lease_until=Now() - timedelta(seconds=1))
            return
        time.sleep(0.5)


def dead_owners() -> list[str]:
    """Return the lease owners of this machine whose process is gone."""
    prefix = f"{computes.node_name()}:"
    owners = Run.objects.held().filter(lease_owner__startswith=prefix)
    names = owners.values_list("lease_owner", flat=True).distinct()
    return [name for name in names if not _lives(name)]


def _lives(owner: str) -> bool:
    pid, born = owner.rsplit(":", 2)[1:]
    return str(processes.start_time(int(pid))) == born
