"""The first page, the samples and the search."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from officina.errors import StudioError
from officina.samples import list_samples
from registry.models import Asset
from studio.portal import services
from studio.portal.search import search as find
from studio.runs import runtable
from studio.runs.models import Run, Status
from studio.runs.overview import url_of
from studio.workspaces.access import operation, signed_in
from studio.workspaces.models import Workspace

LAST = "last_workspace"
RECENT = 10
COUNT_LIMIT = 10_000


@require_safe
@signed_in
def root(request: HttpRequest) -> HttpResponse:
    """Lead to the workspace that was open last, or the first one, or say how to get one."""
    mine = Workspace.objects.visible_to(request.user)
    chosen = mine.filter(name=request.COOKIES.get(LAST, "")).first() or mine.first()
    if chosen is not None:
        return redirect("home", workspace=chosen.name)
    return render(request, "portal/no_workspace.html")


@require_safe
@operation("workspace.read")
def home(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Show what runs, what waits and why, what failed, and where to begin."""
    allowed = request.allowed  # type: ignore[attr-defined]
    context: dict[str, Any] = {
        "workspace": workspace,
        "samples": list_samples(),
        "can_submit": "runs.submit" in allowed,
        "can_draw": "designer.write" in allowed,
        "public_url": settings.PUBLIC_URL,
    }
    if "runs.read" in allowed:
        context |= _state(workspace)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "portal/_home.html", context)
    response = render(request, "portal/home.html", context)
    response.set_cookie(LAST, workspace.name, max_age=365 * 86_400, httponly=True, samesite="Lax")
    return response


def _state(workspace: Workspace) -> dict[str, Any]:
    top = Run.objects.shown().filter(workspace=workspace, parent=None)
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    waiting = Run.objects.filter(workspace=workspace, status=Status.QUEUED)
    failed = top.filter(status=Status.FAILED, ended__gte=timezone.now() - timedelta(days=1))
    recent = list(top.order_by("-created").values_list("pk", flat=True)[:RECENT])
    runs = runtable.load(recent)
    return {
        "rows": runtable.table(runs, ["status", "experiment", "owner", "created", "seconds"]),
        "heads": _heads(),
        "running": top.filter(status__in=runtable.GROUPS["running"]).count(),
        "queued": waiting.count(),
        "completed": top.filter(status=Status.COMPLETED, ended__gte=today)[:COUNT_LIMIT].count(),
        "models": Asset.objects.filter(workspace=workspace, kind="model", archived=False).count(),
        "failed": runtable.load(list(failed.order_by("-ended").values_list("pk", flat=True)[:5])),
        "waiting": runtable.load(
            list(waiting.order_by("-priority", "queued").values_list("pk", flat=True)[:5])
        ),
    }


def _heads() -> list[dict[str, Any]]:
    names = [
        "Run",
        *(runtable.COLUMNS[n] for n in ("status", "experiment", "owner", "created", "seconds")),
    ]
    return [
        {"label": name, "number": name == runtable.COLUMNS["seconds"], "url": "", "aria": ""}
        for name in names
    ]


@require_safe
@operation("workspace.read")
def samples(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Show the samples, each one click from running."""
    context = {
        "workspace": workspace,
        "samples": [
            {"sample": each, "inputs": services.literal_inputs(each)} for each in list_samples()
        ],
        "can_submit": "runs.submit" in request.allowed,  # type: ignore[attr-defined]
        "can_write": "designer.write" in request.allowed,  # type: ignore[attr-defined]
    }
    return render(request, "portal/samples.html", context)


@require_POST
@operation("runs.submit")
def sample_run(request: HttpRequest, workspace: Workspace, sample: str) -> HttpResponse:
    """Submit a sample and lead to its run."""
    try:
        run = services.run_sample(
            workspace=workspace, user=request.user, sample_id=sample, inputs=_inputs(request)
        )
    except StudioError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect("samples", workspace=workspace.name)
    return redirect(url_of(run))


def _inputs(request: HttpRequest) -> dict[str, Any]:
    """Read the fields `input-<name>`: numbers as numbers, anything else as text."""
    found: dict[str, Any] = {}
    for field, text in request.POST.items():
        if field.startswith("input-") and isinstance(text, str) and text.strip():
            try:
                value = json.loads(text)
            except ValueError:
                value = text
            found[field.removeprefix("input-")] = (
                value if isinstance(value, int | float | bool) else text
            )
    return found


@require_safe
@operation("workspace.read")
def search(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Answer the command palette: everything that has a name and fits."""
    text = request.GET.get("q", "").strip()[:200]
    allowed = request.allowed  # type: ignore[attr-defined]
    return JsonResponse({"results": find(workspace, text, allowed)})
