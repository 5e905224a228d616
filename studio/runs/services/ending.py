"""What follows the end of a run: news, the next steps, a free slot."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from studio.runs import live
from studio.runs.models import Run, Status
from studio.runs.services.named_outputs import register_outputs
from studio.runs.services.queueing import dispatch
from studio.workspaces import events
from studio.workspaces.models import ApiToken


def end_run(run: Run, old: str | tuple[str, ...], new: str, **changes: Any) -> bool:
    """Claim the end of a run; the winner tells whom it concerns, once."""
    with transaction.atomic(savepoint=False):
        if not run.move(old, new, **changes):
            return False
        after_end(run)
    return True


def after_end(run: Run, *, alone: bool = True) -> None:
    """Emit the run's events, close its token, move its pipeline on and fill its slot.

    Not `alone` is a waiting step that ends with its pipeline: it held no slot, and the pipeline
    is moved on once for all of them.
    """
    data = {"name": run.name, "status": run.status, "kind": run.kind, "step": run.step}
    events.emit(run.workspace, "RunStatusChanged", f"run/{run.guid}", data)
    if run.status == "Completed" and run.parent_id is None:
        # First the versions, then the news: who waits for the run finds them.
        register_outputs(run)
        events.emit(run.workspace, "RunCompleted", f"run/{run.guid}", data)
    ApiToken.objects.filter(user_id=run.owner_id, scope__run=run.guid).delete()
    transaction.on_commit(lambda: _follow_up(run) if alone else live.tell_run(run))


def _follow_up(run: Run) -> None:
    from studio.runs.services.advancing import advance

    live.tell_run(run)
    if run.parent_id is not None:
        advance(run_id=run.parent_id)
    if run.kind == Run.TRACKED:
        return
    for child in run.children.filter(kind=Run.TRACKED, status=Status.RUNNING):
        # What the ended job's own script had begun: nobody is left to report on it.
        end_run(child, Status.RUNNING, run.status)
    if run.kind != Run.PIPELINE:
        dispatch(pool=run.compute.pool if run.compute else "local")
