"""When a trigger is due: Azure's cron and recurrence, in their own time zone, across clock changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from dateutil import rrule
from tzlocal.windows_tz import win_tz

from officina.errors import StudioError

UTC = dt.UTC
FREQUENCIES = ("Minute", "Hour", "Day", "Week", "Month")
WEEK_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# A person may write any interval; a period of a century is a slip of the pen.
MOST = {"Minute": 527_040, "Hour": 8_784, "Day": 3_660, "Week": 520, "Month": 120}
_ZONES = {name.lower(): zone for name, zone in win_tz.items()}
_RULES: dict[str, Any] = {"Day": rrule.DAILY, "Week": rrule.WEEKLY, "Month": rrule.MONTHLY}


def zone_of(trigger: Mapping[str, Any]) -> ZoneInfo:
    """Return a trigger's time zone, by its IANA or its Windows name; UTC when none is named."""
    name = str(trigger.get("timeZone") or "UTC").strip()
    try:
        return ZoneInfo(_ZONES.get(name.lower(), name))
    except (KeyError, ValueError, OSError):
        raise StudioError(
            f"{name!r} is not a time zone.", where="trigger.timeZone",
            hint="Write an IANA name as Europe/Berlin, or a Windows one as W. Europe Standard Time.",
        ) from None  # fmt: skip


