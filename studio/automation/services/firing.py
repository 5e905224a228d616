"""Firing schedules: each due time once, however many beats look, and at most one after a pause."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from officina.errors import StudioError
from studio.automation import actions, timing
from studio.automation.models import Firing, Schedule
from studio.runs.models import Run
from studio.workspaces import audit, events

log = logging.getLogger(__name__)
TAG = "schedule"
AT_ONCE = 50
# A start that has said nothing for so long died with its process.
LOST_AFTER = dt.timedelta(minutes=10)


def fire_due(*, now: dt.datetime | None = None) -> int:
    """Fire the schedules that are due, and tell of starts that were lost; return how many fired."""
    now = now or timezone.now()
    rows = Schedule.objects.due(now).select_related("workspace", "owner")
    fired = 0
    for schedule in rows.order_by("next_run_at")[:AT_ONCE]:
        firing = claim(schedule, now=now)
        if firing is not None:
            carry_out(firing)
            fired += 1
    _tell_lost(now)
    return fired


def claim(schedule: Schedule, *, now: dt.datetime) -> Firing | None:
    """Take a due time for oneself; None when somebody else has it.

    Of the times that passed meanwhile the latest fires, and its row says how many did not.
    """
    due = schedule.next_run_at
    if due is None:
        return None
    times = timing.passed(schedule.trigger, due, now, created=schedule.created)
    following = timing.next_time(schedule.trigger, now, created=schedule.created)
    try:
        with transaction.atomic():
            mine = Schedule.objects.filter(pk=schedule.pk, enabled=True, next_run_at=due).update(
                next_run_at=following, last_run_at=now
            )
            if mine != 1:
                return None
            return Firing.objects.create(
                schedule=schedule, due=times[-1], fired=now, missed=len(times) - 1
            )
    except IntegrityError:
        # That time has fired before: the clock of this machine went back.
        Schedule.objects.filter(pk=schedule.pk, next_run_at=due).update(next_run_at=following)
        return None


def trigger(schedule: Schedule, *, user: Any) -> Firing:
    """Fire now, because this person says so; the run is theirs."""
    now = timezone.now()
    firing = Firing.objects.create(schedule=schedule, due=now, fired=now, by=user, manual=True)
    audit.record(
        workspace=schedule.workspace, actor=user, action="schedule.trigger",
        target=f"schedule/{schedule.name}",
    )  # fmt: skip
    return carry_out(firing)


def carry_out(firing: Firing) -> Firing:
    """Start what a firing is for; that it could not be started is kept and told."""
    schedule = firing.schedule
    try:
        run = actions.start(
            workspace=schedule.workspace, user=firing.by or schedule.owner,
            action=schedule.action, tags={TAG: schedule.name}, when=firing.due,
        )  # fmt: skip
    except StudioError as error:
        _fail(firing, error.as_json())
    except Exception:
        log.exception("schedule %s could not fire", schedule.pk)
        _fail(
            firing,
            StudioError(
                "The studio met an unexpected error.", code="failed",
                hint=f"An administrator finds it in the system worker's log under {firing.guid}.",
            ).as_json(),
        )  # fmt: skip
    else:
        firing.state, firing.run = Firing.SUBMITTED, run
        firing.save(update_fields=["state", "run"])
    return firing


def _fail(firing: Firing, error: dict[str, Any]) -> None:
    schedule = firing.schedule
    with transaction.atomic():
        firing.state, firing.error = Firing.FAILED, error
        firing.save(update_fields=["state", "error"])
        events.emit(
            schedule.workspace, events.SCHEDULE_FAILED, f"schedule/{schedule.name}",
            {"due": firing.due.isoformat(), "message": error["message"], "firing": firing.guid},
        )  # fmt: skip


def _tell_lost(now: dt.datetime) -> None:
    rows = Firing.objects.filter(state=Firing.STARTING, fired__lt=now - LOST_AFTER)
    for firing in rows.select_related("schedule__workspace")[:AT_ONCE]:
        _fail(
            firing,
            StudioError(
                "The studio stopped while it was starting this.", code="failed",
                hint="Run it now if it is still wanted.",
            ).as_json(),
        )  # fmt: skip


def tell_of_run(run: Run) -> None:
    """Emit ScheduleFailed for a run that a schedule started and that failed."""
    firing = Firing.objects.filter(run=run).select_related("schedule__workspace").first()
    if firing is None:
        return
    error = run.error or {}
    events.emit(
        firing.schedule.workspace, events.SCHEDULE_FAILED, f"schedule/{firing.schedule.name}",
        {"due": firing.due.isoformat(), "run": run.guid, "firing": firing.guid,
         "message": str(error.get("message") or run.reason)},
    )  # fmt: skip


def history(schedule: Schedule) -> Any:
    """Return the firings of a schedule with their runs, the newest first."""
    return schedule.firings.select_related("run__workspace", "by").order_by("-fired", "-pk")
