"""The run calls: create, get, update, delete, restore, search."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q

from studio.facades.mlflow import paging, reading, rundata, searching
from studio.facades.mlflow.callers import Caller, check_number, is_number, runs_of_job
from studio.facades.mlflow.grammar import parse_filter, parse_order
from studio.facades.mlflow.languages import RUNS
from studio.facades.mlflow.wire import (
    ABSENT,
    Message,
    Refusal,
    bad,
    millis,
    moment_of,
    pairs,
    tags_of,
    without_none,
)
from studio.runs.models import ENDED, Experiment, Run, Status
from studio.runs.services import tracking

WORDS_OF_STATUS = {
    "RUNNING": "Running",
    "SCHEDULED": "NotStarted",
    "FINISHED": "Completed",
    "FAILED": "Failed",
    "KILLED": "Canceled",
}
NUMBERED = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}


def info(caller: Caller, run: Run) -> dict[str, Any]:
    """Return a run's facts as MLflow shows them."""
    experiment = caller.experiment_id(run.experiment)
    return without_none(
        run_id=run.guid,
        run_uuid=run.guid,
        run_name=run.title,
        experiment_id=experiment,
        user_id=run.owner.email,
        status=searching.WORD_OF[Status(run.status)],
        start_time=millis(run.started or run.created),
        end_time=millis(run.ended) if run.status in ENDED else None,
        artifact_uri=f"mlflow-artifacts:/{experiment}/{run.guid}/artifacts",
        lifecycle_stage="active" if run.deleted is None else "deleted",
    )


def tags_shown(run: Run) -> dict[str, str]:
    """Return a run's tags with those that MLflow expects of every run."""
    tags = {**run.tags, "mlflow.runName": run.title}
    if run.parent is not None:
        tags.setdefault("mlflow.parentRunId", run.parent.guid)
    tags.setdefault("mlflow.user", run.owner.email)
    if run.kind != Run.TRACKED:
        tags.setdefault("mlflow.source.type", "JOB")
        tags.setdefault("mlflow.source.name", run.name)
    if run.description:
        tags.setdefault("mlflow.note.content", run.description)
    return tags


def _run_id(message: Message) -> str:
    return (
        message.text("run_id") or message.text("run_uuid") or message.text("run_id", required=True)
    )


def create(caller: Caller, message: Message) -> dict[str, Any]:
    experiment = caller.experiment_of_new_runs(message.text("experiment_id") or "0")
    if experiment.archived:
        raise Refusal(
            f"The experiment {caller.experiment_id(experiment)} must be in the 'active' state. "
            "Current state is deleted."
        )
    tags = tags_of(message.messages("tags"))
    name, tagged = message.text("run_name"), tags.get("mlflow.runName", "")
    if name and tagged and name != tagged:
        raise Refusal(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with "
            f"different values (run_name={name[:200]!r}, mlflow.runName={tagged[:200]!r})."
        )
    started = message.integer("start_time")
    # Whatever a job's script begins belongs to the job.
    parent = caller.job
    if wanted := tags.get("mlflow.parentRunId"):
        try:
            parent = caller.find_run(wanted, wide=False)
        except Refusal as refusal:
            # A run that was copied from another server still names its parent there.
            if refusal.name != ABSENT:
                raise
    run = tracking.begin_tracked(
        workspace=caller.workspace, experiment=experiment, user=caller.user, title=name or tagged,
        started=None if started is None else moment_of(_checked(started, "start_time"), "start_time"),
        tags=tags, parent=parent,
    )  # fmt: skip
    return {
        "run": {
            "info": info(caller, run),
            "data": {"tags": pairs(tags_shown(run))},
            "inputs": {},
        }
    }


def _checked(value: int, name: str) -> int:
    if value < 0:
        raise bad(value, name)
    return value


def get(caller: Caller, message: Message) -> dict[str, Any]:
    run = caller.find_run(_run_id(message), wide=False)
    return {"run": reading.shown([run.pk])[0]}


def update(caller: Caller, message: Message) -> dict[str, Any]:
    run = caller.find_run(_run_id(message), alive=True, wide=False)
    if message.has("run_name") and (name := message.text("run_name")):
        tracking.log_batch(run=run, tags={"mlflow.runName": name})
        run.display_name = name[: tracking.TITLE_LENGTH]
        run.tags = {**run.tags, "mlflow.runName": name}
    ended = message.integer("end_time")
    moment = None if ended is None else moment_of(_checked(ended, "end_time"), "end_time")
    if message.has("status"):
        raw = str(message.raw("status"))
        word = NUMBERED.get(raw, raw.upper())
        if word not in WORDS_OF_STATUS:
            raise bad(raw, "status")
        tracking.report_status(run=run, status=WORDS_OF_STATUS[word], ended=moment)
    elif moment is not None and run.kind == Run.TRACKED:
        run.touch(ended=moment)
    return {"run_info": info(caller, run)}


