"""Ending runs because somebody asked for it."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from officina.errors import StudioError
from studio.runs import live
from studio.runs.models import ENDED, Run, Status
from studio.runs.services.ending import after_end
from studio.workspaces import audit


def cancel_run(*, run: Run, user: Any = None, reason: str = "") -> Run:
    """Ask a run and all its steps to end; what waits ends at once, what works within 5 seconds."""
    if run.is_ended:
        raise StudioError(f"Run {run.name} has ended already: {run.status}.", code="conflict")
    said = reason or f"canceled by {user}"
    with transaction.atomic():
        _cancel(run, said)
        if user is not None:
            audit.record(
                workspace=run.workspace, actor=user, action="runs.cancel", target=f"run/{run.guid}"
            )
    run.refresh_from_db()
    return run


def _cancel(run: Run, reason: str, *, alone: bool = True) -> None:
    if run.kind == Run.PIPELINE:
        # First, as this locks its row: whoever moves it on now has begun its last steps, which are found below.
        run.move((Status.NOT_STARTED,), Status.RUNNING)
        run.move((Status.RUNNING,), Status.CANCEL_REQUESTED, reason=reason)
    for child in run.children.exclude(status__in=ENDED):
        _cancel(child, reason, alone=False)
    if run.kind == Run.PIPELINE:
        # `advance` ends it once the last step has ended.
        transaction.on_commit(lambda: _advance(run.pk))
    elif run.kind == Run.TRACKED:
        # Its client runs where the studio cannot reach it, so the mark is all there is.
        if run.move((Status.NOT_STARTED, Status.RUNNING), Status.CANCELED, reason=reason):
            after_end(run, alone=alone)
        return
    elif run.move((Status.NOT_STARTED, Status.QUEUED), Status.CANCELED, reason=reason):
        after_end(run, alone=alone)
        return
    else:
        run.move(
            (Status.PREPARING, Status.RUNNING, Status.FINALIZING),
            Status.CANCEL_REQUESTED,
            reason=reason,
        )
    transaction.on_commit(lambda: live.tell_run(run))


def _advance(pk: int) -> None:
    from studio.runs.services.advancing import advance

    advance(run_id=pk)
