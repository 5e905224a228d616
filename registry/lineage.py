"""The graph of what came from what, from any asset version in both directions.

Ends are `data/<name>/<version>`, `model/<name>/<version>`, `run/<guid>` and whatever a higher app
adds; the edges belong to the apps that make them, which offer them here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypedDict

from registry.models import AssetVersion
from studio.workspaces.models import Workspace

FOLDERS = {
    "data": "data",
    "model": "models",
    "environment": "environments",
    "component": "components",
    "code": "code",
}
ICONS = {"model": "model", "data": "dataset", "run": "script", "component": "learner"}
MOST_NODES = 200


class Described(TypedDict, total=False):
    """What a page shows of an end."""

    label: str
    sub: str
    status: str
    url: str
    category: str


@dataclass(frozen=True)
class Source:
    """What an app knows: edges that touch some ends, how its own ends are shown, and keeping an edge."""

    edges: Callable[[Workspace, set[str]], Iterable[tuple[str, str, str]]]
    describe: Callable[[Workspace, set[str]], dict[str, Described]]
    join: Callable[[Workspace, str, str], object]


_sources: list[Source] = []


def provide(source: Source) -> None:
    """Let a higher app add its edges and its ends."""
    if source not in _sources:
        _sources.append(source)


def knows(workspace: Workspace, end: str) -> bool:
    """Say whether one may look at what an end of the workspace names."""
    return any(source.describe(workspace, {end}).get(end, {}).get("url") for source in _sources)


def join(workspace: Workspace, source: str, target: str) -> None:
    """Keep that `source` went into `target`."""
    for each in _sources:
        each.join(workspace, source, target)


def graph(workspace: Workspace, start: str, *, most: int = MOST_NODES) -> dict[str, Any]:
    """Return nodes and edges around `start`: all that led to it, and all that came of it.

    The shape is that of a run's graph. `cut` says that there is more than `most` nodes.
    """
    edges: dict[tuple[str, str], str] = {}
    seen = {start}
    cut = False
    for backwards in (True, False):
        front = {start}
        reached = {start}
        while front:
            found: set[str] = set()
            for source, target, label in _touching(workspace, front):
                near, far = (target, source) if backwards else (source, target)
                if near not in front or near == far:
                    continue
                if far not in seen and len(seen) >= most:
                    cut = True
                    continue
                edges.setdefault((source, target), label)
                seen.add(far)
                if far not in reached:
                    found.add(far)
            reached |= found
            front = found
    described = _describe(workspace, seen)
    return {
        "nodes": [_node(end, described.get(end, {}), start) for end in sorted(seen)],
        "edges": [
            {"source": s, "target": t, "label": label, "sourceType": _port(s)}
            for (s, t), label in edges.items()
        ],
        "cut": cut,
        "start": start,
    }


def _touching(workspace: Workspace, ends: set[str]) -> Iterable[tuple[str, str, str]]:
    for source in _sources:
        yield from source.edges(workspace, ends)


def _describe(workspace: Workspace, ends: set[str]) -> dict[str, Described]:
    found = _of_assets(workspace, {end for end in ends if end.split("/")[0] in FOLDERS})
    for source in _sources:
        found.update(source.describe(workspace, ends))
    return found


def _of_assets(workspace: Workspace, ends: set[str]) -> dict[str, Described]:
    """Return how versions are shown: what is archived or gone says so, and what is gone leads nowhere."""
    names = {end.partition("/")[2].rpartition("/")[0] for end in ends}
    rows = AssetVersion.objects.select_related("asset__workspace").filter(
        asset__workspace=workspace, asset__name__in=names
    )
    there = {row.end: row for row in rows.defer("document") if row.end in ends}
    return {end: _of_asset(workspace, end, there.get(end)) for end in ends}


def _of_asset(workspace: Workspace, end: str, row: AssetVersion | None) -> Described:
    kind, _, rest = end.partition("/")
    name, _, version = rest.rpartition("/")
    words, url = [f"{kind} version {version}"], ""
    if row is None or row.deleted is not None:
        words.append("deleted")
    else:
        url = f"/w/{workspace.name}/{FOLDERS[kind]}/{name}/?version={version}"
        if row.stage != "None":
            words.append(row.stage)
        if row.archived or row.asset.archived:
            words.append("archived")
    sub = " · ".join(words)
    return {"label": name, "sub": sub, "url": url, "category": ICONS.get(kind, "any")}


def _node(end: str, described: Described, start: str) -> dict[str, Any]:
    return {
        "id": end,
        "label": described.get("label") or end,
        "sub": described.get("sub", "") + (" · this one" if end == start else ""),
        "status": described.get("status", ""),
        "category": described.get("category", "any"),
        "url": described.get("url", ""),
        "kind": end.partition("/")[0],
    }


def _port(end: str) -> str:
    return {"data": "dataset", "model": "model"}.get(end.partition("/")[0], "any")


def users_of(version: AssetVersion, *, most: int = 50) -> list[dict[str, Any]]:
    """Return what used a version directly, newest first as its source tells them."""
    end, workspace = version.end, version.asset.workspace
    ends = list(dict.fromkeys(t for s, t, _ in _touching(workspace, {end}) if s == end))[:most]
    described = _describe(workspace, set(ends))
    return [_node(each, described.get(each, {}), end) for each in ends]
