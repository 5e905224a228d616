"""What one does with a run from its page."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from officina.errors import StudioError
from studio.runs import browsing, live, services
from studio.runs.models import Run
from studio.runs.overview import url_of
from studio.runs.services import cancel_run
from studio.runs.services import rerun as submit_again
from studio.runs.services.creating import label_run
from studio.runs.views.finding import run_or_404
from studio.workspaces import audit
from studio.workspaces.access import operation
from studio.workspaces.models import Workspace


@require_POST
@operation("runs.cancel")
def cancel(request: HttpRequest, workspace: Workspace, guid: str) -> HttpResponse:
    """Ask a run to end."""
    run = run_or_404(workspace, guid)
    try:
        cancel_run(run=run, user=request.user)
        messages.success(request, f"{run.title} is being canceled.")
    except StudioError as error:
        messages.error(request, str(error.message))
    return redirect(url_of(run))


@require_POST
@operation("runs.submit")
def rerun(request: HttpRequest, workspace: Workspace, guid: str) -> HttpResponse:
    """Submit the run's document again, with the inputs that the form changed."""
    run = run_or_404(workspace, guid)
    literals = _literals(run)
    changed: dict[str, Any] = {}
    for name, before in literals.items():
        given = request.POST.get(f"input-{name}")
        if given is not None and given != _written(before):
            changed[name] = _typed(given, before, name)
    try:
        new = submit_again(
            run=run, user=request.user, inputs=changed, force="force" in request.POST
        )
    except StudioError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect(url_of(run))
    messages.success(request, f"Submitted as {new.title}.")
    return redirect(url_of(new))


def _literals(run: Run) -> dict[str, Any]:
    inputs = (run.root or run).document.get("inputs") or {}
    return {
        name: value.get("value")
        for name, value in inputs.items()
        if isinstance(value, dict) and value.get("jobInputType") == "literal"
    }


def _written(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _typed(given: str, before: Any, name: str) -> Any:
    """Read a form's text as the type that the input had."""
    if isinstance(before, str) or before is None:
        return given
    if isinstance(before, bool):
        return given.strip().lower() in {"true", "1", "yes", "on"}
    try:
        value = json.loads(given)
    except ValueError:
        value = None
    if isinstance(before, int | float) and not isinstance(value, int | float):
        raise StudioError(
            f"{name} is a number, not {given!r}.", where=name, hint="Write a number such as 0.2."
        )
    return value


@require_POST
@operation("runs.edit")
def edit(request: HttpRequest, workspace: Workspace, guid: str) -> HttpResponse:
    """Change a run's display name, tags and notes."""
    run = run_or_404(workspace, guid)
    changes: dict[str, Any] = {}
    if "display_name" in request.POST:
        changes["display_name"] = request.POST["display_name"].strip()[:255]
    if "notes" in request.POST:
        changes["notes"] = request.POST["notes"][:20_000]
    if "tags" in request.POST:
        changes["tags"] = _tags(request.POST["tags"])
    run.touch(**changes)
    if "tags" in changes:
        label_run(run)
    audit.record(
        workspace=workspace, actor=request.user, action="runs.edit", target=f"run/{run.guid}",
        detail={"fields": sorted(changes)}, ip=audit.ip_of(request),
    )  # fmt: skip
    live.tell_run(run)
    messages.success(request, "Saved.")
    return redirect(url_of(run))


@require_POST
@operation("runs.edit")
def move(request: HttpRequest, workspace: Workspace, guid: str) -> HttpResponse:
    """Give a waiting run another priority, and go back to the queue."""
    run = run_or_404(workspace, guid)
    text = request.POST.get("priority", "").strip()
    try:
        services.set_priority(run=run, priority=int(text))
    except ValueError:
        messages.error(request, f"A priority is a whole number, not {text[:20]!r}.")
    else:
        audit.record(
            workspace=workspace, actor=request.user, action="runs.edit", target=f"run/{run.guid}",
            detail={"priority": run.priority}, ip=audit.ip_of(request),
        )  # fmt: skip
        live.tell_run(run)
    return redirect("compute", workspace=workspace.name)


@require_POST
@operation("runs.edit")
def archive(request: HttpRequest, workspace: Workspace, guid: str) -> HttpResponse:
    """Hide a run from the lists, or show it again."""
    run = run_or_404(workspace, guid)
    if "restore" in request.POST:
        services.restore(run=run, user=request.user)
        messages.success(request, f"{run.title} is in the lists again.")
    else:
        services.archive(run=run, user=request.user)
        messages.success(request, f"{run.title} is archived: lists show it only when asked to.")
    return redirect(url_of(run))


def _tags(text: str) -> dict[str, str]:
    """Read tags as people write them: one a line or with commas, `key=value` or a bare word."""
    found = {}
    for part in text.replace("\n", ",").split(","):
        key, _, value = part.partition("=")
        if key.strip():
            found[key.strip()[:250]] = value.strip()[:500]
    return found


@require_POST
@operation("registry.write")
def register(request: HttpRequest, workspace: Workspace, guid: str) -> HttpResponse:
    """Register an output or files of the run as a model."""
    run = run_or_404(workspace, guid)
    try:
        row = browsing.register_model(
            run=run,
            user=request.user,
            name=request.POST.get("name", "").strip(),
            source=request.POST.get("source", ""),
            description=request.POST.get("description", "").strip(),
            tags=_tags(request.POST.get("tags", "")),
        )
    except StudioError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect(url_of(run))
    audit.record(
        workspace=workspace, actor=request.user, action="registry.write",
        target=f"model/{row.asset.name}/{row.version}", ip=audit.ip_of(request),
    )  # fmt: skip
    messages.success(request, f"Registered as {row.asset.name}, version {row.version}.")
    return redirect("asset", workspace=workspace.name, folder="models", name=row.asset.name)
