"""Pages of assets: models, data, environments and components."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from officina.catalogue import Catalogue
from officina.environments.curated import CURATED
from officina.errors import StudioError
from registry import services
from registry.models import Asset, AssetVersion
from studio.lib.files import UserFileResponse
from studio.workspaces.access import operation
from studio.workspaces.models import Workspace

LISTED = 500
WORDS = {
    "model": {"title": "Models", "one": "model", "icon": "box", "url": "models"},
    "data": {"title": "Data", "one": "data asset", "icon": "database", "url": "data"},
}


def _listing(request: HttpRequest, workspace: Workspace, kind: str) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    latest = AssetVersion.objects.filter(asset=OuterRef("pk"), archived=False).order_by("-number")
    rows = Asset.objects.filter(workspace=workspace, kind=kind, archived=False)
    if text:
        rows = rows.filter(name__icontains=text)
    rows = rows.annotate(
        count=Count("versions"),
        latest=Subquery(latest.values("version")[:1]),
        latest_size=Subquery(latest.values("size")[:1]),
        latest_run=Subquery(latest.values("run_guid")[:1]),
    ).order_by("-changed")[:LISTED]
    context = {
        "workspace": workspace,
        "assets": rows,
        "text": text,
        "kind": kind,
        "words": WORDS[kind],
    }
    return render(request, "registry/assets.html", context)


def _detail(request: HttpRequest, workspace: Workspace, kind: str, name: str) -> HttpResponse:
    asset = Asset.objects.filter(workspace=workspace, kind=kind, name=name).first()
    if asset is None:
        raise StudioError(
            f"There is no {WORDS[kind]['one']} {name!r} here.", where="name", code="not_found"
        )
    versions = list(asset.versions.filter(archived=False).select_related("created_by"))
    wanted = request.GET.get("version", "")
    chosen = next((v for v in versions if v.version == wanted), versions[0] if versions else None)
    if wanted and (chosen is None or chosen.version != wanted):
        raise StudioError(f"{name} has no version {wanted!r}.", where="version", code="not_found")
    context = {
        "workspace": workspace,
        "asset": asset,
        "versions": versions,
        "version": chosen,
        "files": _files(workspace, chosen),
        "kind": kind,
        "words": WORDS[kind],
    }
    return render(request, "registry/asset.html", context)


def _files(workspace: Workspace, version: AssetVersion | None) -> list[tuple[str, Any]]:
    if version is None or not version.tree:
        return []
    return sorted(services.open_tree(workspace=workspace, digest=version.tree).files.items())[
        :LISTED
    ]


@require_safe
@operation("registry.read")
def models(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List the registered models."""
    return _listing(request, workspace, "model")


@require_safe
@operation("registry.read")
def model(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Show a model: its versions, where each came from, and its files."""
    return _detail(request, workspace, "model", name)


@require_safe
@operation("registry.read")
def data_assets(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List the data assets."""
    return _listing(request, workspace, "data")


@require_safe
@operation("registry.read")
def data_asset(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Show a data asset: its versions and its files."""
    return _detail(request, workspace, "data", name)


@require_safe
@operation("registry.read")
def asset_file(
    request: HttpRequest, workspace: Workspace, kind: str, name: str, version: str, path: str
) -> UserFileResponse:
    """Send one file of an asset's version."""
    row = services.find(workspace=workspace, kind=kind, name=name, version=version)
    entry = (
        services.open_tree(workspace=workspace, digest=row.tree).files.get(path)
        if row.tree
        else None
    )
    if entry is None:
        raise StudioError(f"{name}:{version} has no file {path!r}.", where="path", code="not_found")
    return UserFileResponse(
        services.store().open(entry.sha256),
        name=path,
        size=entry.size,
        download=True,
        part=request.headers.get("Range", ""),
    )


@require_safe
@operation("registry.read")
def environments(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List the environments that exist from the start, and the workspace's own."""
    own = Asset.objects.filter(workspace=workspace, kind="environment", archived=False).order_by(
        "name"
    )
    context = {"workspace": workspace, "curated": list(CURATED.values()), "own": own}
    return render(request, "registry/environments.html", context)


@require_safe
@operation("registry.read")
def components(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List the built-in modules by category, and the workspace's own components."""
    text = request.GET.get("q", "").strip().lower()
    groups: dict[str, list[Any]] = {}
    for each in Catalogue().all():
        if not text or text in f"{each.title} {each.name} {each.summary} {each.category}".lower():
            groups.setdefault(each.category, []).append(each)
    own = Asset.objects.filter(workspace=workspace, kind="component", archived=False).order_by(
        "name"
    )
    context = {"workspace": workspace, "groups": groups.items(), "own": own, "text": text}
    return render(request, "registry/components.html", context)


@require_safe
@operation("registry.read")
def component(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Show one built-in module: its ports, its parameters and its help."""
    found = Catalogue().get(name)
    return render(request, "registry/component.html", {"workspace": workspace, "component": found})
