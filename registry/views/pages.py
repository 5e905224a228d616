"""An asset's page: a version's facts, files, lineage and the actions on it."""

from __future__ import annotations

import json
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from officina.errors import StudioError
from officina.storage import Tree
from registry import lineage, model_page, services
from registry.api.shapes import kind_of
from registry.api.versions import send_file, send_version, tree_of
from registry.datastores.explore_views import explore_part, prepare_part
from registry.inspection import inspect_model
from registry.models import Asset, AssetVersion
from registry.services import staging
from registry.views.kinds import WORDS
from registry.views.lists import missing
from studio.lib import preview
from studio.lib.files import UserFileResponse, is_picture
from studio.workspaces.access import operation
from studio.workspaces.models import Workspace

FILES = 200
VERSIONS = 50
TABS = ("overview", "explore", "prepare", "files", "versions", "lineage")

# How the keys of a document read to people; others stand as they are written.
FACTS = {
    "modelType": "Type", "dataType": "Type", "type": "Type", "path": "Path", "jobName": "Job",
    "source": "Source", "modelId": "Logged model", "osType": "System", "image": "Image",
}  # fmt: skip


@require_safe
@operation("registry.read")
def asset(request: HttpRequest, workspace: Workspace, folder: str, name: str) -> HttpResponse:
    """Show an asset; `?version=` chooses one, `?tab=` what of it."""
    return asset_page(request, workspace, folder, name)


def asset_page(request: HttpRequest, workspace: Workspace, folder: str, name: str) -> HttpResponse:
    """Return an asset's page; the caller has asked for the right to read."""
    kind = kind_of(folder)
    row = services.named(workspace=workspace, kind=kind, name=name)
    version = _chosen(workspace, kind, name, request.GET.get("version", ""))
    tree = tree_of(version) if version else Tree("", {})
    tab = request.GET.get("tab", "overview")
    tab = tab if tab in TABS else "overview"
    context = _head(request, workspace, row, version, tree) | {"tab": tab}
    context |= PARTS[tab](request, workspace, row, version, tree)
    return render(request, f"registry/asset_{tab}.html", context)


def _chosen(workspace: Workspace, kind: str, name: str, wanted: str) -> AssetVersion | None:
    at: dict[str, Any] = {"workspace": workspace, "kind": kind, "name": name}
    if wanted:
        return services.find(**at, version=wanted, archived=True)
    newest: AssetVersion | None = services.versions(**at).first()
    return newest or services.versions(**at, archived="all").first()


def _head(
    request: Any, workspace: Workspace, row: Asset, version: AssetVersion | None, tree: Tree
) -> dict[str, Any]:
    kind = row.kind
    count = services.versions(workspace=workspace, kind=kind, name=row.name, archived="all").count()
    tabs: list[tuple[str, str, int | None]] = [
        ("overview", "Overview", None),
        ("files", "Files", len(tree.files)),
        ("versions", "Versions", count),
        ("lineage", "Lineage", None),
    ]
    if kind == "data":
        tabs[1:1] = [("explore", "Explore", None), ("prepare", "Prepare", None)]
    if kind in {"component", "environment"} and not tree.files:
        del tabs[1]
    labels = services.labels(workspace=workspace, kind=kind, name=row.name)
    return {
        "workspace": workspace,
        "asset": row,
        "version": version,
        "kind": kind,
        "words": WORDS[kind],
        "tabs": tabs,
        "labels": labels,
        "own_labels": [k for k, v in labels.items() if version and v == version.version],
        "elsewhere": _elsewhere(version),
        "write_reason": missing(request, "registry.write"),
        "delete_reason": missing(request, "registry.delete"),
        "approve_reason": missing(request, "registry.approve"),
        "stages": staging.stages(workspace) if kind == "model" else [],
        "guarded": staging.guarded(workspace) if kind == "model" else [],
        "request_open": _open_request(version),
        "shares": version.shares.select_related("workspace") if version else [],
        "others": Workspace.objects.visible_to(request.user).exclude(pk=workspace.pk),
        "tags_text": "\n".join(
            f"{k}={v}" if v else k for k, v in (version.tags if version else {}).items()
        ),
    }


def _elsewhere(version: AssetVersion | None) -> str:
    """Return the address of data whose files are not stored here."""
    if version is None or version.tree or version.asset.kind != "data":
        return ""
    return str(version.document.get("dataUri") or "")


def _open_request(version: AssetVersion | None) -> Any:
    if version is None:
        return None
    rows = version.stage_requests.filter(state="pending").select_related("requested_by")
    return rows.first()


def _overview(
    request: Any, workspace: Workspace, row: Asset, version: AssetVersion | None, tree: Tree
) -> dict[str, Any]:
    if version is None:
        return {}
    hidden = {"modelUri", "dataUri", "codeUri", "properties", "tags", "description"}
    facts = {k: v for k, v in version.document.items() if k not in hidden and v not in ("", None)}
    plain = {k: v for k, v in facts.items() if isinstance(v, str | int | float)}
    found: dict[str, Any] = {
        "facts": {FACTS.get(key, key): value for key, value in plain.items()},
        "details": {
            k: json.dumps(v, indent=2, ensure_ascii=False)[:20_000]
            for k, v in facts.items()
            if k not in plain
        },
        "users": lineage.users_of(version),
        "count": len(tree.files),
        "requests": version.stage_requests.select_related("requested_by", "decided_by")[:10],
    }
    if row.kind == "model" and tree.files:
        found["report"] = inspect_model(tree)
    if row.kind == "data":
        found["uses"] = _uses(version)
        found["facts"] |= _source(version)
    if row.kind == "model":
        found |= model_page.more(request, version, tree) | {"shown_facts": model_page.FACTS}
    return found


