"""Metric points as clients send and read them: checked, stored once, thinned for a chart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import transaction

from officina.errors import StudioError
from studio.runs import live
from studio.runs.models import MetricBatch, Run
from studio.runs.services import points as storage
from studio.runs.services.points import WORDS, Row, word_of

__all__ = ["WORDS"]
KEY_LENGTH = 250
STEP_RANGE = 2**63


class Point(NamedTuple):
    """One value of one metric; `ts` is seconds since 1970, `step` an int64."""

    key: str
    value: float
    step: int
    ts: float


def as_json(value: float) -> float | str:
    """Return a value as JSON can carry it: NaN and infinities become words."""
    return word_of(value) or value


def parse_value(value: Any, *, where: str) -> float:
    """Return a metric value from JSON, words included."""
    if isinstance(value, str) and value in WORDS:
        return WORDS[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StudioError(
            f"{value!r} is not a number.",
            where=where,
            hint='Send a number, or "NaN", "Infinity" or "-Infinity".',
        )
    try:
        return float(value)
    except OverflowError:
        raise StudioError("The number is too large for a 64-bit float.", where=where) from None


def check_rows(rows: storage.Rows) -> None:
    """Refuse points whose name or step cannot be stored."""
    for key, of_key in rows.items():
        if not 0 < len(key) <= KEY_LENGTH:
            raise StudioError(
                "A metric's name has 1 to 250 characters.", where=f"metric {key[:40]!r}"
            )
        if not -STEP_RANGE <= min(of_key)[0] <= max(of_key)[0] < STEP_RANGE:
            raise StudioError("A step must fit into 64 bits.", where=f"metric {key!r}")


def by_key(points: Iterable[Point]) -> dict[str, list[Row]]:
    """Return points as they are stored: by their name."""
    rows: dict[str, list[Row]] = {}
    for key, value, step, ts in points:
        rows.setdefault(key, []).append((step, ts, value))
    return rows


def record_metrics(*, run: Run, points: Iterable[Point], batch: str = "") -> bool:
    """Store points of a run; False when `batch` was stored before."""
    return record_rows(run=run, rows=by_key(points), batch=batch)


def record_rows(*, run: Run, rows: storage.Rows, batch: str = "") -> bool:
    """Store points of a run by their name; False when `batch` was stored before."""
    check_rows(rows)
    with storage.writing():
        locked = storage.lock_runs([run.guid]).get(run.guid)
        if locked is None:
            raise StudioError(f"There is no run {run.guid}.", code="not_found")
        if batch:
            _, new = MetricBatch.objects.get_or_create(run=run, batch=batch)
            if not new:
                return False
        if rows:
            storage.write([(locked, rows)])
        run.metrics = locked.metrics
        latest = {key: locked.metrics[key] for key in rows}
        transaction.on_commit(lambda: live.tell_metrics(locked.guid, locked.root_guid, latest))
    return True


def read_series(*, run: Run, key: str, points: int = 2000) -> dict[str, list[Any]]:
    """Return a series ordered by step, thinned to about `points` by keeping each bucket's extremes.

    `steps` int, `ts` seconds, `values` numbers or the words NaN, Infinity, -Infinity.
    """
    rows = storage.read_thinned(run_id=run.pk, key=key, points=points)
    return {
        "steps": [row[0] for row in rows],
        "ts": [row[1] for row in rows],
        "values": [as_json(row[2]) for row in rows],
    }


def read_points(*, run: Run, key: str) -> list[Row]:
    """Return every point of a series as (step, seconds, value), by step and time, each once."""
    return storage.read(run_id=run.pk, key=key)
