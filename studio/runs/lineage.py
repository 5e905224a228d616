"""What the registry's lineage graph learns from runs, and which runs depend on an asset."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, Value
from django.db.models.functions import Concat, Substr

from registry import lineage
from registry.models import AssetVersion
from registry.services import Dependent
from studio.runs.models import ENDED, LineageEdge, Run
from studio.workspaces.models import Workspace

MOST = 500


def edges(workspace: Workspace, ends: set[str]) -> Iterable[tuple[str, str, str]]:
    """Return the edges that begin or end at any of `ends`."""
    rows = LineageEdge.objects.filter(
        Q(source__in=ends) | Q(target__in=ends), workspace=workspace
    ).order_by("-pk")
    return rows.values_list("source", "target", "label")[:MOST]


def describe(workspace: Workspace, ends: set[str]) -> dict[str, lineage.Described]:
    """Return name, status and address of the runs among `ends`."""
    guids = [end.removeprefix("run/") for end in ends if end.startswith("run/")]
    found: dict[str, lineage.Described] = {
        f"run/{guid}": {"label": "a deleted run", "sub": guid[:8], "category": "script"}
        for guid in guids
    }
    for run in Run.objects.shown().filter(workspace=workspace, guid__in=guids):
        found[f"run/{run.guid}"] = {
            "label": run.title,
            "sub": f"{run.kind} run",
            "status": run.status,
            "url": f"/w/{workspace.name}/runs/{run.guid}/",
            "category": "script",
        }
    return found


def join(workspace: Workspace, source: str, target: str) -> None:
    """Keep an edge, once."""
    LineageEdge.objects.get_or_create(workspace=workspace, source=source, target=target, label="")


def renamed(workspace: Workspace, old: str, new: str) -> None:
    """Let edges follow a name: `old` and `new` are what the ends of its versions begin with."""
    for side in ("source", "target"):
        # Compared letter by letter: SQLite's LIKE takes `Churn` for `churn`.
        rows = LineageEdge.objects.filter(workspace=workspace).annotate(
            head=Substr(side, 1, len(old))
        )
        tail = Concat(Value(new), Substr(side, len(old) + 1))
        rows.filter(head=old).update(**{side: tail})


def dependents(version: AssetVersion) -> list[Dependent]:
    """Return the runs that used a version; one that has not ended would break without it."""
    workspace = version.asset.workspace
    targets = LineageEdge.objects.filter(workspace=workspace, source=version.end)
    guids = [
        end.removeprefix("run/")
        for end in targets.values_list("target", flat=True)[:MOST]
        if end.startswith("run/")
    ]
    runs = Run.objects.filter(workspace=workspace, guid__in=guids).order_by("-created")
    return [
        Dependent(
            kind="run",
            name=f"run {run.title} ({run.status})",
            url=f"/w/{workspace.name}/runs/{run.guid}/",
            blocks=run.status not in ENDED,
        )
        for run in runs
    ]
