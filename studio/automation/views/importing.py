"""The page that imports data: one form for each kind of source, a look at it first, and past imports."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import yaml
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from officina.data.importing_document import TYPES, to_yaml
from officina.errors import StudioError
from registry.datastores import services as datastores
from registry.views.lists import missing
from studio.automation import services
from studio.automation.services import importing
from studio.workspaces.access import operation, person
from studio.workspaces.models import Workspace

SOURCES = {
    "web": ("world", "Web address"), "files": ("folder", "Datastore"),
    "database": ("database", "Database"),
}  # fmt: skip
SHOWN = 10
COLUMNS = 12


@require_safe
@operation("registry.read")
def page(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Show the form of a kind of source."""
    return render(request, "data/import.html", _form(request, workspace, request.GET))


@require_POST
@operation("runs.submit")
def start(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Start the form's import, or go on to a schedule for it."""
    given = request.POST
    try:
        document = _document(given)
        if "schedule" in given:
            definition = importing.check_import(workspace=workspace, document=document)
            return redirect(_schedule_url(workspace, definition))
        run = services.import_data(workspace=workspace, user=person(request), document=document)
    except StudioError as error:
        if error.code == "forbidden":
            raise
        context = _form(request, workspace, given) | {"problem": error}
        return render(request, "data/import.html", context, status=400)
    return redirect("run", workspace=workspace.name, guid=run.guid)


@require_POST
@operation("registry.write")
def preview(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Show the beginning of what the form's import would bring."""
    context: dict[str, Any] = {"workspace": workspace}
    try:
        document = _document(request.POST) | {"name": request.POST.get("name") or "preview"}
        context["shown"] = _shown(
            importing.preview(workspace=workspace, user=person(request), document=document)
        )
    except StudioError as error:
        context["problem"] = error
    return render(request, "data/_import_preview.html", context)


def _shown(found: dict[str, Any]) -> dict[str, Any]:
    """Return a preview as the template draws it: a small table, lines, or files."""
    if found["kind"] != "table":
        return found
    grid = found["grid"]
    names = [str(column["name"]) for column in grid["columns"]][:COLUMNS]
    rows = [row[:COLUMNS] for row in grid["rows"][:SHOWN]]
    return {"kind": "table", "table": rows, "names": names, "columns": found["columns"]}


def _form(request: Any, workspace: Workspace, given: Any) -> dict[str, Any]:
    source = given.get("source") if given.get("source") in SOURCES else "web"
    rows = [row for row in datastores.rows(workspace)]
    gives = "tables" if source == "database" else "files"
    write = missing(request, "registry.write") or missing(request, "runs.submit")
    return {
        "workspace": workspace, "source": source, "sources": SOURCES, "given": given,
        "stores": [row for row in rows if datastores.kind_of(row).gives == gives],
        "types": [kind for kind in TYPES if source != "database" or kind != "uri_file"],
        "recent": importing.imports_of(workspace).select_related("workspace")[:SHOWN],
        "write_reason": write, "fresh": request.method != "POST",
    }  # fmt: skip


def _document(given: Any) -> dict[str, Any]:
    kind = given.get("source", "web")
    source: dict[str, Any] = {"type": "database" if kind == "database" else "file_system"}
    if kind != "web":
        source["connection"] = f"azureml:{given.get('connection', '')}"
    if kind == "database":
        key = "table" if given.get("table", "").strip() else "query"
        source[key] = given.get(key, "").strip()
    else:
        source["path"] = given.get("path", "").strip()
    found = {
        "name": given.get("name", "").strip(), "type": given.get("type") or None, "source": source,
        "description": given.get("description", "").strip() or None,
    }  # fmt: skip
    if "enforce_rules" in given:
        found["enforce_rules"] = True
    if "always" in given:
        found["only_if_changed"] = False
    return found


def _schedule_url(workspace: Workspace, definition: dict[str, Any]) -> str:
    text = yaml.safe_dump(to_yaml(definition), sort_keys=False, allow_unicode=True)
    asked = {"action": "import_data", "import_data": text,
             "name": f"import-{definition['assetName']}"[:255]}  # fmt: skip
    return f"{reverse('schedule-new', args=[workspace.name])}?{urlencode(asked)}"
