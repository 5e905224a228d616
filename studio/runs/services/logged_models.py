"""Logged models and datasets: what tracking clients say that runs read and wrote."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from officina.errors import StudioError
from officina.storage import Blob, paths
from registry.models import StoredBlob
from studio.runs.models import Dataset, DatasetUse, Experiment, LoggedModel, LoggedModelUse, Run
from studio.workspaces.models import Workspace

PENDING, READY, FAILED = "LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"
STATUSES = {"1": PENDING, "2": READY, "3": FAILED} | {s: s for s in (PENDING, READY, FAILED)}
# A model that is logged about again and again keeps its newest metrics.
MOST_METRICS = 2_000
MOST_FILES = 20_000


def create_model(
    *, experiment: Experiment, run: Run | None, user: Any, name: str, model_type: str = "",
    params: Mapping[str, str] | None = None, tags: Mapping[str, str] | None = None,
) -> LoggedModel:  # fmt: skip
    """Begin a logged model; its files follow one by one."""
    return LoggedModel.objects.create(
        guid=f"m-{secrets.token_hex(16)}", experiment=experiment, run=run, owner=user, name=name,
        model_type=model_type, params=dict(params or {}), tags=dict(tags or {}),
    )  # fmt: skip


def find_model(*, workspace: Workspace, guid: str, deleted: bool = False) -> LoggedModel:
    """Return a logged model of the workspace; a deleted one only if asked for."""
    rows = LoggedModel.objects.select_related("experiment", "run", "owner")
    rows = rows.filter(guid=guid, experiment__workspace=workspace)
    row = rows.first() if deleted else rows.filter(deleted=None).first()
    if row is None:
        raise StudioError(f"Logged model with ID {guid[:80]!r} not found.", code="not_found")
    row.experiment.workspace = workspace
    return row


@transaction.atomic
def change_model(
    *, model: LoggedModel, status: str = "", message: str = "",
    params: Mapping[str, str] | None = None, tags: Mapping[str, str] | None = None,
    without: str = "",
) -> LoggedModel:  # fmt: skip
    """Change a logged model; parameters are set once, `without` takes a tag away."""
    row = LoggedModel.objects.select_for_update().get(pk=model.pk)
    if status:
        row.status, row.status_message = STATUSES[status], message[:5000]
    if params:
        row.params = {**dict(params), **row.params}
    if tags:
        row.tags = {**row.tags, **tags}
    if without:
        row.tags.pop(without, None)
    row.changed = timezone.now()
    row.save(update_fields=["status", "status_message", "params", "tags", "changed"])
    for name in ("status", "status_message", "params", "tags", "changed"):
        setattr(model, name, getattr(row, name))
    return model


def delete_model(*, model: LoggedModel) -> None:
    """Mark a logged model deleted; versions registered from it keep their own hold on the files."""
    model.deleted = timezone.now()
    model.save(update_fields=["deleted"])


@transaction.atomic
def add_file(*, model: LoggedModel, path: str, blob: Blob) -> None:
    """Record a stored file as the model's, counting the reference to its bytes."""
    name = paths.check_name(path)
    workspace = model.experiment.workspace_id
    StoredBlob.objects.bulk_create(
        [StoredBlob(workspace_id=workspace, sha256=blob.sha256, size=blob.size)],
        ignore_conflicts=True,
    )
    row = LoggedModel.objects.select_for_update().get(pk=model.pk)
    before = row.files.get(name)
    if before is None and len(row.files) >= MOST_FILES:
        raise StudioError(f"A model holds at most {MOST_FILES} files.", code="too_large")
    if before is None or before["sha256"] != blob.sha256:
        _count(workspace, [blob.sha256], 1)
        _count(workspace, [before["sha256"]] if before else [], -1)
    row.files[name] = {"sha256": blob.sha256, "size": blob.size}
    row.changed = timezone.now()
    row.save(update_fields=["files", "changed"])
    model.files = row.files


@transaction.atomic
def remove_files(*, model: LoggedModel, paths_gone: Iterable[str]) -> None:
    """Let go of files of a model."""
    row = LoggedModel.objects.select_for_update().get(pk=model.pk)
    for name in paths_gone:
        if entry := row.files.pop(name, None):
            _count(model.experiment.workspace_id, [entry["sha256"]], -1)
    row.save(update_fields=["files"])
    model.files = row.files


def _count(workspace_id: int, digests: list[str], step: int) -> None:
    StoredBlob.objects.filter(workspace_id=workspace_id, sha256__in=digests).update(
        references=F("references") + step
    )


@transaction.atomic
def add_metrics(*, workspace: Workspace, guid: str, metrics: list[dict[str, Any]]) -> None:
    """Note metrics that are about a model; an unknown model is no reason to lose the metrics."""
    rows = LoggedModel.objects.select_for_update()
    row = rows.filter(guid=guid, experiment__workspace=workspace).first()
    if row is None:
        return
    names = ("key", "dataset_name", "dataset_digest", "run_id")
    known = {tuple(each.get(name) for name in names): each for each in row.metrics}
    for each in metrics:
        place = tuple(each.get(name) for name in names)
        before = known.get(place)
        if before is None or _rank(each) >= _rank(before):
            known[place] = each
    row.metrics = list(known.values())[-MOST_METRICS:]
    row.save(update_fields=["metrics"])


def _rank(metric: dict[str, Any]) -> tuple[int, int]:
    return metric["step"], metric["timestamp"]


@transaction.atomic
def use_dataset(
    *, run: Run, name: str, digest: str, source_type: str, source: str, schema: str = "",
    profile: str = "", tags: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Say that a run read a dataset; what was first said about it stays."""
    row, _ = Dataset.objects.get_or_create(
        experiment=run.experiment, name=name, digest=digest,
        defaults={
            "source_type": source_type, "source": source, "schema": schema, "profile": profile
        },
    )  # fmt: skip
    tags = dict(tags or {})
    context = tags.get("mlflow.data.context", "")[:500]
    DatasetUse.objects.get_or_create(
        run=run, dataset=row, defaults={"tags": tags, "context": context}
    )


def use_model(*, run: Run, guid: str, way: str, step: int = 0) -> None:
    """Say that a run read (`in`) or wrote (`out`) a logged model."""
    model = find_model(workspace=run.workspace, guid=guid)
    LoggedModelUse.objects.get_or_create(run=run, model=model, way=way, defaults={"step": step})
