"""Metric points: packed segments, with one summary row for each series."""

from __future__ import annotations

import array
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db import transaction

from officina.errors import StudioError
from studio.runs import live
from studio.runs.models import MetricBatch, MetricSegment, MetricSeries, Run

WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
KEY_LENGTH = 250
STEP_RANGE = 2**63


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


def record_metrics(*, run: Run, points: Iterable[Point], batch: str = "") -> bool:
    """Store points of a run; False when `batch` was stored before."""
    ordered = sorted(points, key=lambda p: p.key)
    for point in ordered:
        if not 0 < len(point.key) <= KEY_LENGTH:
            raise StudioError(
                "A metric's name has 1 to 250 characters.", where=f"metric {point.key[:40]!r}"
            )
        if not -STEP_RANGE <= point.step < STEP_RANGE:
            raise StudioError("A step must fit into 64 bits.", where=f"metric {point.key!r}")
    with transaction.atomic():
        locked = Run.objects.select_for_update().get(pk=run.pk)
        if batch:
            _, new = MetricBatch.objects.get_or_create(run=run, batch=batch)
            if not new:
                return False
        latest = _store(locked, ordered)
        locked.metrics.update(latest)
        locked.touch(metrics=locked.metrics)
        run.metrics = locked.metrics
        transaction.on_commit(lambda: live.tell_metrics(run, latest))
    return True


def _store(run: Run, ordered: list[Point]) -> dict[str, Any]:
    keys = {point.key for point in ordered}
    known = {s.key: s for s in MetricSeries.objects.filter(run=run, key__in=keys)}
    new = [MetricSeries(run=run, key=key) for key in sorted(keys - known.keys())]
    MetricSeries.objects.bulk_create(new)
    known |= {series.key: series for series in new}
    segments = []
    latest: dict[str, Any] = {}
    for key, group in groupby(ordered, key=lambda p: p.key):
        of_key = sorted(group, key=lambda p: p.step)
        series = known[key]
        _summarise(series, of_key)
        latest[key] = series.last_word or series.last_value
        segments.append(_pack(series, of_key))
    MetricSegment.objects.bulk_create(segments)
    MetricSeries.objects.bulk_update(
        known.values(),
        ["n", "last_step", "last_ts", "last_value", "last_word", "low", "high"],
        batch_size=200,
    )
    return latest


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
    rows: list[tuple[int, float, float]] = []
    segments = MetricSegment.objects.filter(series__run=run, series__key=key)
    for segment in segments.order_by("first_step", "pk"):
        rows.extend(_unpack(segment))
    rows.sort(key=lambda row: row[:2])
    rows = _thin(rows, points)
    return {
        "steps": [row[0] for row in rows],
        "ts": [row[1] for row in rows],
        "values": [as_json(row[2]) for row in rows],
    }


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
