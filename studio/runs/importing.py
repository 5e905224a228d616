"""Runs of an archive on their way into a workspace: history to look at, never work to do."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

from django.db import transaction
from django.utils import timezone

from officina.errors import StudioError
from officina.storage import Entry, paths
from officina.storage.trees import check_digest
from registry import services as registry
from registry.archive import Arrival, moment
from registry.models import AssetVersion
from studio.runs.export import SUMMARY, TEXTS, TIMES, VALUES, trees_of
from studio.runs.models import (
    ENDED,
    Artifact,
    Experiment,
    LineageEdge,
    MetricSegment,
    MetricSeries,
    ModelWork,
    Run,
    Status,
)
from studio.runs.modelwork.keeping import KEEP
from studio.runs.services.artifacts import add_artifact
from studio.runs.services.creating import NAME, label_run
from studio.workspaces.models import Workspace

KINDS = ("file", "image", "table", "confusion_matrix", "roc", "log")
POINT_BYTES = 24
_GUID = re.compile(r"[0-9a-f]{32}\Z")


def check_guid(guid: str) -> str:
    """Return a run's guid; refuse what is none."""
    if not _GUID.match(guid):
        raise StudioError(f"{guid[:40]!r} is no run.", where="runs")
    return guid


def guid_in(workspace: Workspace, guid: str) -> str:
    """Return the guid of an imported run: its own, or one made of it where another workspace has that."""
    if Run.objects.filter(guid=guid).exclude(workspace=workspace).exists():
        return derived_guid(workspace, guid)
    return guid


def derived_guid(workspace: Workspace, guid: str) -> str:
    """Return the guid that a workspace gives to what came with one that is taken elsewhere."""
    return hashlib.sha256(f"{workspace.guid}/{guid}".encode()).hexdigest()[:32]


def import_experiment(arrival: Arrival, row: dict[str, Any]) -> None:
    """Take in an experiment; one of that name stays as it is."""
    name, tags = _text(row, "name")[:255], row.get("tags")
    if name and arrival.confirm:
        Experiment.objects.get_or_create(
            workspace=arrival.workspace, name=name,
            defaults={
                "description": _text(row, "description"),
                "tags": {str(k): str(v) for k, v in tags.items()} if isinstance(tags, dict) else {},
                "archived": row.get("archived") is True,
            },
        )  # fmt: skip


def import_run(arrival: Arrival, row: dict[str, Any]) -> None:
    """Take in one run; what had not ended when the archive was made is shown as canceled."""
    old = check_guid(str(row.get("guid") or ""))
    guid, name = guid_in(arrival.workspace, old), _text(row, "name")
    if not NAME.match(name):
        raise StudioError(f"{name[:80]!r} cannot name a job.", where="runs")
    known = Run.objects.filter(workspace=arrival.workspace, name=name).first()
    if known is not None:
        arrival.note("skipped" if known.guid == guid else "conflicts", f"run/{name}")
        return
    if Run.objects.filter(workspace=arrival.workspace, guid=guid).exists():
        arrival.note("conflicts", f"run/{name}")
        return
    run = _run_of(arrival, row, guid)
    trees = [arrival.tree(digest) for digest in sorted(trees_of(run)) if arrival.has_tree(digest)]
    if arrival.confirm:
        for tree in trees:
            arrival.store_tree(tree)
        with transaction.atomic():
            run.experiment, _ = Experiment.objects.get_or_create(
                workspace=arrival.workspace, name=str(row.get("experiment") or "Default")[:255]
            )
            run.save()
            label_run(run)
            if guid != old:
                made = AssetVersion.objects.filter(asset__workspace=arrival.workspace, run_guid=old)
                made.update(run_guid=guid)
            for tree in trees:
                registry.hold_tree(workspace=arrival.workspace, digest=tree.digest)
    arrival.note("imported", f"run/{name}")


def _run_of(arrival: Arrival, row: dict[str, Any], guid: str) -> Run:
    run = Run(workspace=arrival.workspace, guid=guid, archived=row.get("archived") is True)
    for name in TEXTS:
        limit = getattr(Run._meta.get_field(name), "max_length", None)
        setattr(run, name, _text(row, name)[:limit])
    for name in VALUES:
        value = row.get(name)
        if isinstance(value, dict):
            setattr(run, name, value)
    for name in TIMES:
        setattr(run, name, moment(row.get(name)))
    run.created = run.created or timezone.now()
    if run.status not in ENDED:
        was = run.status[:20]
        run.status, run.reason = Status.CANCELED, f"it was {was or 'unknown'} when it was exported"
        run.ended = run.ended or run.created
    metrics = row.get("metrics")
    run.metrics = {str(k)[:250]: v for k, v in metrics.items()} if isinstance(metrics, dict) else {}
    parent = row.get("parent")
    if isinstance(parent, str):
        found = _find(arrival.workspace, parent)
        run.parent, run.root = found, (found.root or found) if found else None
    run.owner = arrival.person(row.get("owner"))
    return run


