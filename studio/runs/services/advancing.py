"""Moving a pipeline on: which steps start, which are reused, and when it ends."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from officina import planning
from officina.errors import StudioError
from registry import services as registry
from studio.runs import live
from studio.runs.models import ENDED, Run, Status
from studio.runs.services.ending import end_run
from studio.runs.services.steps import StepStart

# Wide columns that moving on does not look at; a pipeline may have a thousand steps.
WIDE = (
    "document", "key_parts", "params", "tags", "inputs", "outputs", "metrics", "git", "cursor",
    "error", "description", "notes",
)  # fmt: skip


def advance(*, run_id: int) -> None:
    """Start what is ready and end what is done; safe to call at any time, by anyone."""
    with transaction.atomic():
        run = Run.objects.select_for_update().select_related("workspace").get(pk=run_id)
        if run.is_ended or run.kind != Run.PIPELINE:
            return
        if run.status == Status.NOT_STARTED and run.move(
            Status.NOT_STARTED, Status.RUNNING, reason=""
        ):
            transaction.on_commit(lambda: live.tell_run(run))
        statuses = dict(run.children.values_list("step", "status"))
        if run.status == Status.RUNNING:
            statuses |= StepStart(run, statuses).start()
        if any(status not in ENDED for status in statuses.values()) and not _is_stopped(
            run, statuses
        ):
            _tell_progress(run, statuses)
            return
        rows = run.children.select_related("workspace", "compute").defer(*WIDE)
        _end_if_done(run, {child.step: child for child in rows})


def _is_stopped(run: Run, statuses: dict[str, str]) -> bool:
    """Return whether a failed step ends the others."""
    options = run.document.get("settings") or {}
    return (
        run.status == Status.RUNNING
        and Status.FAILED in statuses.values()
        and not options.get("continue_on_step_failure")
    )


def results_of(run: Run) -> Run:
    """Return the run whose metrics and files a run shows: its own, or those it reuses."""
    return run.reused_from or run


def _end_if_done(run: Run, children: dict[str, Run]) -> None:
    statuses = {step: child.status for step, child in children.items()}
    failed = [child for child in children.values() if child.status == Status.FAILED]
    if _is_stopped(run, statuses):
        _stop_others(run, children, failed[0])
    if any(child.status not in ENDED for child in children.values()):
        _tell_progress(run, statuses)
        return
    if run.status == Status.CANCEL_REQUESTED:
        end_run(run, Status.CANCEL_REQUESTED, Status.CANCELED)
    elif failed:
        first = failed[0]
        names = ", ".join(child.step for child in failed)
        error = StudioError(
            f"{len(failed)} of {len(children)} steps failed: {names}.",
            where=f"jobs.{first.step}",
            hint=(first.error or {}).get("message") or first.reason,
            code="failed",
        )
        end_run(
            run, Status.RUNNING, Status.FAILED, error=error.as_json(), reason=error.message[:500]
        )
    elif any(child.status == Status.CANCELED for child in children.values()):
        end_run(run, Status.RUNNING, Status.CANCELED, reason="a step was canceled")
    elif len(children) == len(planning.steps_of(run.document)):
        outputs = _pipeline_outputs(run, children)
        said = f"{len(children)} of {len(children)} steps done"
        end_run(
            run, Status.RUNNING, Status.COMPLETED,
            outputs=outputs, progress=1.0, progress_text=said, reason="",
        )  # fmt: skip


def _stop_others(run: Run, children: dict[str, Run], failed: Run) -> None:
    from studio.runs.services.canceling import cancel_run

    for child in children.values():
        if not child.is_ended and child.status != Status.CANCEL_REQUESTED:
            cancel_run(run=child, reason=f"step {failed.step} failed")


def _tell_progress(run: Run, statuses: dict[str, str]) -> None:
    total = len(planning.steps_of(run.document))
    done = sum(status in ENDED for status in statuses.values())
    if total and run.progress != done / total:
        run.touch(progress=done / total, progress_text=f"{done} of {total} steps done")
        transaction.on_commit(lambda: live.tell_run(run))


def _pipeline_outputs(run: Run, children: dict[str, Run]) -> dict[str, Any]:
    """Return what the pipeline's own outputs are bound to."""
    outputs: dict[str, Any] = {}
    for step, port, name in planning.output_bindings(run.document):
        if step in children and port in children[step].outputs:
            output = children[step].outputs[port]
            registry.hold_tree(workspace=run.workspace, digest=output["uri"].removeprefix("tree:"))
            outputs[name] = output
    return outputs
