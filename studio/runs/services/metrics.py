"""Metric points: packed segments, with one summary row for each series."""

from __future__ import annotations

import array
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from officina.errors import StudioError
from studio.runs import live
from studio.runs.models import MetricBatch, MetricSegment, MetricSeries, Run

WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
KEY_LENGTH = 250
STEP_RANGE = 2**63
SUMMARY = ["n", "last_step", "last_ts", "last_value", "last_word", "low", "high"]
# Segments shorter than this are joined, each time that a series has grown by as much.
MERGE_EVERY = 256


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one metric; `ts` is seconds since 1970, `step` an int64."""

    key: str
    value: float
    step: int
    ts: float


def as_json(value: float) -> float | str:
    """Return a value as JSON can carry it: NaN and infinities become words."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


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


def check_points(points: Iterable[Point]) -> None:
    """Refuse points whose name or step cannot be stored."""
    for point in points:
        if not 0 < len(point.key) <= KEY_LENGTH:
            raise StudioError(
                "A metric's name has 1 to 250 characters.", where=f"metric {point.key[:40]!r}"
            )
        if not -STEP_RANGE <= point.step < STEP_RANGE:
            raise StudioError("A step must fit into 64 bits.", where=f"metric {point.key!r}")


def record_metrics(*, run: Run, points: Iterable[Point], batch: str = "") -> bool:
    """Store points of a run; False when `batch` was stored before."""
    points = list(points)
    check_points(points)
    with transaction.atomic():
        locked = Run.objects.select_for_update().get(pk=run.pk)
        if batch:
            _, new = MetricBatch.objects.get_or_create(run=run, batch=batch)
            if not new:
                return False
        latest = store_points(locked, points)
        locked.metrics.update(latest)
        locked.touch(metrics=locked.metrics)
        run.metrics = locked.metrics
        transaction.on_commit(lambda: live.tell_metrics(run, latest))
    return True


def store_points(run: Run, points: Iterable[Point]) -> dict[str, Any]:
    """Store points of a run that the caller has locked; return each metric's current value."""
    by_key: dict[str, list[Point]] = {}
    for point in points:
        by_key.setdefault(point.key, []).append(point)
    known = {s.key: s for s in MetricSeries.objects.filter(run=run, key__in=by_key)}
    latest: dict[str, Any] = {}
    for key, of_key in by_key.items():
        of_key.sort(key=lambda p: p.step)
        series = known.setdefault(key, MetricSeries(run=run, key=key))
        _summarise(series, of_key)
        latest[key] = series.last_word or series.last_value
    old = [series for series in known.values() if not series._state.adding]
    for series in old:
        # Without its key the upsert meets the row by run and name, and learns the key again.
        series.pk = None
    MetricSeries.objects.bulk_create(
        known.values(), update_conflicts=True, unique_fields=["run", "key"], update_fields=SUMMARY
    )
    MetricSegment.objects.bulk_create([_pack(known[key], rows) for key, rows in by_key.items()])
    _merge([series for series in old if series.n % MERGE_EVERY < len(by_key[series.key])])
    return latest


def _merge(crowded: list[MetricSeries]) -> None:
    """Join a series' small segments into one, so that a metric logged point by point reads fast."""
    for series in crowded:
        small = list(
            MetricSegment.objects.filter(series=series, n__lt=MERGE_EVERY).order_by("-pk")[
                : 2 * MERGE_EVERY
            ]
        )
        if len(small) < MERGE_EVERY // 2:
            continue
        rows = sorted({row for segment in small for row in _unpack(segment)})
        points = [Point(series.key, value, step, ts) for step, ts, value in rows]
        MetricSegment.objects.filter(pk__in=[segment.pk for segment in small]).delete()
        _pack(series, points).save(force_insert=True)


def _summarise(series: MetricSeries, points: Sequence[Point]) -> None:
    # MLflow's rule of "latest": by step, then time, then value.
    last = max(points, key=lambda p: (p.step, p.ts, p.value))
    if series.n == 0 or (last.step, last.ts, last.value) >= _last_of(series):
        word = as_json(last.value)
        series.last_step, series.last_ts = last.step, last.ts
        series.last_word = word if isinstance(word, str) else ""
        series.last_value = None if isinstance(word, str) else word
    finite = [p.value for p in points if math.isfinite(p.value)]
    if finite:
        series.low = min(finite) if series.low is None else min(series.low, *finite)
        series.high = max(finite) if series.high is None else max(series.high, *finite)
    series.n += len(points)


def _last_of(series: MetricSeries) -> tuple[int, float, float]:
    word = WORDS.get(series.last_word, -math.inf)
    value = word if series.last_value is None else series.last_value
    # Nothing compares with NaN: let any other value at the same step and time take its place.
    return series.last_step, series.last_ts, -math.inf if math.isnan(value) else value


def _pack(series: MetricSeries, points: Sequence[Point]) -> MetricSegment:
    columns = (
        array.array("q", [p.step for p in points]),
        array.array("d", [p.ts for p in points]),
        array.array("d", [p.value for p in points]),
    )
    if sys.byteorder == "big":
        for column in columns:
            column.byteswap()
    return MetricSegment(
        series=series,
        first_step=points[0].step,
        n=len(points),
        data=b"".join(column.tobytes() for column in columns),
    )


def read_series(*, run: Run, key: str, points: int = 2000) -> dict[str, list[Any]]:
    """Return a series ordered by step, thinned to about `points` by keeping each bucket's extremes.

    `steps` int, `ts` seconds, `values` numbers or the words NaN, Infinity, -Infinity.
    """
    rows = _thin(read_points(run=run, key=key), points)
    return {
        "steps": [row[0] for row in rows],
        "ts": [row[1] for row in rows],
        "values": [as_json(row[2]) for row in rows],
    }


def read_points(*, run: Run, key: str) -> list[tuple[int, float, float]]:
    """Return every point of a series as (step, seconds, value), by step and time, each once."""
    rows: list[tuple[int, float, float]] = []
    segments = MetricSegment.objects.filter(series__run=run, series__key=key)
    for segment in segments.order_by("first_step", "pk"):
        rows.extend(_unpack(segment))
    # A point that a client sent twice is one point.
    return sorted(dict.fromkeys(rows), key=lambda row: row[:2])


def _unpack(segment: MetricSegment) -> Iterable[tuple[int, float, float]]:
    data = bytes(segment.data)
    width = segment.n * 8
    columns: tuple[array.array[Any], ...] = (
        array.array("q"),
        array.array("d"),
        array.array("d"),
    )
    for index, column in enumerate(columns):
        column.frombytes(data[index * width : (index + 1) * width])
        if sys.byteorder == "big":
            column.byteswap()
    return zip(*columns, strict=True)


def _thin(rows: list[tuple[int, float, float]], points: int) -> list[tuple[int, float, float]]:
    """Keep first, last, lowest and highest of each bucket, so that no spike is lost."""
    if len(rows) <= points or points < 4:
        return rows
    size = math.ceil(len(rows) / (points // 4))
    kept: list[tuple[int, float, float]] = []
    for start in range(0, len(rows), size):
        bucket = rows[start : start + size]
        chosen = {0, len(bucket) - 1}
        finite = [i for i, row in enumerate(bucket) if math.isfinite(row[2])]
        if finite:
            chosen.add(min(finite, key=lambda i: bucket[i][2]))
            chosen.add(max(finite, key=lambda i: bucket[i][2]))
        kept.extend(bucket[i] for i in sorted(chosen))
    return kept
