"""A trigger in words, and times as people read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from cronsim import CronSim

from studio.automation import timing


def trigger_words(trigger: Mapping[str, Any]) -> str:
    """Return when a trigger fires, as a sentence without its dot."""
    zone = str(trigger.get("timeZone") or "UTC")
    if trigger.get("triggerType") == "Cron":
        expression = str(trigger.get("expression") or "")
        told = str(CronSim(expression, dt.datetime.now(timing.UTC)).explain())
        return f"{told} ({zone})"
    return f"{_recurrence(trigger)} ({zone})"


def _recurrence(trigger: Mapping[str, Any]) -> str:
    unit, count = str(trigger["frequency"]).lower(), int(trigger.get("interval") or 1)
    told = f"Every {unit}" if count == 1 else f"Every {count} {unit}s"
    pattern = trigger.get("schedule") or {}
    days, dates = pattern.get("weekDays"), pattern.get("monthDays")
    if unit == "month" and dates:
        told += " on day " + _and("the last" if day == -1 else str(day) for day in _many(dates))
    elif days:
        told += " on " + _and(_many(days))
    hours, minutes = _many(pattern.get("hours")), _many(pattern.get("minutes")) or [0]
    if hours and unit not in ("minute", "hour"):
        told += " at " + _and(f"{h:02}:{m:02}" for h in sorted(hours) for m in sorted(minutes))
    return told


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def _and(words: Any) -> str:
    found = [str(word) for word in words]
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"


def times_words(
    trigger: Mapping[str, Any], times: list[dt.datetime], now: dt.datetime | None = None
) -> list[str]:
    """Return each time in the trigger's own zone, with how long it is until then."""
    zone, now = timing.zone_of(trigger), now or dt.datetime.now(timing.UTC)
    return [f"{when.astimezone(zone):%A %-d %B %Y, %H:%M} ({until(when - now)})" for when in times]


def times_told(
    trigger: Mapping[str, Any], times: list[dt.datetime], now: dt.datetime | None = None
) -> list[tuple[str, str]]:
    """Return the same, shorter and in two parts, for pages that set them apart."""
    zone, now = timing.zone_of(trigger), now or dt.datetime.now(timing.UTC)
    return [(f"{when.astimezone(zone):%a %-d %b %Y, %H:%M}", until(when - now)) for when in times]


def until(span: dt.timedelta) -> str:
    """Return how far away something is: `in 3 hours`."""
    seconds = max(0, int(span.total_seconds()))
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = round(seconds / length)
            return f"in {count} {unit}{'s' if count != 1 else ''}"
    return "in less than a minute"
