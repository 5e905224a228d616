"""What every page's frame needs: who, which workspace, the menu and the theme."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from studio.portal.menu import ACCOUNT, entries_for, menu_for
from studio.workspaces.models import Workspace

if TYPE_CHECKING:
    from django.http import HttpRequest

THEMES = (
    ("system", "As the system", "device-desktop"),
    ("light", "Light", "sun"),
    ("dark", "Dark", "moon"),
)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Add `shell` to the context; two small queries on pages of a workspace, none on others."""
    choice = _theme(request)
    frame: dict[str, Any] = {
        "theme_choice": choice,
        "theme": "dark" if choice == "dark" else "light",
        "themes": THEMES,
        "home": "/",
    }
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"shell": frame}
    frame["user"] = {"name": user.name, "email": user.email, "initials": initials(user.name)}
    workspace = getattr(request, "workspace", None)
    if workspace is not None:
        frame |= _in_workspace(request, workspace)
        membership = getattr(request, "membership", None)
        frame["user"]["role"] = getattr(membership, "role", "")
    return {"shell": frame}


def _in_workspace(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    allowed: frozenset[str] = getattr(request, "allowed", frozenset())
    menu = menu_for(workspace.name, allowed, request.path)
    account = entries_for(ACCOUNT, workspace.name, allowed, request.path)
    lines = [
        {"label": line["label"], "icon": line["icon"], "url": line["url"], "group": group["label"]}
        for group in [*menu, {"label": "Account", "entries": account}]
        for line in group["entries"]
    ]
    return {
        "workspace": {"name": workspace.name, "initials": initials(workspace.name)},
        "workspaces": [
            {
                "name": other.name,
                "initials": initials(other.name),
                "url": f"/w/{other.name}/",
                "current": other.pk == workspace.pk,
            }
            for other in Workspace.objects.visible_to(request.user)
        ],
        "menu": menu,
        "account": account,
        "palette": lines,
        "home": f"/w/{workspace.name}/",
        "search_url": f"/w/{workspace.name}/search.json",
    }


def _theme(request: HttpRequest) -> str:
    choice = request.COOKIES.get("theme", "")
    return choice if choice in {"light", "dark", "system"} else "system"


def initials(name: str) -> str:
    """Return the one or two letters that stand for a name in a tile."""
    words = re.findall(r"\w+", name.replace("_", " "))
    if not words:
        return "?"
    if len(words) == 1:
        return words[0][:2].upper()
    return (words[0][0] + words[-1][0]).upper()