def moment(text: Any, zone: ZoneInfo, *, where: str) -> dt.datetime | None:
    """Return a time in UTC; one without an offset is read in the trigger's zone."""
    if not text:
        return None
    try:
        found = dt.datetime.fromisoformat(str(text).strip().replace("Z", "+00:00"))
    except ValueError:
        raise StudioError(
            f"{text!r} is not a time.", hint="Write 2027-05-10T10:15:00.", where=where
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def spelled(trigger: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trigger with its words written as REST has them, however its client does; no nulls."""
    found = {key: value for key, value in trigger.items() if value is not None}
    for key in ("triggerType", "frequency"):
        if isinstance(found.get(key), str):
            found[key] = found[key].title()
    if isinstance(found.get("schedule"), Mapping):
        pattern = {k: v for k, v in found["schedule"].items() if v not in (None, [], "")}
        days = _listed(pattern.get("weekDays"))
        if days:
            pattern["weekDays"] = [day.title() if isinstance(day, str) else day for day in days]
        found["schedule"] = pattern
    return found


def check(trigger: Mapping[str, Any]) -> None:
    """Refuse a trigger that says nothing sensible, naming the part at fault."""
    zone = zone_of(trigger)
    start = moment(trigger.get("startTime"), zone, where="trigger.startTime")
    end = moment(trigger.get("endTime"), zone, where="trigger.endTime")
    if start and end and end <= start:
        raise StudioError("The schedule ends before it starts.", where="trigger.endTime")
    kind = trigger.get("triggerType")
    if kind == "Cron":
        _check_cron(str(trigger.get("expression") or ""))
    elif kind == "Recurrence":
        _check_recurrence(trigger)
    else:
        raise StudioError(
            f"{kind!r} is not a kind of trigger.", hint="Known: Cron, Recurrence.",
            where="trigger.triggerType",
        )  # fmt: skip


def _check_cron(expression: str) -> None:
    try:
        if len(expression.split()) != 5:
            raise CronSimError("it has five fields: minute hour day month weekday")
        CronSim(expression, dt.datetime.now(UTC))
    except CronSimError as error:
        raise StudioError(
            f"{expression!r} is not a cron expression: {error}.", where="trigger.expression",
            hint="For example 30 6 * * 1-5: at half past six from Monday to Friday.",
        ) from None  # fmt: skip


def _check_recurrence(trigger: Mapping[str, Any]) -> None:
    frequency, interval = trigger.get("frequency"), trigger.get("interval", 1)
    if frequency not in FREQUENCIES:
        raise StudioError(
            f"{frequency!r} is not a frequency.", hint=f"Known: {', '.join(FREQUENCIES)}.",
            where="trigger.frequency",
        )  # fmt: skip
    most = MOST[frequency]
    if isinstance(interval, bool) or not isinstance(interval, int) or not 1 <= interval <= most:
        raise StudioError(
            f"The interval {interval!r} is not a whole number from 1 to {most:,}.",
            where="trigger.interval",
        )
    pattern = trigger.get("schedule") or {}
    if not isinstance(pattern, Mapping):
        raise StudioError("schedule is an object of hours, minutes, …", where="trigger.schedule")
    for name, low, high in (("hours", 0, 23), ("minutes", 0, 59), ("monthDays", -1, 31)):
        for value in _listed(pattern.get(name)):
            fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
            if not fits or (name == "monthDays" and value == 0):
                raise StudioError(
                    f"{value!r} is not one of {name}.", where=f"trigger.schedule.{name}",
                    hint=f"Whole numbers from {low} to {high}"
                    + (" without 0; -1 is the last day." if name == "monthDays" else "."),
                )  # fmt: skip
    for value in _listed(pattern.get("weekDays")):
        if value not in WEEK_DAYS:
            raise StudioError(
                f"{value!r} is not a day of the week.", hint=f"Known: {', '.join(WEEK_DAYS)}.",
                where="trigger.schedule.weekDays",
            )  # fmt: skip


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def upcoming(
    trigger: Mapping[str, Any], after: dt.datetime, *, created: dt.datetime
) -> Iterator[dt.datetime]:
    """Yield the times, in UTC, at which a checked trigger is due after a moment.

    `created` is where a recurrence without a startTime begins to count.
    """
    zone = zone_of(trigger)
    start = moment(trigger.get("startTime"), zone, where="trigger.startTime")
    end = moment(trigger.get("endTime"), zone, where="trigger.endTime")
    after = max(after, start - dt.timedelta(microseconds=1)) if start else after
    if trigger["triggerType"] == "Cron":
        times = _cron(str(trigger["expression"]), after, zone)
    else:
        times = _recurrence(trigger, after, start or created, zone)
    for when in times:
        if end is not None and when > end:
            return
        yield when


def next_time(
    trigger: Mapping[str, Any], after: dt.datetime, *, created: dt.datetime
) -> dt.datetime | None:
    """Return the next time at which a trigger is due; None when it is over."""
    return next(upcoming(trigger, after, created=created), None)


def next_times(
    trigger: Mapping[str, Any], *, count: int = 5, after: dt.datetime | None = None
) -> list[dt.datetime]:
    """Return the next few times of a trigger that starts now."""
    now = after or dt.datetime.now(UTC)
    return list(islice(upcoming(trigger, now, created=now), count))


def passed(
    trigger: Mapping[str, Any],
    first: dt.datetime,
    now: dt.datetime,
    *,
    created: dt.datetime,
    most: int = 1_000,
) -> list[dt.datetime]:
    """Return the times from `first`, itself due, up to now; at most so many."""
    found = [first]
    for when in upcoming(trigger, first, created=created):
        if when > now or len(found) >= most:
            break
        found.append(when)
    return found


def _cron(expression: str, after: dt.datetime, zone: ZoneInfo) -> Iterator[dt.datetime]:
    try:
        for when in CronSim(expression, after.astimezone(zone)):
            yield when.astimezone(UTC)
    except (CronSimError, StopIteration):
        return


def _recurrence(
    trigger: Mapping[str, Any], after: dt.datetime, start: dt.datetime, zone: ZoneInfo
) -> Iterator[dt.datetime]:
    frequency, interval = trigger["frequency"], int(trigger.get("interval") or 1)
    if frequency in ("Minute", "Hour"):
        # Spans of time, not readings of a clock: a change of the clock does not move them.
        span = dt.timedelta(**{f"{frequency.lower()}s": interval})
        passed = max(0, -(-(after - start) // span)) if after >= start else 0
        when = start.replace(microsecond=0) + passed * span
        while when.year < dt.MAXYEAR:
            if when > after:
                yield when
            when += span
        return
    local = start.astimezone(zone).replace(tzinfo=None, microsecond=0)
    rule = _rule(frequency, interval, trigger.get("schedule") or {}, local)
    for reading in rule(_near(frequency, interval, local, after.astimezone(zone))):
        when = _at(reading, zone)
        if when > after and when >= start:
            yield when


def _rule(frequency: str, interval: int, pattern: Mapping[str, Any], start: dt.datetime) -> Any:
    hours, minutes = _listed(pattern.get("hours")), _listed(pattern.get("minutes"))
    days = [WEEK_DAYS.index(day) for day in _listed(pattern.get("weekDays"))]
    dates = _listed(pattern.get("monthDays"))
    given: dict[str, Any] = {
        "byhour": sorted(set(hours)) if hours else [start.hour],
        "byminute": sorted(set(minutes)) if minutes else [0 if hours else start.minute],
        "bysecond": [0 if hours or minutes else start.second],
    }
    if frequency == "Month" and dates:
        given["bymonthday"] = sorted(set(dates))
    elif frequency == "Month" and days:
        given["byweekday"] = sorted(set(days))
    elif frequency == "Month":
        given["bymonthday"] = [start.day]
    elif days:
        given["byweekday"] = sorted(set(days))
    elif frequency == "Week":
        given["byweekday"] = [start.weekday()]

    def begun(at: dt.datetime) -> Iterator[dt.datetime]:
        return iter(rrule.rrule(_RULES[frequency], interval=interval, dtstart=at, **given))

    return begun


def _near(frequency: str, interval: int, start: dt.datetime, after: dt.datetime) -> dt.datetime:
    """Return the beginning of the last whole period before a moment: nobody counts through years."""
    local = after.replace(tzinfo=None)
    day = start.replace(hour=0, minute=0, second=0)
    if local <= day:
        return day if frequency != "Month" else day.replace(day=1)
    if frequency == "Month":
        months = (local.year - day.year) * 12 + local.month - day.month
        months = day.month - 1 + max(0, months // interval * interval)
        return day.replace(year=day.year + months // 12, month=months % 12 + 1, day=1)
    if frequency == "Week":
        day -= dt.timedelta(days=day.weekday())
    length = interval * (7 if frequency == "Week" else 1)
    return day + dt.timedelta(days=(local - day).days // length * length)


def _at(reading: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Return the moment of a clock's reading; one that the clock skips is an hour later, as people see it."""
    return reading.replace(tzinfo=zone).astimezone(UTC)
