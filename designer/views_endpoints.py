"""The pages of published pipelines: the list, and one endpoint with its versions and how to call it."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from designer.api_endpoints import submit_url
from designer.models import PipelineEndpoint
from designer.services import publishing
from officina.errors import StudioError
from studio.runs import runtable
from studio.workspaces.access import operation, person
from studio.workspaces.models import Workspace

COLUMNS = ["status", "owner", "created", "seconds"]
RECENT = 20


@require_safe
@operation("designer.read")
def endpoints(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List the endpoints with their default version and latest run."""
    text = request.GET.get("q", "").strip()
    rows = PipelineEndpoint.objects.filter(workspace=workspace).select_related(
        "default", "created_by"
    )
    rows = rows.annotate(count=Count("published")).order_by("name")
    if text:
        rows = rows.filter(name__icontains=text)
    listed = [(row, publishing.runs_of(row).first()) for row in rows[:500]]
    return render(
        request, "designer/endpoints.html", {"workspace": workspace, "rows": listed, "text": text}
    )


@require_safe
@operation("designer.read")
def endpoint(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Show one endpoint: its versions, its address, how to call it, and its runs."""
    row = publishing.endpoint_of(workspace, name)
    keys = publishing.runs_of(row).values_list("pk", flat=True)[:RECENT]
    runs = runtable.load(list(keys))
    parameters = row.default.parameters if row.default else {}
    url = submit_url(row)
    body = {
        "ExperimentName": row.name,
        "ParameterAssignments": {key: entry.get("default") for key, entry in parameters.items()},
    }
    context: dict[str, Any] = {
        "workspace": workspace,
        "endpoint": row,
        "versions": row.published.select_related("source__pipeline", "published_by"),
        "parameters": parameters,
        "rows": runtable.table(runs, COLUMNS),
        "heads": _heads(),
        "submit_url": url,
        "curl": curl_of(url, body),
        "python": python_of(url, body),
        "can_write": "designer.write" in request.allowed,  # type: ignore[attr-defined]
        "can_submit": "runs.submit" in request.allowed,  # type: ignore[attr-defined]
    }
    return render(request, "designer/endpoint.html", context)


def _heads() -> list[dict[str, Any]]:
    names = ["Run", *(runtable.COLUMNS[name] for name in COLUMNS)]
    number = runtable.COLUMNS["seconds"]
    return [{"label": name, "number": name == number, "url": "", "aria": ""} for name in names]


def curl_of(url: str, body: dict[str, Any]) -> str:
    """Return the call as one typed into a shell."""
    text = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
    return (
        f"curl -X POST {url} \\\n"
        '  -H "Authorization: Bearer $OFFICINA_TOKEN" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f"  -d '{text}'"
    )


def python_of(url: str, body: dict[str, Any]) -> str:
    """Return the call in Python, as Azure's published pipelines are called."""
    shown = "\n".join(f"    {key!r}: {value!r}," for key, value in body.items())
    return (
        "from os import environ\n\nimport requests\n\n"
        "answer = requests.post(\n"
        f"    {url!r},\n"
        "    headers={'Authorization': f\"Bearer {environ['OFFICINA_TOKEN']}\"},\n"
        f"    json={{\n{_indented(shown)}\n    }},\n"
        ")\n"
        "answer.raise_for_status()\n"
        "print(answer.json()['Id'])"
    )


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


@require_POST
@operation("designer.write")
def change(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Choose the default version, or switch the endpoint off and on."""
    row = publishing.endpoint_of(workspace, name)
    given: dict[str, Any] = {}
    if request.POST.get("default_version"):
        given["default_version"] = request.POST["default_version"]
    if request.POST.get("disabled") in {"0", "1"}:
        given["disabled"] = request.POST["disabled"] == "1"
    try:
        publishing.change_endpoint(endpoint=row, user=person(request), **given)
        messages.success(request, f"{row.name} is changed.")
    except StudioError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    return redirect("pipeline-endpoint", workspace=workspace.name, name=row.name)


@require_POST
@operation("runs.submit")
def run(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Run a version with the values of the form, and lead to its run."""
    row = publishing.endpoint_of(workspace, name)
    given = {
        key.removeprefix("parameter-"): value
        for key, value in request.POST.items()
        if key.startswith("parameter-") and isinstance(value, str) and value != ""
    }
    try:
        made = publishing.run_endpoint(endpoint=row, user=person(request), parameters=given)
    except StudioError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect("pipeline-endpoint", workspace=workspace.name, name=row.name)
    return redirect("run", workspace=workspace.name, guid=made.guid)
