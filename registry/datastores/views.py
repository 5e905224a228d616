"""Pages of datastores: the list, a form for each kind, and what a datastore holds."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from officina.data.samples import SAMPLES
from officina.errors import StudioError
from officina.storage import datastores as engine
from registry.datastores import looking, registering, services
from registry.datastores.api import form_of, send_file
from registry.datastores.background import Started
from registry.models import Datastore
from registry.views.kinds import page_url
from registry.views.lists import missing
from studio.lib import limits
from studio.lib.files import UserFileResponse
from studio.workspaces.access import operation, person, require
from studio.workspaces.models import Workspace


def _page(workspace: Workspace, name: str, **query: str) -> str:
    from urllib.parse import urlencode

    url = reverse("datastore", args=[workspace.name, name])
    kept = {key: value for key, value in query.items() if value}
    return url + (f"?{urlencode(kept)}" if kept else "")


@require_safe
@operation("registry.read")
def index(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List the datastores of a workspace."""
    context = {
        "workspace": workspace,
        "items": [services.shown(row) for row in services.rows(workspace)],
        "samples": SAMPLES.values(),
        "write_reason": missing(request, "registry.write"),
    }
    return render(request, "data/datastores.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@operation("registry.write")
def new(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Show the form of a kind; POST tests what it holds, or makes the datastore."""
    given = request.POST if request.method == "POST" else request.GET
    kind = engine.kind_named(given.get("kind") or "folder")
    problem = told = None
    if request.method == "POST":
        config = _given(kind, request.POST)
        if "test" in request.POST:
            told = services.try_out(kind=kind.name, config=config)
            if request.htmx:  # type: ignore[attr-defined]
                return render(request, "data/_told.html", {"told": told})
        else:
            try:
                row = services.create(
                    workspace=workspace, name=given.get("name", "").strip(), kind=kind.name,
                    config=config, description=given.get("description", "").strip(),
                    user=person(request),
                )  # fmt: skip
                return redirect(_page(workspace, row.name))
            except StudioError as error:
                problem = error
    context = {
        "workspace": workspace, "kind": kind, "kinds": engine.KINDS.values(),
        "fields": _filled(form_of(kind)["fields"], given), "problem": problem, "told": told,
        "name": given.get("name", ""), "description": given.get("description", ""),
    }  # fmt: skip
    return render(request, "data/datastore_new.html", context, status=400 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@operation("registry.write")
def edit(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Show a datastore's form without its secrets; POST saves it."""
    row = services.find(workspace=workspace, name=name)
    services.refuse_own(row, "changed")
    kind = services.kind_of(row)
    problem = None
    given: Any = services.shown(row)["config"]
    if request.method == "POST":
        given = request.POST
        try:
            services.update(row, user=person(request), config=_given(kind, request.POST))
            messages.success(request, "Saved.")
            return redirect(_page(workspace, row.name))
        except StudioError as error:
            problem = error
    fields = _filled(form_of(kind)["fields"], given, held=services.shown(row)["secrets"])
    context = {
        "workspace": workspace, "kind": kind, "fields": fields, "problem": problem, "row": row,
        "name": row.name,
    }  # fmt: skip
    return render(request, "data/datastore_new.html", context, status=400 if problem else 200)


def _given(kind: engine.Kind, post: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for param in (*kind.params, *kind.secrets):
        if param.type == "boolean":
            found[param.name] = param.name in post
        elif post.get(param.name, "").strip():
            found[param.name] = post[param.name].strip()
    return found


def _filled(fields: list[dict[str, Any]], given: Any, held: Any = ()) -> list[dict[str, Any]]:
    """Return fields with what was given; a secret is never sent back."""
    started = "csrfmiddlewaretoken" in given
    for field in fields:
        value = given.get(field["name"], "" if started else field.get("default", ""))
        if field["type"] == "boolean":
            field["checked"] = value in (True, "on")
        elif not field["secret"]:
            field["value"] = value
        field["held"] = field["name"] in held
    return fields


@require_http_methods(["GET", "HEAD", "POST"])
@operation("registry.read")
def datastore(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Show what a datastore holds: a page of a folder, a file, a table or a query's rows."""
    row = services.find(workspace=workspace, name=name)
    asked = {key: request.GET.get(key, "") for key in ("path", "file", "table", "after")}
    # A query comes by POST only: a link from elsewhere must not make anyone run one.
    asked["query"] = request.POST.get("query", "").strip()
    if asked["query"]:
        require(request.user, workspace, "registry.write")
    context: dict[str, Any] = {
        "workspace": workspace, "store": services.shown(row), "asked": asked, "listing": None,
        "write_reason": missing(request, "registry.write"),
        "delete_reason": missing(request, "registry.delete"), "problem": None, "shown": None,
        "crumbs": _crumbs(asked["path"]),
    }  # fmt: skip
    try:
        if context["store"]["gives"] != "none":
            path = asked["path"].strip("/")
            context["listing"] = looking.page(
                row, user=person(request), path=path, after=asked["after"]
            )
        context |= _looked(request, row, asked)
    except StudioError as error:
        context["problem"] = error
    return render(request, "data/datastore.html", context)


def _looked(request: HttpRequest, row: Datastore, asked: dict[str, str]) -> dict[str, Any]:
    if not (asked["file"] or asked["table"] or asked["query"]):
        return {}
    shown = looking.preview(
        row, user=person(request), path=asked["file"], table=asked["table"], query=asked["query"]
    )
    title = asked["file"] or asked["table"] or "Query"
    return {"shown": shown, "title": title, "suggested": registering.suggested(title)}


def _crumbs(path: str) -> list[tuple[str, str]]:
    parts = [part for part in path.split("/") if part]
    return [(part, "/".join(parts[: index + 1])) for index, part in enumerate(parts)]


@require_POST
@operation("registry.read")
def test(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Test a datastore's connection and say what came of it."""
    row = services.find(workspace=workspace, name=name)
    told = services.test(row, user=person(request))
    return render(request, "data/_told.html", {"told": told})


@require_POST
@operation("registry.write")
def register(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Register a path, table or query as data."""
    row = services.find(workspace=workspace, name=name)
    asked = {key: request.POST.get(key, "") for key in ("path", "table", "query")}
    try:
        version = looking.register(
            row, user=person(request), asset=request.POST.get("asset", "").strip(), **asked
        )
    except StudioError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect(_page(workspace, row.name, path=asked["path"].rpartition("/")[0]))
    if isinstance(version, Started):
        messages.success(request, f"This run copies the data and registers it as {version.asset}.")
        return redirect("run", workspace=workspace.name, guid=version.guid)
    messages.success(request, f"Registered {version}.")
    return redirect(page_url(workspace, "data", version.asset.name, version.version))


@limits.takes(POST=limits.FILE)
@require_POST
@operation("registry.write")
def upload(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Store the files of a form in a folder of a datastore."""
    row = services.find(workspace=workspace, name=name)
    folder = request.POST.get("path", "").strip("/")
    done = 0
    try:
        for file in request.FILES.getlist("files"):
            inside = "/".join(part for part in (folder, str(file.name)) if part)
            services.upload(
                row, path=inside, chunks=file.chunks(), overwrite="overwrite" in request.POST,
                user=person(request),
            )  # fmt: skip
            done += 1
        messages.success(request, f"{done} stored.")
    except StudioError as error:
        messages.error(request, f"{error.message} {error.hint} {done} stored before it.")
    return redirect(_page(workspace, row.name, path=folder))


@require_POST
@operation("registry.delete")
def delete(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Forget a datastore; what it holds stays."""
    row = services.find(workspace=workspace, name=name)
    try:
        services.delete(row, user=person(request))
    except StudioError as error:
        messages.error(request, f"{error.message} {error.hint}")
        return redirect(_page(workspace, row.name))
    messages.success(request, f"{name} is gone from the studio; its files stay where they are.")
    return redirect(reverse("datastores", args=[workspace.name]))


@require_POST
@operation("registry.write")
def default(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Make a datastore the workspace's default."""
    row = services.find(workspace=workspace, name=name)
    services.update(row, user=person(request), is_default=True)
    return redirect(_page(workspace, row.name))


@require_safe
@operation("registry.read")
def file(request: HttpRequest, workspace: Workspace, name: str, path: str) -> UserFileResponse:
    """Send a file of a datastore."""
    return send_file(services.find(workspace=workspace, name=name), path, person(request))


@require_POST
@operation("registry.write")
def sample(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Register a sample table as data."""
    version = registering.register_sample(
        workspace=workspace, name=request.POST.get("name", ""), user=person(request)
    )
    messages.success(request, f"Registered {version}.")
    url = page_url(workspace, "data", version.asset.name, version.version, "explore")
    return redirect(url)