def import_metric(arrival: Arrival, row: dict[str, Any]) -> None:
    """Take in a series' summary or one piece of its points; what is there stays."""
    run = _find(arrival.workspace, str(row.get("run") or ""))
    if run is None or not arrival.confirm:
        return
    key = _text(row, "key")[:250]
    if "data" not in row:
        if not MetricSeries.objects.filter(run=run, key=key).exists():
            MetricSeries.objects.create(run=run, key=key, **_summary(row))
        return
    series = MetricSeries.objects.filter(run=run, key=key).first()
    data, count = _bytes(row.get("data")), _whole(row.get("points"))
    if series is None or len(data) != POINT_BYTES * count or not data:
        raise StudioError("A piece of a metric does not fit what it says.", where="metrics")
    first = _whole(row.get("first_step"))
    MetricSegment.objects.get_or_create(series=series, first_step=first, n=count, data=data)


def _summary(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in SUMMARY:
        value = row.get(name)
        if name == "last_word":
            found[name] = str(value or "")[:9]
        elif name in {"n", "last_step"}:
            found[name] = _whole(value)
        else:
            found[name] = float(value) if isinstance(value, int | float) else None
    found["last_ts"] = found["last_ts"] or 0.0
    return found


def import_artifact(arrival: Arrival, row: dict[str, Any]) -> None:
    """Take in a file that a run left; a name that the run has already stays as it is."""
    path, sha256 = paths.check_name(_text(row, "path")), check_digest(_text(row, "sha256"))
    size = _whole(row.get("size"))
    arrival.check_blob(sha256, size)
    run = _find(arrival.workspace, str(row.get("run") or ""))
    if run is None or not arrival.confirm or Artifact.objects.filter(run=run, path=path).exists():
        return
    if registry.missing_blobs(workspace=arrival.workspace, files={path: Entry(sha256, size)}):
        arrival.store_blob(sha256, size)
    kind = row.get("kind") if row.get("kind") in KINDS else "file"
    add_artifact(
        run=run, path=path, sha256=sha256, size=size, kind=str(kind), key=_text(row, "key")[:250]
    )
    arrival.report["bytes"] += size


def import_edge(arrival: Arrival, row: dict[str, Any]) -> None:
    """Take in one edge of the lineage."""
    if not arrival.confirm:
        return
    LineageEdge.objects.get_or_create(
        workspace=arrival.workspace,
        source=_end(arrival.workspace, _text(row, "source")),
        target=_end(arrival.workspace, _text(row, "target")),
        label=_text(row, "label")[:250],
    )


def import_work(arrival: Arrival, row: dict[str, Any]) -> None:
    """Take in what was done with a model, with its packages; what is there stays."""
    version, created = _model(arrival.workspace, row.get("model")), moment(row.get("created"))
    action, options, result = (row.get(name) for name in ("action", "options", "result"))
    if action not in KEEP or not isinstance(options, dict) or not isinstance(result, dict):
        raise StudioError("A line tells of no work on a model.", where="model_work")
    if version is None or created is None or not arrival.confirm:
        return
    if ModelWork.objects.filter(version=version, action=action, created=created).exists():
        return
    digest = result.get("tree")
    tree = arrival.tree(str(digest)) if digest else None
    if tree is not None:
        arrival.store_tree(tree)
    with transaction.atomic():
        run = _find(arrival.workspace, str(row.get("run") or ""))
        work = ModelWork.objects.create(
            version=version, action=action, options=options, result=result,
            made=_model(arrival.workspace, row.get("made")),
            run=run if run and not ModelWork.objects.filter(run=run).exists() else None,
        )  # fmt: skip
        ModelWork.objects.filter(pk=work.pk).update(created=created)
        if tree is not None:
            registry.hold_tree(workspace=arrival.workspace, digest=tree.digest)


def _model(workspace: Workspace, named: Any) -> AssetVersion | None:
    if not isinstance(named, list) or len(named) != 2:
        return None
    rows = AssetVersion.objects.filter(
        asset__workspace=workspace, asset__kind="model", deleted=None
    )
    return rows.filter(asset__name=str(named[0]), version=str(named[1])).first()


def _end(workspace: Workspace, end: str) -> str:
    if end.startswith("run/"):
        return "run/" + guid_in(workspace, check_guid(end.removeprefix("run/")))
    return end[:400]


def _find(workspace: Workspace, guid: str) -> Run | None:
    wanted = guid_in(workspace, guid)
    return Run.objects.filter(workspace=workspace, guid=wanted).select_related("root").first()


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise StudioError("A count in the archive is no number.", where="archive")
    return value


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(str(value or ""), validate=True)
    except binascii.Error:
        return b""
