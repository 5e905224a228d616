"""Growing and shrinking clusters by what runs on them, and stopping idle instances."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils import timezone

from studio.compute.models import ComputeTarget
from studio.compute.services.targets import stop

logger = logging.getLogger(__name__)


def settle(busy: Mapping[int, int], *, now: datetime | None = None) -> None:
    """Bring nodes and states in line with the number of runs that each compute (by key) works on.

    A cluster grows at once and gives its idle nodes back after its idle time; an instance that is idle
    for its own stops. Safe to call at any time, by anyone.
    """
    now = now or timezone.now()
    rows = ComputeTarget.objects.filter(kind__in=["cluster", "instance"], stopped=False)
    for target in rows.select_related("workspace"):
        if target.kind == "cluster":
            _settle_cluster(target, busy.get(target.pk, 0), now)
        else:
            _settle_instance(target, busy.get(target.pk, 0), now)


def _settle_cluster(target: ComputeTarget, busy: int, now: datetime) -> None:
    wanted = max(busy, target.config["min_nodes"])
    if target.nodes <= wanted:
        _write(target, nodes=wanted, idle_since=None)
    elif target.idle_since is None:
        _write(target, nodes=target.nodes, idle_since=now)
    elif now - target.idle_since >= timedelta(seconds=target.config["idle_seconds"]):
        _write(target, nodes=wanted, idle_since=None)


def _settle_instance(target: ComputeTarget, busy: int, now: datetime) -> None:
    after = target.config["idle_seconds"]
    if busy or not after:
        _write(target, nodes=busy, idle_since=None)
    elif target.idle_since is None:
        _write(target, nodes=0, idle_since=now)
    elif now - target.idle_since >= timedelta(seconds=after):
        stop(target=target, why=f"idle for {after} s")
        logger.info("compute %s of %s stopped, idle", target.name, target.workspace.name)


def _write(target: ComputeTarget, *, nodes: int, idle_since: datetime | None) -> None:
    if (nodes, idle_since) != (target.nodes, target.idle_since):
        ComputeTarget.objects.filter(pk=target.pk).update(nodes=nodes, idle_since=idle_since)
