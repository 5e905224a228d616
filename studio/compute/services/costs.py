"""How long instances were on: told from when they were started and stopped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from studio.compute.models import ComputeTarget
from studio.workspaces import events
from studio.workspaces.models import Event, Workspace

BEGINS, ENDS = {"create", "start"}, {"stop", "delete"}


def hours_on(
    *, workspace: Workspace, targets: Iterable[ComputeTarget], since: datetime
) -> dict[int, float]:
    """Return for each instance, by key, how many hours it has been on since then."""
    now = timezone.now()
    told: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    rows = Event.objects.filter(
        workspace=workspace, type=events.COMPUTE_CHANGED, created__gte=since
    ).order_by("created", "pk")
    for subject, created, data in rows.values_list("subject", "created", "data"):
        told[subject].append((created, str(data.get("did"))))
    found = {}
    for target in targets:
        begun: datetime | None = max(since, target.created)
        seconds = 0.0
        for when, did in told[f"compute/{target.name}"]:
            if when < target.created and did != "create":
                continue  # an earlier one of the same name
            if did in BEGINS:
                begun = when
            elif did in ENDS and begun is not None:
                seconds += (when - begun).total_seconds()
                begun = None
        if target.on_since is not None and not target.stopped:
            seconds += (now - max(target.on_since, since)).total_seconds()
        found[target.pk] = seconds / 3600
    return found
