"""Pages of components: what is built in, and the workspace's own."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from officina.catalogue import Catalogue
from registry.models import Asset
from registry.views.lists import listing
from registry.views.pages import asset_page
from studio.workspaces.access import operation
from studio.workspaces.models import Workspace


@require_safe
@operation("registry.read")
def components(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List the built-in modules by category, and the workspace's own components."""
    text = request.GET.get("q", "").strip().lower()
    groups: dict[str, list[Any]] = {}
    for each in Catalogue().all():
        if not text or text in f"{each.title} {each.name} {each.doc} {each.category}".lower():
            groups.setdefault(each.category, []).append(each)
    context = listing(request, workspace, "component")
    context |= {"groups": groups.items(), "text": text}
    return render(request, "registry/components.html", context)


@require_safe
@operation("registry.read")
def component(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponseBase:
    """Show the workspace's own component of this name, else the built-in module."""
    own = Asset.objects.filter(workspace=workspace, kind="component", name=name, deleted=None)
    if "builtin" not in request.GET and own.exists():
        return asset_page(request, workspace, "components", name)
    found = Catalogue().get(name)
    return render(request, "registry/component.html", {"workspace": workspace, "component": found})
