"""`/metrics`: what Prometheus reads of the studio, for whoever may see the runs of a workspace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Count, Min, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from registry.models import StoredBlob
from studio.compute.models import ComputeTarget, Node
from studio.lib import health
from studio.runs.models import HELD, Run, Status
from studio.workspaces.access import person, signed_in
from studio.workspaces.models import Membership

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
NEEDED = "runs.read"
# Labels and a value.
Sample = tuple[dict[str, str], float]


@never_cache
@require_safe
@signed_in
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus' text format, with the workspaces in which the caller may see runs."""
    members = Membership.objects.filter(user=person(request)).select_related(
        "workspace", "custom_role"
    )
    bound = getattr(request.auth, "workspace_id", None)  # type: ignore[attr-defined]
    if bound is not None:
        members = members.filter(workspace_id=bound)
    seen = {m.workspace_id: m.workspace.name for m in members if NEEDED in m.operations}
    return HttpResponse("".join(_written(seen)), content_type=CONTENT_TYPE)


def _written(workspaces: dict[int, str]) -> Iterator[str]:
    for name, kind, text, samples in _families(workspaces):
        yield f"# HELP {name} {text}\n# TYPE {name} {kind}\n"
        for labels, value in samples:
            told = ",".join(f'{key}="{_escaped(each)}"' for key, each in labels.items())
            yield f"{name}{{{told}}} {value:g}\n" if told else f"{name} {value:g}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _families(workspaces: dict[int, str]) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    parts = [({"part": name}, float(state == "ok")) for name, state in health.report().items()]
    yield "officina_up", "gauge", "Whether a part of the studio is alive.", parts
    yield "officina_runs", "gauge", "Runs by status.", _runs(workspaces)
    waiting = list(_waiting(workspaces))
    yield (
        "officina_queue_depth", "gauge", "Runs that wait, by compute.",
        [({"workspace": w, "compute": c}, n) for w, c, n, _ in waiting],
    )  # fmt: skip
    yield (
        "officina_queue_oldest_seconds", "gauge", "How long the first of them has waited.",
        [({"workspace": w, "compute": c}, age) for w, c, _, age in waiting],
    )  # fmt: skip
    yield "officina_slots_busy", "gauge", "Slots that runs hold.", _busy(workspaces)
    # The machines of computes that these workspaces have: those of others are not theirs to see.
    pools = ComputeTarget.objects.filter(workspace__in=workspaces).values("pool")
    nodes = [node for node in Node.objects.filter(pool__in=pools) if node.alive]
    slots = [({"node": node.name, "pool": node.pool}, float(node.slots)) for node in nodes]
    yield "officina_node_slots", "gauge", "Slots of each machine that is alive.", slots
    yield (
        "officina_stored_bytes",
        "gauge",
        "Stored bytes that a workspace uses.",
        _bytes(workspaces),
    )


def _runs(workspaces: dict[int, str]) -> Iterator[Sample]:
    rows = Run.objects.filter(workspace__in=workspaces).values_list("workspace", "status")
    counted: dict[Any, int] = {(w, s): n for w, s, n in rows.annotate(n=Count("pk")).order_by()}
    for pk, name in workspaces.items():
        for status in Status.values:
            yield {"workspace": name, "status": status}, counted.get((pk, status), 0)


def _waiting(workspaces: dict[int, str]) -> Iterator[tuple[str, str, int, float]]:
    queued = Run.objects.filter(workspace__in=workspaces, status=Status.QUEUED)
    grouped = queued.order_by("workspace", "compute__name").values("workspace", "compute__name")
    counted = grouped.annotate(n=Count("pk"), first=Min("queued"))
    now, empty = timezone.now(), dict(workspaces)
    for pk, compute, depth, first in counted.values_list(
        "workspace", "compute__name", "n", "first"
    ):
        empty.pop(pk, None)
        age = (now - first).total_seconds() if first else 0.0
        yield workspaces[pk], compute or "", depth, max(0.0, age)
    for name in empty.values():
        yield name, "", 0, 0.0


def _busy(workspaces: dict[int, str]) -> Iterator[Sample]:
    rows = Run.objects.held().filter(workspace__in=workspaces, status__in=HELD)
    held = dict(rows.values_list("workspace").annotate(n=Sum("slots")).order_by())
    return ((({"workspace": name}, held.get(pk, 0))) for pk, name in workspaces.items())


def _bytes(workspaces: dict[int, str]) -> Iterator[Sample]:
    rows = StoredBlob.objects.filter(workspace__in=workspaces).values_list("workspace")
    held = dict(rows.annotate(n=Sum("size")).order_by())
    return ((({"workspace": name}, held.get(pk, 0))) for pk, name in workspaces.items())
