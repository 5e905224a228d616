"""The pages of the designer: the list of drafts, and the one that the canvas lives on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from designer import journal
from designer.access import color_of, initials_of, pipeline_of
from designer.models import Pipeline
from designer.services import drafts
from officina import samples
from officina.errors import StudioError
from studio.workspaces.access import operation, person
from studio.workspaces.models import User, Workspace

LISTED = 25
SHOWS = {"": "Drafts", "archived": "Archived"}


@require_safe
@operation("designer.read")
def pipelines(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List the drafts; all that is chosen stands in the URL."""
    asked = {key: request.GET.get(key, "").strip() for key in ("q", "show", "owner")}
    rows = drafts.drafts(
        workspace, text=asked["q"], archived=asked["show"] == "archived", owner=asked["owner"]
    )
    page = Paginator(rows, LISTED).get_page(request.GET.get("page"))
    listed: list[Pipeline] = list(page.object_list)
    last = drafts.last_runs(listed)
    rest = urlencode({key: value for key, value in asked.items() if value})
    context: dict[str, Any] = {
        "workspace": workspace,
        "page": page,
        "rows": [(pipeline, last.get(pipeline.guid)) for pipeline in listed],
        "asked": asked,
        "shows": SHOWS,
        "owners": User.objects.filter(memberships__workspace=workspace).order_by("email"),
        "url_prefix": f"?{rest}&" if rest else "?",
        "can_write": "designer.write" in request.allowed,  # type: ignore[attr-defined]
        "samples": graph_samples(),
    }
    template = "designer/_rows.html" if request.htmx else "designer/list.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_POST
@operation("designer.write")
def new(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Make a draft, empty or from a sample, and open it."""
    sample = request.POST.get("sample", "")
    name = request.POST.get("name", "").strip()
    try:
        graph = drafts.sample_graph(sample) if sample else None
        title = samples.get_sample(sample).title if sample else "Untitled pipeline"
        pipeline = drafts.create_draft(
            workspace=workspace,
            user=person(request),
            name=name or title,
            description=drafts.sample_text(sample) if sample else "",
            graph=graph,
        )
    except StudioError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect("pipelines", workspace=workspace.name)
    return redirect("pipeline", workspace=workspace.name, guid=pipeline.guid)


@require_safe
@operation("designer.read")
def editor(request: HttpRequest, workspace: Workspace, guid: str) -> HttpResponse:
    """Show the canvas: an empty element and what the island needs to fill it."""
    pipeline = journal.refresh(pipeline_of(workspace, guid))
    context = {
        "workspace": workspace,
        "pipeline": pipeline,
        "island": island(request, workspace, pipeline),
    }
    return render(request, "designer/editor.html", context)


def island(request: HttpRequest, workspace: Workspace, pipeline: Pipeline) -> dict[str, Any]:
    """Return what the canvas starts from; all else it asks for."""
    user = person(request)
    allowed: frozenset[str] = request.allowed  # type: ignore[attr-defined]
    api = f"/api/v1/workspaces/{workspace.name}"
    place = f"/w/{workspace.name}"
    shell = {"name": user.name, "email": user.email, "color": color_of(user)}
    return {
        "workspace": workspace.name,
        "guid": pipeline.guid,
        "name": pipeline.name,
        "description": pipeline.description,
        "user": {**shell, "id": user.pk, "initials": initials_of(user.name)},
        "canWrite": "designer.write" in allowed,
        "canSubmit": "runs.submit" in allowed,
        "canPublish": {"designer.write", "runs.submit"} <= allowed,
        # What is painted before the live document arrives.
        "graph": pipeline.graph,
        "revision": pipeline.revision,
        "saved": pipeline.modified.isoformat(),
        "samples": [
            {"id": each.id, "title": each.title, "description": each.summary}
            for each in graph_samples()
        ],
        "cspNonce": str(request.csp_nonce),  # type: ignore[attr-defined]
        "urls": {
            "api": api,
            "pipeline": f"{api}/pipelines/{pipeline.guid}",
            "catalogue": f"{api}/designer/catalogue",
            "socket": f"/ws/w/{workspace.name}/pipelines/{pipeline.guid}/",
            "runSocket": f"/ws/w/{workspace.name}/runs/",
            "list": f"{place}/pipelines/",
            "runs": f"{place}/runs/",
            "endpoints": f"{place}/endpoints/pipelines/",
            "data": f"{place}/data/",
            "models": f"{place}/models/",
        },
    }


def graph_samples() -> list[samples.Sample]:
    """Return the samples that are pipelines of the designer."""
    return [each for each in samples.list_samples() if each.kind == "graph"]


@require_POST
@operation("designer.write")
def delete(request: HttpRequest, workspace: Workspace, guid: str) -> HttpResponse:
    """Put a draft away."""
    pipeline = pipeline_of(workspace, guid)
    drafts.delete_draft(pipeline=pipeline, user=person(request))
    messages.success(request, f"{pipeline.name} is archived.")
    return redirect("pipelines", workspace=workspace.name)


@require_POST
@operation("designer.write")
def undelete(request: HttpRequest, workspace: Workspace, guid: str) -> HttpResponse:
    """Bring an archived draft back."""
    pipeline = pipeline_of(workspace, guid, deleted=True)
    drafts.undelete_draft(pipeline=pipeline, user=person(request))
    messages.success(request, f"{pipeline.name} is back.")
    return redirect("pipeline", workspace=workspace.name, guid=pipeline.guid)
