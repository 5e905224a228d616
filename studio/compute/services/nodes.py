"""The machines that serve a pool, what they offer, and how another one joins."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shlex
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.db.models import Sum
from django.db.models.functions import Now

from officina.errors import StudioError
from studio.compute.models import NODE_SILENT_AFTER, ComputeTarget, Node, Quota
from studio.compute.queue import Limits, Target
from studio.workspaces.models import Workspace

# What a joining machine has to know; the values hold passwords and are nobody's to show.
SHARED = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "OFFICINA_SECRET_KEY_FILE")


def node_name() -> str:
    """Return the name of this machine's node."""
    return str(settings.NODE_NAME)


def queue_of(pool: str) -> str:
    """Return the broker's queue that the workers of a pool read."""
    return "jobs" if pool == "local" else f"jobs.{pool}"


def beat_node() -> Node:
    """Say that this machine serves its pool, and with how many slots."""
    memory = psutil.virtual_memory()
    facts = {
        "cpus": os.cpu_count(),
        "memory": memory.total,
        "memory_used": memory.used,
        "load": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "gpus": sum(1 for _ in Path("/dev").glob("nvidia[0-9]*")),
    }
    row, _ = Node.objects.update_or_create(
        name=node_name(),
        defaults={
            "slots": settings.WORKERS,
            "facts": facts,
            "seen": Now(),  # by the database's clock: those of machines differ
            "pool": settings.POOL,
        },
    )
    row.refresh_from_db(fields=["seen"])
    return row


def memory_limit() -> int:
    """Return the bytes that one job may use: what this machine or container has, without a tenth."""
    most = psutil.virtual_memory().total
    with contextlib.suppress(OSError, ValueError):  # no container, or "max"
        most = min(most, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return most * 9 // 10


def limits(pool: str, *, lock: bool = False) -> Limits:
    """Return what the pool offers on living nodes, with all quotas and shares.

    To `lock` the pool's nodes makes dispatchers take turns, so that slots are never given twice.
    """
    alive = Node.objects.filter(pool=pool, seen__gt=Now() - NODE_SILENT_AFTER).order_by("pk")
    nodes = list((alive.select_for_update() if lock else alive).values_list("slots", "facts"))
    quotas = list(Quota.objects.all())
    return Limits(
        slots=sum(slots for slots, _ in nodes),
        pool=pool,
        gpus=sum(int((facts or {}).get("gpus") or 0) for _, facts in nodes),
        workspaces={q.workspace_id: q.slots for q in quotas if q.user_id is None and q.slots},
        users={(q.workspace_id, q.user_id): q.slots for q in quotas if q.user_id and q.slots},
        shares={q.workspace_id: q.share for q in quotas if q.user_id is None},
        targets={
            target.pk: _target(target)
            for target in ComputeTarget.objects.filter(pool=pool).exclude(kind="local")
        },
    )


def _target(target: ComputeTarget) -> Target:
    size = target.size
    most = {"cluster": target.config.get("max_nodes"), "instance": 1}.get(target.kind)
    refusal = f"{target.name} is stopped: start it" if target.stopped else ""
    return Target(target.name, most=most, gpus=size.gpus if size else 0, refusal=refusal)


def list_nodes(target: ComputeTarget, held: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the nodes of a compute in Azure's words; `held` are the runs that it works on.

    A cluster or an instance has logical nodes, each a share of a machine; the other kinds show their
    machines, each once for every run on it.
    """
    runs = list(held)
    if target.kind_row.recorded:
        return []
    if target.kind in {"cluster", "instance"}:
        on = 0 if target.stopped else 1
        count = max(len(runs), target.nodes if target.kind == "cluster" else on)
        return [
            _node(f"{target.name}-{number}", runs[number] if number < len(runs) else None)
            for number in range(count)
        ]
    by_machine: dict[str, list[Any]] = defaultdict(list)
    for run in runs:
        by_machine[run.node].append(run)
    rows = []
    for node in Node.objects.filter(pool=target.pool).order_by("name"):
        for run in by_machine.get(node.name) or [None]:
            rows.append(_node(node.name, run, node=node))
    return rows


def count_nodes(target: ComputeTarget, held: Iterable[Any]) -> int:
    """Return how many nodes a compute has now: those of a cluster, or its living machines."""
    nodes = list_nodes(target, held)
    return len({node["nodeId"] for node in nodes if node["nodeState"] != "unusable"})


def _node(name: str, run: Any, *, node: Node | None = None) -> dict[str, Any]:
    state = "running" if run is not None else "idle"
    if run is not None and run.status == "Preparing":
        state = "preparing"
    if node is not None and not node.alive:
        state = "unusable"
    return {
        "nodeId": name,
        "nodeState": state,
        "runId": run.guid if run is not None else None,
        "runName": run.name if run is not None else None,
        "machine": (run.node if run is not None else "") or (node.name if node else ""),
        "slots": run.slots if run is not None else 0,
    }


def usage(workspace: Workspace, *, held: Iterable[Any]) -> list[dict[str, Any]]:
    """Return what the workspace uses of what it may, in Azure's words."""
    runs = list(held)
    quota = Quota.objects.filter(workspace=workspace, user=None).first()
    there = Node.objects.filter(pool="local", seen__gt=Now() - NODE_SILENT_AFTER)
    most = quota.slots if quota and quota.slots else there.aggregate(n=Sum("slots"))["n"] or 0
    rows = [_usage("slots", "Slots of the workspace", sum(run.slots for run in runs), most)]
    for target in ComputeTarget.objects.filter(workspace=workspace, kind="cluster").order_by(
        "name"
    ):
        busy = sum(run.compute_id == target.pk for run in runs)
        title = f"Nodes of {target.name}"
        rows.append(_usage(f"{target.name}/nodes", title, busy, target.config["max_nodes"]))
    return rows


def _usage(name: str, title: str, used: int, most: int) -> dict[str, Any]:
    return {
        "name": {"value": name, "localizedValue": title},
        "unit": "Count",
        "currentValue": used,
        "limit": most,
    }


def agent_command(target: ComputeTarget) -> str:
    """Return what one runs to join a machine to the compute; secrets are named, never shown."""
    if not target.kind_row.own_pool:
        raise StudioError(
            f"{target.name} has no machines of its own.",
            hint="Attach a machine, an SSH host or a Kubernetes compute.",
            where="compute",
            code="conflict",
        )
    if target.kind == "kubernetes":
        return _manifest(target)
    join = f"python manage.py join --pool {shlex.quote(target.pool)}"
    if target.kind == "ssh":
        host = shlex.quote(target.config.get("address") or "user@host")
        variables = "set -a; . ./officina.env; set +a"
        remote = shlex.quote(f"cd officina && {variables} && {join}")
        return f"ssh -p {target.config.get('ssh_port') or 22} {host} {remote}"
    told = [f'{name}="${name}"' for name in SHARED]
    told.append(f"OFFICINA_INTERNAL_URL={shlex.quote(settings.PUBLIC_URL)}")
    return " \\\n  ".join([*told, join])


def _manifest(target: ComputeTarget) -> str:
    name = f"officina-{target.name.lower()}"
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: {json.dumps(target.config.get("namespace") or "default")}
spec:
  replicas: {target.config.get("replicas") or 1}
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      containers:
        - name: worker
          image: officina:{settings.VERSION}
          command: [python, manage.py, join, --pool, "{target.pool}"]
          env:
            - {{name: OFFICINA_INTERNAL_URL, value: "{settings.PUBLIC_URL}"}}
          envFrom:
            - secretRef: {{name: officina}}  # {", ".join(SHARED)}
"""
