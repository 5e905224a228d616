"""The menu as data: a page that is not there yet, or that a person may not open, is not listed."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.urls import Resolver404, resolve


class Entry(NamedTuple):
    """One line of the menu: its page lives at `/w/<workspace>/<path>`."""

    label: str
    icon: str
    path: str
    operation: str


class Group(NamedTuple):
    label: str
    entries: tuple[Entry, ...]
    foot: bool = False


MENU = (
    Group("", (Entry("Home", "layout-dashboard", "", "workspace.read"),)),
    Group(
        "Author",
        (
            Entry("Pipelines", "sitemap", "pipelines/", "designer.read"),
            Entry("Samples", "sparkles", "samples/", "workspace.read"),
        ),
    ),
    Group(
        "Track",
        (
            Entry("Experiments", "flask", "experiments/", "experiments.read"),
            Entry("Runs", "player-play", "runs/", "runs.read"),
            Entry("Compare", "arrows-diff", "compare/", "runs.read"),
        ),
    ),
    Group(
        "Assets",
        (
            Entry("Data", "database", "data/", "registry.read"),
            Entry("Datastores", "stack-2", "datastores/", "registry.read"),
            Entry("Models", "box", "models/", "registry.read"),
            Entry("Components", "puzzle", "components/", "registry.read"),
            Entry("Environments", "package", "environments/", "registry.read"),
            Entry("Code", "code", "code/", "registry.read"),
        ),
    ),
    Group(
        "Operate",
        (
            Entry("Compute", "server-2", "compute/", "compute.read"),
            Entry("Schedules", "clock", "schedules/", "runs.read"),
            Entry("Pipeline endpoints", "plug", "endpoints/pipelines/", "designer.read"),
            Entry("Activity", "activity", "activity/", "workspace.read"),
        ),
    ),
    Group(
        "",
        (
            Entry("Members", "users", "members/", "members.read"),
            Entry("Settings", "settings", "settings/", "workspace.read"),
        ),
        foot=True,
    ),
)
ACCOUNT = (Entry("My tokens", "key", "tokens/", "tokens.own"),)

_known: dict[str, bool] = {}


def exists(path: str) -> bool:
    """Say whether the studio has a page at this path of a workspace."""
    if path not in _known:
        try:
            resolve(f"/w/any-workspace/{path}")
        except Resolver404:
            _known[path] = False
        else:
            _known[path] = True
    return _known[path]


def entries_for(
    entries: tuple[Entry, ...], workspace: str, allowed: frozenset[str], path: str
) -> list[dict[str, Any]]:
    """Return the lines that this person sees, each with its address and whether it is open now."""
    found = []
    for entry in entries:
        if entry.operation not in allowed or not exists(entry.path):
            continue
        url = f"/w/{workspace}/{entry.path}"
        # What is one of a list lies under the singular too: environments/, environment/of/...
        inside = path.startswith((url, f"{url.removesuffix('s/')}/")) if entry.path else False
        current = "page" if path == url else "true" if inside else ""
        found.append({"label": entry.label, "icon": entry.icon, "url": url, "current": current})
    return found


def menu_for(workspace: str, allowed: frozenset[str], path: str) -> list[dict[str, Any]]:
    """Return the groups of the menu that have something to show."""
    groups = []
    for group in MENU:
        if lines := entries_for(group.entries, workspace, allowed, path):
            groups.append({"label": group.label, "foot": group.foot, "entries": lines})
    return groups