def delete(caller: Caller, message: Message) -> dict[str, Any]:
    caller.people_only()
    run = caller.find_run(_run_id(message), wide=False)
    if run.kind != Run.TRACKED and run.status not in ENDED:
        raise Refusal(
            f"The job {run.name} is still {run.status}: cancel it first.", "INVALID_STATE"
        )
    tracking.set_deleted(run=run, deleted=True, user=caller.user)
    return {}


def restore(caller: Caller, message: Message) -> dict[str, Any]:
    caller.people_only()
    run = caller.find_run(_run_id(message), wide=False)
    tracking.set_deleted(run=run, deleted=False, user=caller.user)
    return {}


def experiments_named(caller: Caller, idents: list[str]) -> list[int]:
    """Return the keys of the experiments that a search names; unknown ones find nothing."""
    found: list[int] = []
    for ident in idents:
        if ident == "0":
            rows = Experiment.objects.filter(workspace=caller.workspace, name="Default")
            found += rows.values_list("pk", flat=True)
        else:
            check_number(ident)
            if is_number(ident):
                found.append(int(ident))
    return found


def search(caller: Caller, message: Message) -> dict[str, Any]:
    view = message.raw("run_view_type") or message.raw("view_type")
    statement = _statement(
        connection.vendor, caller.workspace.pk, caller.job and caller.job.pk,
        tuple(experiments_named(caller, message.texts("experiment_ids"))),
        message.text("filter"), tuple(message.texts("order_by")), str(view or ""),
    )  # fmt: skip
    limit = paging.limit_of(message, default=1000, most=paging.MOST_RUNS)
    offset = paging.offset_of(message)
    keys: list[int] = []
    if statement is not None:
        sql, values = statement
        with connection.cursor() as cursor:
            cursor.execute(f"{sql} LIMIT {limit + 1:d} OFFSET {offset:d}", values)
            keys = [row[0] for row in cursor.fetchall()]
    more = {"next_page_token": paging.token_at(offset + limit)} if len(keys) > limit else {}
    return {"runs": reading.shown(keys[:limit]), **more}


@lru_cache(maxsize=512)
def _statement(
    _vendor: str, workspace: int, job: int | None, experiments: tuple[int, ...],
    text: str, order_by: tuple[str, ...], view: str,
) -> tuple[str, tuple[Any, ...]] | None:  # fmt: skip
    """Return the statement that finds the keys of the runs asked for, or None when there can be none.

    The page is chosen by key alone: sorting must not carry the runs' wide columns along. Clients ask the same again
    and again, and to write the statement takes longer than to run it.
    """
    condition = Q()
    for clause in parse_filter(text, RUNS):
        condition &= searching.run_condition(clause)
    orders = parse_order(list(order_by), RUNS)
    rows = Run.objects.filter(
        runs_of_job(job), searching.view_condition(view), condition,
        workspace=workspace, experiment__in=experiments,
    )  # fmt: skip
    try:
        found: tuple[str, tuple[Any, ...]] = (
            searching.ordered_runs(rows, orders)
            .values_list("pk", flat=True)
            .query.sql_with_params()
        )
    except EmptyResultSet:
        return None
    return found


def get_history(caller: Caller, message: Message) -> dict[str, Any]:
    run = caller.find_run(_run_id(message), wide=False)
    key = message.text("metric_key", required=True)
    return rundata.history(run, key, message)


def get_history_bulk(caller: Caller, message: Message) -> dict[str, Any]:
    """Answer the points of one metric of several runs, thinned; MLflow's own page asks for this."""
    key = message.text("metric_key", required=True)
    guids = message.texts("run_ids") or message.texts("run_id")
    if not 1 <= len(guids) <= 100:
        raise Refusal("GetMetricHistoryBulk needs 1 to 100 run IDs.")
    most = min(message.integer("max_results", 2500), 25_000)
    points = []
    for guid in guids:
        run = caller.find_run(guid, wide=False)
        for row in rundata.thinned(run, key, most):
            points.append({"run_id": guid, **row})
    return {"metrics": points}
