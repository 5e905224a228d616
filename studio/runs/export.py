"""The history of runs as a workspace's archive carries it: documents, metrics, logs, files and lineage."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

from registry.models import StoredTree
from studio.runs.models import (
    Artifact,
    Experiment,
    LineageEdge,
    MetricSegment,
    MetricSeries,
    ModelWork,
    Run,
)
from studio.workspaces.models import Workspace

AT_ONCE = 500
TEXTS = (
    "name", "display_name", "description", "notes", "kind", "step", "status", "reason",
    "environment", "node",
)  # fmt: skip
VALUES = ("params", "tags", "inputs", "outputs", "document", "error", "git")
TIMES = ("created", "queued", "started", "ended")
SUMMARY = ("n", "last_step", "last_ts", "last_value", "last_word", "low", "high")
_TREE = re.compile(r"tree:([0-9a-f]{64})")


def count(workspace: Workspace) -> int:
    """Return how many runs there are."""
    return Run.objects.filter(workspace=workspace).count()


def experiment_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield the experiments, also those without a run."""
    names = ("name", "description", "tags", "archived")
    yield from Experiment.objects.filter(workspace=workspace).order_by("pk").values(*names)


def run_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield each run with its document, parameters, tags and the last value of each metric."""
    rows = Run.objects.filter(workspace=workspace).select_related("experiment", "owner", "parent")
    last = 0
    while chunk := list(rows.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        last = chunk[-1].pk
        for run in chunk:
            yield _row(run)


def _row(run: Run) -> dict[str, Any]:
    times = {name: getattr(run, name) for name in TIMES}
    return {
        "guid": run.guid,
        "experiment": run.experiment.name,
        "parent": run.parent.guid if run.parent else None,
        "owner": run.owner.email if run.owner else None,
        "archived": run.archived,
        "metrics": run.metrics,
        **{name: getattr(run, name) for name in (*TEXTS, *VALUES)},
        **{name: value.isoformat() if value else None for name, value in times.items()},
    }


def trees_of(run: Run) -> set[str]:
    """Return the digests that a run's document, inputs and outputs name."""
    return set(_TREE.findall(json.dumps([run.document, run.inputs, run.outputs])))


def metric_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield each series' summary, then its points, packed as they are stored."""
    series = MetricSeries.objects.filter(run__workspace=workspace).select_related("run")
    for each in series.order_by("pk").iterator(AT_ONCE):
        at = {"run": each.run.guid, "key": each.key}
        yield at | {name: getattr(each, name) for name in SUMMARY}
        segments = MetricSegment.objects.filter(series=each).order_by("first_step", "pk")
        for segment in segments.iterator(AT_ONCE):
            data = base64.b64encode(bytes(segment.data)).decode()
            yield at | {"first_step": segment.first_step, "points": segment.n, "data": data}


def artifact_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield the files that runs left, logs among them."""
    rows = Artifact.objects.filter(run__workspace=workspace).order_by("run_id", "path")
    names = ("run__guid", "path", "sha256", "size", "kind", "key")
    for guid, *rest in rows.values_list(*names).iterator(AT_ONCE):
        yield {"run": guid, **dict(zip(names[1:], rest, strict=True))}


def stored(workspace: Workspace) -> Iterator[tuple[str, str, int]]:
    """Yield the trees and files that runs name and the workspace still has."""
    for run in Run.objects.filter(workspace=workspace).order_by("pk").iterator(AT_ONCE):
        rows = StoredTree.objects.filter(workspace=workspace, digest__in=trees_of(run))
        for digest in rows.order_by("digest").values_list("digest", flat=True):
            yield "tree", digest, 0
    for row in artifact_rows(workspace):
        yield "blob", row["sha256"], row["size"]
    for work in work_rows(workspace):
        if tree := work["result"].get("tree"):
            yield "tree", tree, 0


def edge_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield the lineage edges."""
    rows = LineageEdge.objects.filter(workspace=workspace).order_by("pk")
    for source, target, label in rows.values_list("source", "target", "label").iterator():
        yield {"source": source, "target": target, "label": label}


def work_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield what was done with models: conversions, packages, profiles."""
    rows = ModelWork.objects.filter(version__asset__workspace=workspace, version__deleted=None)
    rows = rows.select_related("version__asset", "made__asset", "run").order_by("pk")
    for work in rows.iterator(AT_ONCE):
        yield {
            "model": [work.version.asset.name, work.version.version],
            "made": [work.made.asset.name, work.made.version] if work.made else None,
            "run": work.run.guid if work.run else None,
            "action": work.action,
            "options": work.options,
            "result": work.result,
            "created": work.created.isoformat(),
        }
