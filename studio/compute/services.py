"""What one does with computes and nodes."""

from __future__ import annotations

import os
import platform

import psutil
from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from officina.errors import StudioError
from studio.compute.models import NODE_SILENT_AFTER, ComputeTarget, Node, Quota
from studio.compute.queue import Limits
from studio.workspaces.models import Workspace

# Names that public examples use; each means the local compute until someone makes their own.
ALIASES = ("cpu-cluster", "gpu-cluster", "batch-cluster", "serverless", "local")


def create_local_compute(workspace: Workspace) -> ComputeTarget:
    """Give a workspace the compute that exists from the start."""
    target, _ = ComputeTarget.objects.get_or_create(workspace=workspace, name="local")
    return target


def resolve(*, workspace: Workspace, name: str | None) -> ComputeTarget:
    """Return the compute that a document names, aliases included."""
    wanted = name or "local"
    row = ComputeTarget.objects.filter(workspace=workspace, name=wanted).first()
    if row is not None:
        return row
    if wanted in ALIASES or wanted == "aml-instance":
        return create_local_compute(workspace)
    names = ComputeTarget.objects.filter(workspace=workspace).values_list("name", flat=True)
    raise StudioError(
        f"There is no compute {wanted!r} in workspace {workspace.name}.",
        hint=f"Known: {', '.join(sorted({*names, *ALIASES}))}.",
        where="compute",
        code="not_found",
    )


def node_name() -> str:
    """Return the name of this machine's node."""
    return str(settings.NODE_NAME)


def beat_node() -> Node:
    """Say that this machine serves its pool, and with how many slots."""
    facts = {
        "cpus": os.cpu_count(),
        "memory": psutil.virtual_memory().total,
        "memory_used": psutil.virtual_memory().used,
        "load": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    row, _ = Node.objects.update_or_create(
        name=node_name(),
        defaults={"slots": settings.WORKERS, "facts": facts, "seen": timezone.now()},
    )
    return row


def limits(pool: str) -> Limits:
    """Return the pool's slots on living nodes, with all quotas."""
    alive = Node.objects.filter(pool=pool, seen__gt=timezone.now() - NODE_SILENT_AFTER)
    quotas = list(Quota.objects.all())
    return Limits(
        slots=alive.aggregate(n=Sum("slots"))["n"] or 0,
        pool=pool,
        workspaces={q.workspace_id: q.slots for q in quotas if q.user_id is None},
        users={(q.workspace_id, q.user_id): q.slots for q in quotas if q.user_id is not None},
    )
