"""Pages of computes: targets, nodes, what runs and costs, what waits, why and until when."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.db.models import (
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    Q,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce, Greatest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from studio.compute import services as computes
from studio.compute.kinds import KINDS, find_kind
from studio.compute.models import ComputeTarget, Node, Quota
from studio.compute.sizes import GROUPS, SIZES
from studio.portal.views.environments import missing
from studio.portal.waits import expected_starts
from studio.runs.models import Run
from studio.runs.services import queue_view
from studio.workspaces.access import operation
from studio.workspaces.models import User, Workspace

QUEUE_SHOWN = 200
RECENT = 20


@require_safe
@operation("compute.read")
def compute(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Show the workspace's computes and their shared queue; others' runs are counted, not named."""
    computes.create_local_compute(workspace)
    targets = list(
        ComputeTarget.objects.filter(workspace=workspace).select_related("person").order_by("name")
    )
    pools = list(dict.fromkeys(target.pool for target in targets))
    shown = [_pool(workspace, pool) for pool in pools]
    quotas = list(
        Quota.objects.filter(workspace=workspace).select_related("user").order_by("user__email")
    )
    context: dict[str, Any] = {
        "workspace": workspace,
        "targets": (rows := _targets(workspace, targets, shown)),
        "pools": shown,
        "totals": {
            "used": sum(pool["used"] for pool in shown),
            "slots": sum(pool["slots"] for pool in shown),
            "running": sum(len(pool["running"]) for pool in shown),
            "others": sum(pool["others"] for pool in shown),
            "waiting": sum(pool["waiting"] for pool in shown),
            "spent": sum(row["spent"] for row in rows),
        },
        "share": next((q.share for q in quotas if q.user is None), 1),
        "edit_reason": missing(request, "runs.edit"),
        "quotas": quotas,
        "members": _members(workspace),
        "is_admin": request.user.is_superuser,
        "manage_reason": missing(request, "compute.manage"),
    }
    template = "compute/_state.html" if request.htmx else "compute/page.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_safe