def _source(version: AssetVersion) -> dict[str, str]:
    """Return where a version's bytes came from, as far as it was told: a place, and what of it."""
    told = version.properties
    place = told.get("source.datastore", "")
    inside = told.get("source.path") or told.get("source.table") or told.get("source.query") or ""
    if not place:
        try:
            source = json.loads(told.get("import.source") or "{}")
        except ValueError:  # a long query was cut
            return {}
        place = str(source.get("connection") or "").removeprefix("azureml:")
        inside = source.get("path") or source.get("tableName") or source.get("query") or ""
    found = "/".join(part for part in (place, inside) if part)
    return {"Source": found} if found else {}


def _uses(version: AssetVersion) -> list[tuple[str, str]]:
    """Return what to write to use a version of data, by where it is written."""
    kind, name = version.document.get("dataType") or "uri_folder", version.asset.name
    return [
        ("In a job's YAML",
         f"inputs:\n  {name}:\n    type: {kind}\n    path: {version.reference}"),
        ("From Python", "from azure.ai.ml import Input\n\n"
         f'Input(\n    type="{kind}",\n    path="{version.reference}",\n)'),
        *([("From the shell", f"officina data download \\\n  -n {name} -v {version.version}")]
          if version.tree else []),
    ]  # fmt: skip


def _files(
    request: Any, workspace: Workspace, row: Asset, version: AssetVersion | None, tree: Tree
) -> dict[str, Any]:
    text = request.GET.get("find", "").strip()
    names = [name for name in tree.files if text.lower() in name.lower()] if text else [*tree.files]
    page = Paginator(names, FILES).get_page(request.GET.get("page"))
    path = request.GET.get("file", "") or (tree.only_file() or "")
    shown = None
    if path:
        entry = tree.files.get(path)
        if entry is None:
            raise StudioError(f"There is no file {path!r} here.", where="file", code="not_found")
        with services.store().open(entry.sha256) as source:
            shown = {
                **preview.preview(name=path, size=entry.size, source=source),
                "path": path,
                "size": entry.size,
            }
    return {
        "files": [(name, tree.files[name]) for name in page.object_list],
        "page": page,
        "text": text,
        "shown": shown,
    }


def _versions(
    request: Any, workspace: Workspace, row: Asset, version: AssetVersion | None, tree: Tree
) -> dict[str, Any]:
    at: dict[str, Any] = {"workspace": workspace, "kind": row.kind, "name": row.name}
    rows = services.versions(**at, archived="all").prefetch_related("labels")
    return {
        "page": Paginator(rows, VERSIONS).get_page(request.GET.get("page")),
        "deleted": services.versions(**at, archived="deleted")[:20],
    }


def _lineage(
    request: Any, workspace: Workspace, row: Asset, version: AssetVersion | None, tree: Tree
) -> dict[str, Any]:
    graph = lineage.graph(workspace, version.end) if version else {"nodes": [], "edges": []}
    ends = {node["id"]: node for node in graph["nodes"]}
    here = version.end if version else ""
    return {
        "graph": graph,
        "up": [ends[e["source"]] for e in graph["edges"] if e["target"] == here],
        "down": [ends[e["target"]] for e in graph["edges"] if e["source"] == here],
    }


PARTS = {
    "overview": _overview,
    "explore": explore_part,
    "prepare": prepare_part,
    "files": _files,
    "versions": _versions,
    "lineage": _lineage,
}


def _found(workspace: Workspace, kind: str, name: str, version: str) -> AssetVersion:
    return services.find(
        workspace=workspace, kind=kind_of(kind), name=name, version=version, archived=True
    )


@require_safe
@operation("registry.read")
def asset_file(
    request: HttpRequest, workspace: Workspace, kind: str, name: str, version: str, path: str
) -> UserFileResponse:
    """Send one file of an asset's version; a picture is shown unless `?download` is asked."""
    row = _found(workspace, kind, name, version)
    entry = tree_of(row).files.get(path)
    if entry is None:
        raise StudioError(f"{name}:{version} has no file {path!r}.", where="path", code="not_found")
    if is_picture(path) and "inline" in request.GET:
        return UserFileResponse(services.store().open(entry.sha256), name=path, size=entry.size)
    return send_file(request, path, entry)


@require_safe
@operation("registry.read")
def asset_download(
    request: HttpRequest, workspace: Workspace, kind: str, name: str, version: str
) -> HttpResponseBase:
    """Send a whole version: its one file, or a zip."""
    row = _found(workspace, kind, name, version)
    return send_version(request, row, as_zip="zip" in request.GET)
