"""Runs that a client reports: begun, written to in batches, ended, taken up again, deleted, restored."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from officina.errors import StudioError
from studio.lib.inserting import insert
from studio.lib.together import Together
from studio.runs import live, names
from studio.runs.models import ENDED, Experiment, Run, RunTag, Status
from studio.runs.services import points as storage
from studio.runs.services.creating import literals_of
from studio.runs.services.ending import after_end
from studio.runs.services.metrics import Point, by_key, check_rows
from studio.workspaces import audit
from studio.workspaces.models import Workspace

# MLflow's own limits; what is longer is cut, as its server does.
PARAM_LENGTH = 6000
TAG_LENGTH = 8000
LABEL_LENGTH = 500
TITLE_LENGTH = 255
# Of what many clients send at once: one is prepared here while another waits for the database.
TRANSACTIONS = 2


def begin_tracked(
    *,
    workspace: Workspace,
    experiment: Experiment,
    user: Any,
    title: str = "",
    started: datetime | None = None,
    tags: Mapping[str, str] | None = None,
    parent: Run | None = None,
) -> Run:
    """Begin a run that some client executes and reports on; it is running from now on."""
    name = f"{names.pair()}-{secrets.token_hex(4)}"
    run = Run(
        workspace=workspace,
        experiment=experiment,
        name=name,
        kind=Run.TRACKED,
        display_name=(title or name)[:TITLE_LENGTH],
        owner=user,
        status=Status.RUNNING,
        started=started or timezone.now(),
        tags={key[:250]: value[:TAG_LENGTH] for key, value in (tags or {}).items()},
        description=(tags or {}).get("mlflow.note.content", ""),
        git=_git(tags or {}),
    )
    if parent is not None and parent.kind != Run.PIPELINE:
        run.parent, run.root = parent, parent.root or parent
        # A step's name is unique below its parent; these have none.
        run.step = run.guid
    _begin_together(run)
    return run


def _begin_all(runs: Sequence[Run]) -> Sequence[None]:
    """Store the runs that several callers begin."""
    with storage.writing():
        for run in runs:
            insert(run)
            if run.tags:
                _label(run)
            audit.record(
                workspace=run.workspace,
                actor=run.owner,
                action="runs.track",
                target=f"run/{run.guid}",
            )
            # Committed is committed: news that cannot be told must not look like a write that failed.
            transaction.on_commit(partial(live.tell_new, run), robust=True)
    return [None] * len(runs)


_begin_together = Together(_begin_all, at_once=TRANSACTIONS)


def _label(run: Run) -> None:
    RunTag.objects.bulk_create(
        [RunTag(run=run, kind="tag", key=k, value=v[:LABEL_LENGTH]) for k, v in run.tags.items()]
    )


def _git(tags: Mapping[str, str]) -> dict[str, Any] | None:
    commit = tags.get("mlflow.source.git.commit")
    return (
        {"commit": commit, "branch": tags.get("mlflow.source.git.branch", "")} if commit else None
    )


def environment_of(run: Run, secret: str) -> dict[str, str]:
    """Return what lets `mlflow.log_metric` in a job's script reach the job's own run.

    A job that names another tracking server gets nothing of ours: its run's token is not for others.
    """
    wanted = run.document.get("environmentVariables") or {}
    if "MLFLOW_TRACKING_URI" in wanted:
        return {}
    ours = {
        "MLFLOW_TRACKING_URI": f"{settings.INTERNAL_URL}/mlflow/{run.workspace.name}",
        "MLFLOW_TRACKING_TOKEN": secret,
        "MLFLOW_EXPERIMENT_NAME": run.experiment.name,
        "MLFLOW_RUN_ID": run.guid,
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    return {name: value for name, value in ours.items() if name not in wanted}


def report_status(*, run: Run, status: str, ended: datetime | None = None) -> bool:
    """Move a tracked run as its client says; False for a job's run, which its worker ends."""
    if run.kind != Run.TRACKED:
        return False
    changes: dict[str, Any] = {} if ended is None else {"ended": ended}
    with transaction.atomic():
        if run.status == status:
            if changes:
                run.touch(**changes)
            return True
        if status not in ENDED:
            changes = {"ended": None, **changes}
        if not run.move(run.status, status, **changes):
            run.refresh_from_db(fields=["status", "ended"])
            return run.status == status
        if status in ENDED:
            after_end(run)
        else:
            transaction.on_commit(lambda: live.tell_run(run))
    return True


