"""The history of runs as a workspace's archive carries it: one line a run, without logs and files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.runs.models import LineageEdge, MetricSeries, Run
from studio.workspaces.models import Workspace

AT_ONCE = 500


def run_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield each run with its document, parameters, tags and the last value of each metric."""
    rows = Run.objects.filter(workspace=workspace).select_related("experiment", "owner", "parent")
    last = 0
    while chunk := list(rows.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        last = chunk[-1].pk
        metrics: dict[int, dict[str, Any]] = {}
        series = MetricSeries.objects.filter(run__in=chunk)
        for run_id, key, value in series.values_list("run_id", "key", "last_value"):
            metrics.setdefault(run_id, {})[key] = value
        for run in chunk:
            yield _row(run, metrics.get(run.pk, {}))


def _row(run: Run, metrics: dict[str, Any]) -> dict[str, Any]:
    times = {name: getattr(run, name) for name in ("created", "started", "ended")}
    return {
        "guid": run.guid,
        "name": run.name,
        "display_name": run.display_name,
        "kind": run.kind,
        "experiment": run.experiment.name,
        "parent": run.parent.guid if run.parent else None,
        "owner": run.owner.email if run.owner else None,
        "status": run.status,
        "params": run.params,
        "tags": run.tags,
        "metrics": metrics,
        "document": run.document,
        **{name: value.isoformat() if value else None for name, value in times.items()},
    }


def edge_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield the lineage edges."""
    rows = LineageEdge.objects.filter(workspace=workspace).order_by("pk")
    for source, target, label in rows.values_list("source", "target", "label").iterator():
        yield {"source": source, "target": target, "label": label}
