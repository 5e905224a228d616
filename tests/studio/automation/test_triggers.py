"""When a trigger is due: in its own time zone, across clock changes, near and far from its start."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import pytest

from officina.errors import StudioError
from studio.automation import timing, wording

NOON = dt.datetime(2026, 3, 27, 12, tzinfo=dt.UTC)


def local(trigger: dict[str, Any], *, after: dt.datetime = NOON, count: int = 5) -> list[str]:
    timing.check(trigger)
    zone = timing.zone_of(trigger)
    times = timing.next_times(trigger, after=after, count=count)
    return [when.astimezone(zone).strftime("%a %d %H:%M") for when in times]


def cron(expression: str, zone: str = "UTC", **more: Any) -> dict[str, Any]:
    return {"triggerType": "Cron", "expression": expression, "timeZone": zone, **more}


def every(frequency: str, interval: int = 1, zone: str = "UTC", **more: Any) -> dict[str, Any]:
    return {
        "triggerType": "Recurrence", "frequency": frequency, "interval": interval,
        "timeZone": zone, **more,
    }  # fmt: skip


def test_a_cron_expression_goes_by_the_clock_of_its_zone() -> None:
    assert local(cron("30 6 * * 1-5", "Europe/Berlin")) == [
        "Mon 30 06:30", "Tue 31 06:30", "Wed 01 06:30", "Thu 02 06:30", "Fri 03 06:30",
    ]  # fmt: skip


def test_a_time_that_the_clock_skips_comes_an_hour_later_and_one_told_twice_comes_once() -> None:
    daily = every("Day", zone="W. Europe Standard Time", schedule={"hours": [2], "minutes": [30]})
    assert local(daily, count=3) == ["Sat 28 02:30", "Sun 29 03:30", "Mon 30 02:30"]
    autumn = dt.datetime(2026, 10, 24, 12, tzinfo=dt.UTC)
    assert local(daily, after=autumn, count=2) == ["Sun 25 02:30", "Mon 26 02:30"]


def test_hours_are_spans_that_no_clock_change_moves() -> None:
    trigger = every("Hour", 12, "Europe/Berlin", startTime="2026-03-28T00:00:00")
    times = timing.next_times(trigger, after=NOON, count=4)
    assert {(b - a) for a, b in pairwise(times)} == {dt.timedelta(hours=12)}


def test_an_interval_counts_from_the_start_however_long_ago() -> None:
    weekly = every(
        "Week", 2, startTime="2020-01-01T00:00:00",
        schedule={"hours": [6], "minutes": [0], "weekDays": ["Monday", "Friday"]},
    )  # fmt: skip
    times = timing.next_times(weekly, after=NOON, count=4)
    first_monday = dt.date(2019, 12, 30)
    assert [((when.date() - first_monday).days // 7) % 2 for when in times] == [0, 0, 0, 0]
    monthly = every("Month", 5, startTime="2020-01-31T06:00:00", schedule={"monthDays": [31, -1]})
    assert [when.strftime("%Y-%m-%d %H") for when in timing.next_times(monthly, after=NOON, count=3)] == [
        "2026-04-30 06", "2026-09-30 06", "2027-02-28 06",
    ]  # fmt: skip


def test_it_waits_for_its_start_and_is_over_after_its_end() -> None:
    trigger = every("Minute", 10, startTime="2026-03-28T00:00:00", endTime="2026-03-28T00:20:00")
    assert local(trigger) == ["Sat 28 00:00", "Sat 28 00:10", "Sat 28 00:20"]
    assert timing.next_time(trigger, NOON + dt.timedelta(days=3), created=NOON) is None


def test_many_years_of_minutes_take_no_time() -> None:
    long_ago = every("Minute", 1, startTime="1990-01-01T00:00:00")
    assert local(long_ago, count=1) == ["Fri 27 12:01"]


@pytest.mark.parametrize(
    ("trigger", "where"),
    [
        (cron("61 * * * *"), "trigger.expression"),
        (cron("* * * * * *"), "trigger.expression"),
        (cron("* * * * *", "Mars/Olympus"), "trigger.timeZone"),
        (cron("* * * * *", "../../etc/passwd"), "trigger.timeZone"),
        (every("Fortnight"), "trigger.frequency"),
        (every("Day", 0), "trigger.interval"),
        (every("Day", schedule={"hours": [24]}), "trigger.schedule.hours"),
        (every("Month", schedule={"monthDays": [0]}), "trigger.schedule.monthDays"),
        (every("Week", schedule={"weekDays": ["Caturday"]}), "trigger.schedule.weekDays"),
        (every("Day", startTime="soon"), "trigger.startTime"),
        (every("Day", startTime="2026-02-02", endTime="2026-02-01"), "trigger.endTime"),
        ({"triggerType": "Tide"}, "trigger.triggerType"),
    ],
)
def test_a_trigger_that_says_nothing_is_refused_at_its_place(
    trigger: dict[str, Any], where: str
) -> None:
    with pytest.raises(StudioError) as caught:
        timing.check(trigger)
    assert caught.value.where == where


def test_a_trigger_reads_as_a_sentence() -> None:
    pattern = {"hours": [6, 18], "minutes": [0], "weekDays": ["Monday", "Friday"]}
    assert wording.trigger_words(every("Week", schedule=pattern)) == (
        "Every week on Monday and Friday at 06:00 and 18:00 (UTC)"
    )
    assert wording.trigger_words(cron("15 10 * * *")) == "At 10:15 every day (UTC)"
    assert wording.times_words(every("Day"), [NOON + dt.timedelta(hours=3)], NOON) == [
        "Friday 27 March 2026, 15:00 (in 3 hours)"
    ]


def test_the_words_of_other_clients_are_spelled_as_rest_has_them() -> None:
    given = {
        "triggerType": "Recurrence", "frequency": "week", "interval": 1, "endTime": None,
        "schedule": {"hours": [4], "minutes": [0], "weekDays": ["monday"], "monthDays": None},
    }  # fmt: skip
    assert timing.spelled(given) == {
        "triggerType": "Recurrence", "frequency": "Week", "interval": 1,
        "schedule": {"hours": [4], "minutes": [0], "weekDays": ["Monday"]},
    }  # fmt: skip
