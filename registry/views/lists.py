"""Lists of assets: search, tags, archived ones, pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from registry import services
from registry.api.shapes import newest_of
from registry.models import StageRequest
from registry.views.kinds import WORDS
from studio.workspaces.access import operation
from studio.workspaces.models import Workspace

PER_PAGE = 50
MOST_WAITING = 500
ORDERS = {
    "-changed": "Recently changed", "name": "Name", "-name": "Name, from Z", "changed": "Oldest",
}  # fmt: skip


def listing(request: HttpRequest, workspace: Workspace, kind: str) -> dict[str, Any]:
    """Return what the list of one kind shows, by the query's filters."""
    asked = {key: request.GET.get(key, "").strip() for key in ("q", "tag", "archived", "sort")}
    shown = asked["archived"] if asked["archived"] in {"archived", "all"} else "active"
    rows = services.assets(
        workspace=workspace, kind=kind, text=asked["q"], tag=asked["tag"], archived=shown
    )
    sort = asked["sort"] if asked["sort"] in ORDERS else "-changed"
    order = sort.removeprefix("-")
    sign = "-" if sort.startswith("-") else ""
    pages = Paginator(rows.order_by(sign + order, sign + "pk"), PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    # The newest version of each is looked up for this page's rows only.
    page.object_list = newest_of(page.object_list)
    kept = {key: value for key, value in asked.items() if value}
    return {
        "workspace": workspace,
        "page": page,
        "words": WORDS[kind],
        "asked": asked,
        "sort": sort,
        "orders": ORDERS,
        "filtered": bool(asked["q"] or asked["tag"] or asked["archived"]),
        "prefix": "?" + urlencode(kept) + ("&" if kept else ""),
        "can_write": "registry.write" in request.allowed,  # type: ignore[attr-defined]
        "reason": missing(request, "registry.write"),
    }


def missing(request: Any, name: str) -> str:
    """Return why an action is off for this person; nothing when it is on."""
    if name in request.allowed:
        return ""
    return f'Your role "{request.membership.role}" lacks {name}; an owner can give it.'


def _page(request: HttpRequest, workspace: Workspace, kind: str) -> HttpResponse:
    context = listing(request, workspace, kind)
    if kind == "model":
        # The few open requests first: joined the other way round, every asset is looked at.
        waiting = StageRequest.objects.filter(state=StageRequest.PENDING).order_by()
        versions = list(waiting.values_list("version_id", flat=True)[:MOST_WAITING])
        rows = StageRequest.objects.filter(
            version__in=versions, state=StageRequest.PENDING, version__asset__workspace=workspace
        )
        context["waiting"] = rows.select_related("version__asset", "requested_by")[:20]
    return render(request, "registry/assets.html", context)


@require_safe
@operation("registry.read")
def models(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List the registered models."""
    return _page(request, workspace, "model")


@require_safe
@operation("registry.read")
def data_assets(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List the data assets."""
    return _page(request, workspace, "data")


@require_safe
@operation("registry.read")
def code(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List the registered code."""
    return _page(request, workspace, "code")