@operation("compute.manage")
def new(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Show the form of one kind of compute."""
    return render(request, "compute/new.html", form_context(workspace, request.GET.get("kind", "")))


def form_context(workspace: Workspace, kind: str) -> dict[str, Any]:
    """Return what the form needs for a kind."""
    row = find_kind(kind or "cluster")
    attached = [name for name, each in KINDS.items() if each.own_pool]
    return {
        "workspace": workspace,
        "kind": row,
        "lacking": computes.lacking(row),
        "kinds": [each for each in KINDS.values() if each.name != "local"],
        "params": [(param, param.default) for param in row.params],
        "sizes": [
            (hint, list(rows))
            for hint, rows in groupby(
                sorted(SIZES.values(), key=lambda s: GROUPS.index(s.hint)), lambda s: s.hint
            )
        ],
        "machines": ComputeTarget.objects.filter(workspace=workspace, kind__in=attached),
        "members": _members(workspace),
    }


@require_safe
@operation("compute.read")
def one(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Show one compute: its nodes, its parameters, what ran on it, and how a machine joins."""
    target = computes.find(workspace=workspace, name=name)
    held = list(_held(target.pool).filter(compute=target))
    manages = "compute.manage" in request.allowed  # type: ignore[attr-defined]
    row = target.kind_row
    pool = _pool(workspace, target.pool)
    context = form_context(workspace, target.kind) | {
        "target": target,
        "nodes": computes.list_nodes(target, held),
        "held": held,
        "params": [(param, target.config.get(param.name)) for param in row.params],
        "recent": _recent(target),
        "spent": _spent(workspace).get(target.pk, 0.0),
        "agent": computes.agent_command(target) if row.own_pool and manages else "",
        "manage_reason": missing(request, "compute.manage"),
        "state": _state(target, pool, len(held)),
        "count": computes.count_nodes(target, held),
        "slots": pool["slots"],
        "edit_reason": missing(request, "runs.edit"),
        "queue": [each for each in pool["queue"] if each["run"].compute_id == target.pk],
        "waiting": Run.objects.filter(compute=target, status="Queued").count(),
    }
    return render(request, "compute/one.html", context)


def _members(workspace: Workspace) -> Any:
    return User.objects.filter(memberships__workspace=workspace, is_active=True).order_by("email")


def _recent(target: ComputeTarget) -> list[dict[str, Any]]:
    rows = Run.objects.filter(compute=target).exclude(kind=Run.PIPELINE).exclude(started=None)
    runs = rows.select_related("owner", "parent").defer("document").order_by("-started")[:RECENT]
    return [{"run": run, "cost": target.cost_of(run.seconds)} for run in runs]


def _held(pool: str) -> Any:
    related = ("owner", "root", "parent", "compute", "experiment", "workspace")
    held = Run.objects.held().filter(compute__pool=pool).select_related(*related)
    return held.defer("document").order_by("started", "queued")


def _spent(workspace: Workspace) -> dict[int, float]:
    """Return what each compute cost this month: nodes by the hours of runs, instances by hours on."""
    now = timezone.now()
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    # A run that goes on counts as far as it has come, one of last month from this month on.
    until = Coalesce("ended", Value(now), output_field=DateTimeField())
    since = Greatest("started", Value(first), output_field=DateTimeField())
    rows = (
        Run.objects.filter(Q(ended__gte=first) | Q(ended=None), workspace=workspace)
        .exclude(kind=Run.PIPELINE)
        .exclude(started=None)
        .filter(reused_from=None)
        .order_by()
        .values("compute_id")
        .annotate(took=Sum(ExpressionWrapper(until - since, output_field=DurationField())))
    )
    took_by = {row["compute_id"]: row["took"].total_seconds() for row in rows if row["took"]}
    targets = list(ComputeTarget.objects.filter(workspace=workspace))
    instances = [target for target in targets if target.kind == "instance"]
    on = computes.hours_on(workspace=workspace, targets=instances, since=first)
    return {
        target.pk: on[target.pk] * target.hourly
        if target.pk in on
        else target.cost_of(took_by.get(target.pk))
        for target in targets
    }


def _targets(
    workspace: Workspace, targets: list[ComputeTarget], pools: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    spent = _spent(workspace)
    waiting = dict(
        Run.objects.filter(workspace=workspace, status="Queued")
        .order_by()
        .values_list("compute_id")
        .annotate(n=Count("pk"))
    )
    by_pool = {pool["name"]: pool for pool in pools}
    rows = []
    for target in targets:
        pool = by_pool[target.pool]
        busy = sum(run.compute_id == target.pk for run in pool["running"])
        held = [run for run in pool["running"] if run.compute_id == target.pk]
        nodes = computes.count_nodes(target, held)
        rows.append(
            {
                "target": target,
                "busy": busy,
                "nodes": nodes,
                "waiting": waiting.get(target.pk, 0),
                "spent": spent.get(target.pk, 0.0),
                "state": _state(target, pool, busy),
            }
        )
    return rows


def _state(target: ComputeTarget, pool: dict[str, Any], busy: int) -> tuple[str, str, str]:
    """Return word, look and icon of a compute's state."""
    if target.kind_row.recorded:
        return "Recorded", "canceled", "circle-dashed"
    if target.stopped:
        return "Stopped", "canceled", "player-stop-filled"
    if computes.lacking(target.kind_row):
        return "Needs Java", "warning", "alert-triangle-filled"
    if not pool["slots"]:
        return "No machine", "warning", "alert-triangle-filled"
    if target.size and target.size.gpus > pool["gpus"]:
        return "No GPU here", "warning", "alert-triangle-filled"
    if busy:
        return "Working", "running", "loader-2"
    return "Ready", "completed", "check"


def _pool(workspace: Workspace, pool: str) -> dict[str, Any]:
    nodes = list(Node.objects.filter(pool=pool).order_by("name"))
    running = list(_held(pool))
    used = sum(run.slots for run in running)
    slots = sum(node.slots for node in nodes if node.alive)
    mine = [run for run in running if run.workspace_id == workspace.pk]
    queue = _queue(workspace, pool, running, slots)
    waiting = Run.objects.filter(workspace=workspace, compute__pool=pool, status="Queued").count()
    return {
        "name": pool,
        "nodes": [_node(node, running) for node in nodes],
        "slots": slots,
        "gpus": sum(int(n.facts.get("gpus") or 0) for n in nodes if n.alive),
        "silent": f"No machine serves {pool}: its runs wait.",
        "used": used,
        "free": max(slots - used, 0),
        "running": mine,
        "costs": [(run, run.compute.cost_of(run.seconds) if run.compute else 0.0) for run in mine],
        "others": len(running) - len(mine),
        "queue": queue,
        "waiting": waiting,
        # Far behind in a long line no turn looks yet; these wait for those before them.
        "behind": max(waiting - len(queue), 0),
    }


def _node(node: Node, running: list[Run]) -> dict[str, Any]:
    facts = node.facts or {}
    memory, used = facts.get("memory") or 0, facts.get("memory_used") or 0
    return {
        "node": node,
        "busy": sum(run.slots for run in running if run.node == node.name),
        "cpus": facts.get("cpus"),
        "gpus": facts.get("gpus") or 0,
        "load": facts.get("load"),
        "memory": memory,
        "memory_used": used,
        "memory_share": round(100 * used / memory) if memory else 0,
        "python": facts.get("python", ""),
        "system": facts.get("system", ""),
    }


def _queue(workspace: Workspace, pool: str, running: list[Run], slots: int) -> list[dict[str, Any]]:
    """Return the workspace's waiting runs: place in the whole queue, reason, and when they should start."""
    order = queue_view(pool=pool)
    starts = expected_starts(running, [run for run, _ in order], slots)
    rows: list[dict[str, Any]] = []
    for place, (run, reason) in enumerate(order, start=1):
        if run.workspace_id == workspace.pk and len(rows) < QUEUE_SHOWN:
            begins = starts.get(run.pk) if _will_start(reason) else None
            rows.append({"place": place, "run": run, "reason": reason, "begins": begins})
    return rows


def _will_start(reason: str) -> bool:
    """Return whether time alone ends this wait; else someone has to do something."""
    return reason.startswith(("waiting", "starting"))
