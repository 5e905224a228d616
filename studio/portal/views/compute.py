"""The compute page: targets, nodes, what runs, what waits in which order and why, and quotas."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from studio.compute.models import ComputeTarget, Node, Quota
from studio.runs.models import Run
from studio.runs.services import queue_view
from studio.workspaces.access import operation
from studio.workspaces.models import User, Workspace

QUEUE_SHOWN = 200


@require_safe
@operation("compute.read")
def compute(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Show the workspace's computes and their shared queue; others' runs are counted, not named."""
    targets = list(ComputeTarget.objects.filter(workspace=workspace).order_by("name"))
    pools = list(dict.fromkeys(target.pool for target in targets)) or ["local"]
    allowed = request.allowed  # type: ignore[attr-defined]
    context: dict[str, Any] = {
        "workspace": workspace,
        "targets": targets,
        "pools": [_pool(workspace, pool) for pool in pools],
        "can_manage": "compute.manage" in allowed,
        "quotas": _quotas(workspace),
        "members": User.objects.filter(memberships__workspace=workspace, is_active=True).order_by(
            "email"
        ),
    }
    template = "compute/_state.html" if request.htmx else "compute/page.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def _pool(workspace: Workspace, pool: str) -> dict[str, Any]:
    nodes = list(Node.objects.filter(pool=pool).order_by("name"))
    held = (
        Run.objects.held()
        .filter(compute__pool=pool)
        .select_related("owner", "root", "parent", "compute", "experiment", "workspace")
    )
    running = list(held.defer("document").order_by("started", "queued"))
    used = sum(run.slots for run in running)
    slots = sum(node.slots for node in nodes if node.alive)
    return {
        "name": pool,
        "nodes": [_node(node, running) for node in nodes],
        "slots": slots,
        "used": used,
        "free": max(slots - used, 0),
        "running": [run for run in running if run.workspace_id == workspace.pk],
        "others": sum(run.workspace_id != workspace.pk for run in running),
        "queue": _queue(workspace, pool),
    }


def _node(node: Node, running: list[Run]) -> dict[str, Any]:
    facts = node.facts or {}
    memory, used = facts.get("memory") or 0, facts.get("memory_used") or 0
    return {
        "node": node,
        "busy": sum(run.slots for run in running if run.node == node.name),
        "cpus": facts.get("cpus"),
        "load": facts.get("load"),
        "memory": memory,
        "memory_used": used,
        "memory_share": round(100 * used / memory) if memory else 0,
        "python": facts.get("python", ""),
        "system": facts.get("system", ""),
    }


def _queue(workspace: Workspace, pool: str) -> list[dict[str, Any]]:
    """Return the workspace's waiting runs with their place in the whole queue."""
    rows: list[dict[str, Any]] = []
    for place, (run, reason) in enumerate(queue_view(pool=pool), start=1):
        if run.workspace_id == workspace.pk and len(rows) < QUEUE_SHOWN:
            rows.append({"place": place, "run": run, "reason": reason})
    return rows


def _quotas(workspace: Workspace) -> list[Quota]:
    return list(
        Quota.objects.filter(workspace=workspace).select_related("user").order_by("user__email")
    )
