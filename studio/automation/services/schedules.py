"""Schedules: making, finding, changing and telling of them."""

from __future__ import annotations

import copy
import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from officina.errors import StudioError
from studio.automation import actions, timing
from studio.automation.models import Schedule
from studio.workspaces import audit
from studio.workspaces.models import Workspace

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}\Z")


@transaction.atomic
def save_schedule(
    *, workspace: Workspace, name: str, document: Mapping[str, Any], user: Any
) -> tuple[Schedule, bool]:
    """Make a schedule, or replace the one of this name; return it and whether it is new.

    From now on it acts for this person, who must be allowed to do what it does.
    """
    if not NAME.match(name):
        raise StudioError(
            f"{name!r} cannot name a schedule.", where="name",
            hint="Use letters, digits, '.', '_' and '-', starting with a letter or digit.",
        )  # fmt: skip
    kept = clean(document)
    actions.check(workspace=workspace, user=user, action=kept["action"])
    row = Schedule.objects.select_for_update().filter(workspace=workspace, name=name).first()
    made = row is None
    row = row or Schedule(workspace=workspace, name=name)
    # What did not change goes on as it was: a recurrence counts from where it began.
    same = not made and row.enabled == kept["isEnabled"] and row.trigger == kept["trigger"]
    row.display_name, row.document, row.owner = kept.get("displayName", "")[:255], kept, user
    row.enabled = kept["isEnabled"]
    if not same:
        row.next_run_at = _next(row, made=made)
    row.save()
    _note("create" if made else "update", row, user)
    return row, made


def clean(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schedule's REST `properties` as they are kept; refuse a trigger that says nothing."""
    given = copy.deepcopy(dict(document))
    trigger, action = given.get("trigger"), given.get("action")
    if not isinstance(trigger, dict):
        raise StudioError(
            "A schedule needs a trigger.", where="trigger", hint="Cron or Recurrence."
        )
    if not isinstance(action, dict):
        raise StudioError(
            "A schedule needs an action.", where="action",
            hint=f"Known: {', '.join(actions.ACTIONS)}.",
        )  # fmt: skip
    trigger = timing.spelled(trigger)
    timing.check(trigger)
    kept = {key: given[key] for key in ("displayName", "description", "tags", "properties")
            if given.get(key)}  # fmt: skip
    for key in ("displayName", "description"):
        if key in kept and not isinstance(kept[key], str):
            raise StudioError(f"{key} is text.", where=key)
    for key in ("tags", "properties"):
        if key in kept and not isinstance(kept[key], dict):
            raise StudioError(f"{key} is an object of names and texts.", where=key)
    enabled = given.get("isEnabled", True)
    if not isinstance(enabled, bool):
        raise StudioError("isEnabled is true or false.", where="isEnabled")
    return kept | {"trigger": trigger, "action": action, "isEnabled": enabled}


def find_schedule(*, workspace: Workspace, name: str) -> Schedule:
    """Return a schedule by name, or say which there are."""
    rows = schedules(workspace=workspace)
    row = rows.filter(name__iexact=name).first()
    if row is None:
        known = ", ".join(rows.values_list("name", flat=True)[:10]) or "none yet"
        raise StudioError(
            f"There is no schedule {name!r} in this workspace.", where="schedule",
            hint=f"There are: {known}.", code="not_found",
        )  # fmt: skip
    return row


def schedules(*, workspace: Workspace, enabled: bool | None = None) -> Any:
    """Return the schedules of a workspace, by name."""
    rows = Schedule.objects.filter(workspace=workspace).select_related("owner", "workspace")
    return rows if enabled is None else rows.filter(enabled=enabled)


@transaction.atomic
def change_schedule(
    schedule: Schedule, *, user: Any, enabled: bool | None = None, display_name: str | None = None,
    description: str | None = None, tags: Mapping[str, str] | None = None,
) -> Schedule:  # fmt: skip
    """Switch a schedule on or off, or change its words; what it does stays."""
    row = Schedule.objects.select_for_update().select_related("workspace").get(pk=schedule.pk)
    document = dict(row.document)
    if display_name is not None:
        row.display_name = document["displayName"] = display_name[:255]
    if description is not None:
        document["description"] = description
    if tags is not None:
        document["tags"] = dict(tags)
    if enabled is not None and enabled != row.enabled:
        row.enabled = document["isEnabled"] = enabled
        row.next_run_at = _next(row, made=False)
    row.document = document
    row.save()
    verb = "update" if enabled is None else "enable" if enabled else "disable"
    _note(verb, row, user)
    return row


@transaction.atomic
def delete_schedule(schedule: Schedule, *, user: Any) -> None:
    """Forget a schedule and its history; what it started stays."""
    _note("delete", schedule, user)
    schedule.delete()


def shape(schedule: Schedule) -> dict[str, Any]:
    """Return a schedule as Azure's REST resource `properties`."""
    return {
        **schedule.document,
        "displayName": schedule.display_name or None,
        "isEnabled": schedule.enabled,
        "provisioningState": "Succeeded",
    }


def next_times(schedule: Schedule, *, count: int = 5) -> list[dt.datetime]:
    """Return when an enabled schedule fires next; none of one that is off or over."""
    if not schedule.enabled or schedule.next_run_at is None:
        return []
    more = timing.upcoming(schedule.trigger, schedule.next_run_at, created=schedule.created)
    found = [schedule.next_run_at]
    while len(found) < count and (when := next(more, None)) is not None:
        found.append(when)
    return found


def _next(row: Schedule, *, made: bool) -> dt.datetime | None:
    if not row.enabled:
        return None
    now = timezone.now()
    if made:
        row.created = now
    return timing.next_time(row.trigger, now, created=row.created)


def _note(verb: str, row: Schedule, user: Any) -> None:
    audit.record(
        workspace=row.workspace, actor=user, action=f"schedule.{verb}",
        target=f"schedule/{row.name}", detail={"action": row.action.get("actionType", "")},
    )  # fmt: skip
