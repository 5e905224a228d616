"""Preparation of a version's table: steps tried on a sample, in a child process."""

from __future__ import annotations

from typing import Any

from officina import data
from officina.data import preparation
from officina.data.preparation import Prepared
from officina.errors import StudioError
from registry import services
from registry.datastores import explore
from registry.models import AssetVersion
from studio.workspaces.models import Workspace

ROWS = 1_000
# A pattern that never ends must not keep a child from others for long.
SECONDS = 30.0


def rehearse(
    *,
    version: AssetVersion,
    file: str,
    steps: list[Prepared],
    rows: int = ROWS,
    spread: bool = False,
    show: int = -1,
    window: tuple[int, int, int, int] = (0, 100, 0, 50),
) -> dict[str, Any]:
    """Return what the steps make of a sample of a version's table."""
    workspace = version.asset.workspace
    start, count, first, last = window
    last = min(last, first + 500)
    count = min(count, 1_000, explore.MOST_CELLS // max(1, last - first))
    found: dict[str, Any] = data.ask(
        "prepare", **explore.place(), table=_end(explore.table_of(version, file)),
        steps=[each.as_json() for each in steps],
        others={key: _end(table) for key, table in tables_beside(workspace, steps).items()},
        rows=rows, spread=spread, show=show, window=[start, count, first, last], timeout=SECONDS,
    )  # fmt: skip
    return found


def _end(table: explore.Table) -> dict[str, str]:
    return {"sha256": table.sha256, "name": table.name, "roles": table.roles}


def tables_beside(workspace: Workspace, steps: list[Prepared]) -> dict[str, explore.Table]:
    """Return the tables that steps take from other data assets, by their keys."""
    found = {}
    for index, prepared in enumerate(steps):
        if not prepared.data or prepared.disabled:
            continue
        given = prepared.params["data"]
        try:
            found[prepared.data] = explore.table_of(
                version_named(workspace, given), given.get("file", "")
            )
        except StudioError as error:
            error.where = f"steps.{index}.data"
            raise
    return found


def version_named(workspace: Workspace, given: dict[str, str]) -> AssetVersion:
    """Return the data asset's version that a step names; without one, the newest."""
    at: dict[str, Any] = {"workspace": workspace, "kind": "data", "name": given["name"]}
    if given.get("version"):
        return services.find(**at, version=given["version"], archived=True)
    return services.find(**at, label="latest")


def read(document: Any) -> list[Prepared]:
    """Return the cleaned steps of a request."""
    return preparation.read(document)


def attempt(*, steps: Any, **asked: Any) -> dict[str, Any]:
    """Rehearse steps of which the last ones may not be filled in yet; the first such tells so."""
    found, error = preparation.read_so_far(steps)
    answer = rehearse(steps=found, **asked)
    if error is not None and len(answer["steps"]) == len(found):
        answer["steps"].append({"summary": "", "notes": [], "error": error.as_json()})
    return answer