def log_batch(
    *,
    run: Run,
    points: Sequence[Point] = (),
    rows: storage.Rows | None = None,
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Store metrics, parameters and tags of a run, all or nothing.

    A parameter never changes: the same value again is fine, another one is refused. What a job was
    given as an input counts as not logged yet.
    """
    rows = by_key(points) if rows is None else rows
    if not params and not tags:
        log_rows(guid=run.guid, workspace_id=run.workspace_id, rows=rows)
        return
    check_rows(rows)
    with storage.writing():
        found = Run.objects.select_for_update().defer("document", "key_parts", "cursor")
        locked = found.order_by().get(pk=run.pk)
        changes: dict[str, Any] = {}
        labels: list[RunTag] = []
        if params:
            new = _new_params(locked, params)
            changes["params"] = {**locked.params, **new}
            labels += _labels(locked, "param", new.items())
        if tags:
            short = {key: value[:TAG_LENGTH] for key, value in tags.items()}
            changes["tags"] = {**locked.tags, **short}
            labels += _labels(locked, "tag", short.items())
            if "mlflow.runName" in short:
                changes["display_name"] = short["mlflow.runName"][:TITLE_LENGTH]
            if "mlflow.note.content" in short:
                changes["description"] = short["mlflow.note.content"]
        latest = storage.store({locked.pk: rows})[locked.pk] if rows else {}
        if latest:
            changes["metrics"] = {**locked.metrics, **latest}
        if labels:
            RunTag.objects.bulk_create(
                labels, update_conflicts=True, unique_fields=["run", "kind", "key"],
                update_fields=["value"],
            )  # fmt: skip
        if changes:
            locked.touch(**changes)
        if latest:
            root = locked.root.guid if locked.root else None
            transaction.on_commit(lambda: live.tell_metrics(locked.guid, root, latest))
        transaction.on_commit(lambda: live.tell_run(locked))


def log_rows(*, guid: str, workspace_id: int, rows: storage.Rows) -> None:
    """Store metrics of a run, which must be there and not deleted."""
    check_rows(rows)
    entry = _Logged(guid, workspace_id, rows)
    if _log_together(entry):
        return
    with storage.writing():
        run = storage.lock_runs([guid]).get(guid)
        if run is None or run.workspace_id != workspace_id:
            raise StudioError(f"Run with id={guid[:300]} not found", code="not_found")
        if run.deleted is not None:
            raise StudioError(
                f"The run {guid} must be in the 'active' state. Current state is deleted."
            )
        _write([(run, rows)])


class _Logged(NamedTuple):
    guid: str
    workspace_id: int
    rows: storage.Rows


def _log_all(entries: Sequence[_Logged]) -> list[bool]:
    """Store metrics of several callers; False for each that has to see for itself what its run's matter is."""
    with storage.writing():
        runs = storage.lock_runs({entry.guid for entry in entries}, wait=False)
        joined: dict[str, dict[str, list[storage.Row]]] = {}
        taken = []
        for entry in entries:
            run = runs.get(entry.guid)
            taken.append(
                run is not None and run.workspace_id == entry.workspace_id and run.deleted is None
            )
            if taken[-1]:
                of_run = joined.setdefault(entry.guid, {})
                for key, rows in entry.rows.items():
                    of_run.setdefault(key, []).extend(rows)
        _write([(runs[guid], rows) for guid, rows in joined.items() if rows])
    return taken


_log_together = Together(_log_all, at_once=TRANSACTIONS)


def _write(given: Sequence[tuple[storage.LockedRun, storage.Rows]]) -> None:
    """Store metrics of locked runs, and tell who looks at them."""
    if not given:
        return
    storage.write(given)
    for run, rows in given:
        latest = {key: run.metrics[key] for key in rows}
        told = partial(live.tell_metrics, run.guid, run.root_guid, latest)
        transaction.on_commit(told, robust=True)


def _new_params(run: Run, params: Mapping[str, str]) -> dict[str, str]:
    new = {}
    inputs: dict[str, Any] | None = None
    for key, value in params.items():
        value = value[:PARAM_LENGTH]
        known = run.params.get(key)
        if key in run.params and str(known) == value:
            continue
        if key in run.params:
            inputs = literals_of(run.document) if inputs is None else inputs
            if key not in inputs or inputs[key] != known:
                raise StudioError(
                    f"Changing param values is not allowed. Param with key={key!r} was already "
                    f"logged with value={str(known)!r} for run ID={run.guid!r}. "
                    f"Attempted logging new value {value!r}.",
                    where=key,
                )
        new[key] = value
    return new


def _labels(run: Run, kind: str, items: Iterable[tuple[str, str]]) -> list[RunTag]:
    return [RunTag(run=run, kind=kind, key=k, value=v[:LABEL_LENGTH]) for k, v in items]


@transaction.atomic
def delete_tag(*, run: Run, key: str) -> bool:
    """Take a tag away; False when it is not there."""
    locked = Run.objects.select_for_update().get(pk=run.pk)
    if key not in locked.tags:
        return False
    tags = {k: v for k, v in locked.tags.items() if k != key}
    locked.touch(tags=tags)
    RunTag.objects.filter(run=locked, kind="tag", key=key).delete()
    return True


@transaction.atomic
def set_deleted(*, run: Run, deleted: bool, user: Any) -> None:
    """Mark a run deleted, or bring it back; nothing of it is lost either way."""
    moment = timezone.now() if deleted else None
    if (run.deleted is not None) == deleted:
        return
    run.touch(deleted=moment)
    audit.record(
        workspace=run.workspace, actor=user, action="runs.delete" if deleted else "runs.restore",
        target=f"run/{run.guid}",
    )  # fmt: skip
    transaction.on_commit(lambda: live.tell_run(run))
