"""What one does with an asset from its page; each answer leads back to the page with a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from officina.errors import StudioError
from registry import model_page, services
from registry.api.shapes import kind_of
from registry.api.versions import stage_request, workspace_to_share
from registry.models import AssetVersion
from registry.views.kinds import WORDS, page_url
from studio.workspaces.access import operation
from studio.workspaces.models import Workspace


def _act(
    request: HttpRequest, workspace: Workspace, kind: str, name: str, version: str,
    work: Callable[[AssetVersion], str],
) -> HttpResponse:  # fmt: skip
    """Do the work on a version, tell how it went, and go back to the page."""
    row = services.find(workspace=workspace, kind=kind, name=name, version=version, archived=True)
    try:
        messages.success(request, work(row))
    except StudioError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    return redirect(page_url(workspace, kind, name, version))


def tags_in(text: str) -> dict[str, str]:
    """Read tags from lines of `key=value` or a word."""
    pairs = (line.partition("=") for line in text.splitlines() if line.strip())
    return {key.strip(): value.strip() for key, _, value in pairs if key.strip()}


@require_POST
@operation("registry.write")
def edit(
    request: HttpRequest, workspace: Workspace, folder: str, name: str, version: str
) -> HttpResponse:
    """Change a version's description and tags."""

    def work(row: AssetVersion) -> str:
        services.update(
            row, description=request.POST.get("description", ""),
            tags=tags_in(request.POST.get("tags", "")), user=request.user,
        )  # fmt: skip
        return "Saved."

    return _act(request, workspace, kind_of(folder), name, version, work)


@require_POST
@operation("registry.write")
def label(
    request: HttpRequest, workspace: Workspace, folder: str, name: str, version: str
) -> HttpResponse:
    """Point a label at this version, or take one away."""
    kind = kind_of(folder)
    at: dict[str, Any] = {"workspace": workspace, "kind": kind, "name": name}

    def work(row: AssetVersion) -> str:
        if gone := request.POST.get("remove", ""):
            services.delete_label(**at, label=gone, user=request.user)
            return f"The label {gone} is gone."
        wanted = request.POST.get("label", "").strip()
        services.set_label(**at, label=wanted, version=row.version, user=request.user)
        return f"{name}@{wanted} now means version {row.version}."

    return _act(request, workspace, kind, name, version, work)


@require_POST
@operation("registry.delete")
def archive(
    request: HttpRequest, workspace: Workspace, folder: str, name: str, version: str
) -> HttpResponse:
    """Archive or restore a version, or with `whole` the asset itself."""
    kind = kind_of(folder)
    back = "restore" in request.POST
    whole = "whole" in request.POST

    def work(row: AssetVersion) -> str:
        verb = services.restore if back else services.archive
        verb(
            workspace=workspace, kind=kind, name=name, version="" if whole else row.version,
            user=request.user,
        )  # fmt: skip
        what = name if whole else str(row)
        return f"{what} is back." if back else f"{what} is archived; it can be restored."

    return _act(request, workspace, kind, name, version, work)


@require_POST
@operation("registry.write")
def share(
    request: HttpRequest, workspace: Workspace, folder: str, name: str, version: str
) -> HttpResponse:
    """Share a version with another workspace of one's own, or take that back."""

    def work(row: AssetVersion) -> str:
        if gone := request.POST.get("remove", ""):
            share_ = row.shares.filter(workspace__name=gone).first()
            if share_ is None:
                raise StudioError(f"It is not shared with {gone}.")
            services.unshare(row, share_.workspace, user=request.user)
            return f"{gone} can no longer read {row}."
        other = workspace_to_share(request.user, request.POST.get("workspace"))
        services.share(row, other, user=request.user)
        return f"{other.name} can now read it as {row.shared_reference}."

    return _act(request, workspace, kind_of(folder), name, version, work)


@require_POST
@operation("registry.write")
def stage(
    request: HttpRequest, workspace: Workspace, folder: str, name: str, version: str
) -> HttpResponse:
    """Move a model version to a stage, or ask for one that takes a second person."""

    def work(row: AssetVersion) -> str:
        wanted = request.POST.get("stage", "")
        if wanted in services.guarded(workspace) and wanted != row.stage:
            services.request_stage(
                row, stage=wanted, note=request.POST.get("note", ""), user=request.user
            )
            return f"Asked for {wanted}; someone else approves it."
        services.set_stage(row, stage=wanted, user=request.user)
        return f"{row} is in {row.stage}."

    return _act(request, workspace, kind_of(folder), name, version, work)


@require_POST
@operation("registry.write")
def facts(
    request: HttpRequest, workspace: Workspace, folder: str, name: str, version: str
) -> HttpResponse:
    """Write a model version's framework, resource needs, environment and sample input."""

    def work(row: AssetVersion) -> str:
        if row.asset.kind != "model":
            raise StudioError("Only models have these.", where="kind")
        model_page.describe(row, request.POST.dict(), user=request.user)
        return "Saved."

    return _act(request, workspace, kind_of(folder), name, version, work)


@require_POST
@operation("registry.approve")
def decide(request: HttpRequest, workspace: Workspace, number: int) -> HttpResponse:
    """Approve or reject a request for a stage."""
    row = stage_request(workspace, number)

    def work(version: AssetVersion) -> str:
        services.decide(
            row, approve="approve" in request.POST, note=request.POST.get("note", ""),
            user=request.user,
        )  # fmt: skip
        return f"The request for {row.stage} was {row.state}."

    found = row.version
    return _act(request, workspace, found.asset.kind, found.asset.name, found.version, work)


@require_http_methods(["GET", "HEAD", "POST"])
@operation("registry.delete")
def delete(
    request: HttpRequest, workspace: Workspace, folder: str, name: str, version: str
) -> HttpResponse:
    """Show what a deletion would do; POST does it."""
    kind = kind_of(folder)
    row = services.find(workspace=workspace, kind=kind, name=name, version=version, archived=True)
    problem = None
    if request.method == "POST":
        try:
            plan = services.delete(
                row, confirm=True, force="force" in request.POST, user=request.user
            )
        except StudioError as error:
            problem = error
        else:
            messages.success(
                request, f"{name}:{version} is deleted; {plan['freed']:,} bytes freed."
            )
            return redirect(page_url(workspace, kind, name, tab="versions"))
    context = {
        "workspace": workspace, "plan": services.delete_plan(row), "asset": row.asset,
        "version": row, "words": WORDS[kind], "problem": problem,
    }  # fmt: skip
    return render(request, "registry/delete.html", context, status=409 if problem else 200)
