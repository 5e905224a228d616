"""The Explore tab of a data asset: the page is a frame, and its parts are asked for apart."""

from __future__ import annotations

import json
from typing import Any

from officina import data
from officina.data.reading import tables_of
from officina.data.steps import declarations
from officina.errors import StudioError
from officina.storage import Tree
from registry import services
from registry.datastores import explore, prepare
from registry.models import Asset, AssetVersion
from registry.views.lists import missing
from studio.workspaces.models import Workspace

KEPT = "officina.preparation"


def explore_part(
    request: Any, workspace: Workspace, row: Asset, version: AssetVersion | None, tree: Tree
) -> dict[str, Any]:
    """Return what the Explore tab shows: the tables of the version, and a difference if asked."""
    if version is None:
        return {}
    names = tables_of(tree.files)
    if names:
        data.warm()
    file = request.GET.get("file", "")
    at: dict[str, Any] = {"workspace": workspace, "kind": row.kind, "name": row.name}
    others = services.versions(**at).exclude(pk=version.pk)[:100]
    found: dict[str, Any] = {
        "tables": names[:200],
        "file": file if file in names else (names[0] if names else ""),
        "others": others,
        "against": request.GET.get("against", ""),
        "key": request.GET.get("key", "").strip(),
    }
    if found["against"]:
        try:
            other = services.find(**at, version=found["against"], archived=True)
            # A file that the other version lacks is compared with its likeliest one.
            before = explore.table_of(other, file if file in explore.tables_in(other) else "")
            after = explore.table_of(version, found["file"])
            found["diff"] = _shown(explore.diff(before, after, found["key"]))
        except StudioError as error:
            found["diff_problem"] = error
    return found


def prepare_part(
    request: Any, workspace: Workspace, row: Asset, version: AssetVersion | None, tree: Tree
) -> dict[str, Any]:
    """Return what the Prepare tab shows: the tables of the version, and the kinds of steps."""
    if version is None:
        return {}
    names = tables_of(tree.files)
    file = request.GET.get("file", "")
    if names:
        data.warm()
    save, run = missing(request, "designer.write"), missing(request, "runs.submit")
    return {
        "tables": names[:200],
        "file": file if file in names else (names[0] if names else ""),
        "preparation": {
            "steps": declarations(),
            "kept": _kept(version),
            "name": row.name,
            "saveReason": save,
            "runReason": run or missing(request, "registry.write"),
        },
    }


def _kept(version: AssetVersion) -> Any:
    """Return the steps that made the version, where steps did."""
    try:
        found = json.loads(version.properties.get(KEPT) or "null")
        prepare.read(found)
    except (ValueError, StudioError):
        return None
    return found


def _shown(found: dict[str, Any]) -> dict[str, Any]:
    """Add which columns moved most, for the page."""
    rows = found.get("distributions") or []
    rows.sort(key=lambda each: -(each.get("shift") or 0))
    found["moved"] = rows[:50]
    return found
