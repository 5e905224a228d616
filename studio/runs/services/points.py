"""How metric points are stored: packed segments and one summary row for each series, in plain SQL.

Clients send hundreds of single points a second, and batches of a thousand: the statements are few, and written out.
"""

from __future__ import annotations

import array
import math
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection, transaction

from studio.runs.models import MetricSegment

# Step, seconds since 1970, value.
Row = tuple[int, float, float]
Rows = Mapping[str, list[Row]]
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
# Segments shorter than this are joined, each time that so many have come: what takes time is to read many rows.
SHORT, MERGE_EVERY = 32, 128
# SQLite's oldest limit on the values of one statement is 999.
MOST_KEYS = 900
_turn = threading.Lock()

_RUN = """
SELECT r.id, r.deleted, root.guid, r.metrics FROM runs_run r
LEFT JOIN runs_run root ON root.id = r.root_id WHERE r.guid = %s AND r.workspace_id = %s"""
_SERIES = """
SELECT key, id, n, last_step, last_ts, last_value, last_word, low, high
FROM runs_metricseries WHERE run_id = %s AND key IN ({})"""
_NEW_SERIES = """
INSERT INTO runs_metricseries
(n, last_step, last_ts, last_value, last_word, low, high, run_id, key)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""
_OLD_SERIES = """
UPDATE runs_metricseries SET n = %s, last_step = %s, last_ts = %s, last_value = %s, last_word = %s,
low = %s, high = %s WHERE id = %s"""
_SEGMENT = "INSERT INTO runs_metricsegment (series_id, first_step, n, data) VALUES (%s, %s, %s, %s)"
_METRICS = "UPDATE runs_run SET metrics = %s, version = version + 1 WHERE id = %s"


@contextmanager
def writing() -> Iterator[None]:
    """Begin a transaction. On SQLite, where one writes at a time, this process's threads wait in line for it.

    SQLite itself would let them sleep for milliseconds between two attempts.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    with _turn, transaction.atomic():
        yield


@dataclass(slots=True)
class LockedRun:
    """A run that nobody else writes metrics into until the transaction ends."""

    pk: int
    guid: str
    deleted: Any
    root_guid: str | None
    metrics: dict[str, Any]


def lock_run(*, guid: str, workspace_id: int) -> LockedRun | None:
    """Lock a run for the transaction and return what writing metrics needs of it."""
    own_row = " FOR UPDATE OF r" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(_RUN + own_row, [guid, workspace_id])
        found = cursor.fetchone()
    if found is None:
        return None
    pk, deleted, root_guid, metrics = found
    return LockedRun(pk, guid, deleted, root_guid, orjson.loads(metrics))


def write(run: LockedRun, rows: Rows) -> dict[str, Any]:
    """Store points of a locked run, in its own row too; return each metric's current value."""
    latest = store(run.pk, rows)
    run.metrics.update(latest)
    with connection.cursor() as cursor:
        cursor.execute(_METRICS, [orjson.dumps(run.metrics).decode(), run.pk])
    return latest


def store(run_id: int, rows: Rows) -> dict[str, Any]:
    """Store points of a run that the caller has locked; return each metric's current value."""
    keys = list(rows)
    with connection.cursor() as cursor:
        known = _known(cursor, run_id, keys)
        new, old, segments, latest, crowded = [], [], [], {}, []
        for key, of_key in rows.items():
            of_key.sort()
            columns = tuple(zip(*of_key, strict=True))
            before = known.get(key)
            after = _summarised(before, of_key, columns[2])
            latest[key] = after[4] or after[3]
            if before is None:
                new.append((*after, run_id, key))
            else:
                old.append((*after, before[0]))
                n = len(of_key)
                if n < SHORT and after[0] % (MERGE_EVERY * n) < n:
                    crowded.append(before[0])
            segments.append((key, of_key[0][0], len(of_key), _packed(columns)))
        if old:
            cursor.executemany(_OLD_SERIES, old)
        if new:
            cursor.executemany(_NEW_SERIES, new)
            known |= _known(cursor, run_id, [row[-1] for row in new])
        ready = [(known[key][0], first, n, data) for key, first, n, data in segments]
        cursor.executemany(_SEGMENT, ready)
    for series_id in crowded:
        _merge(series_id)
    return latest


def _known(cursor: Any, run_id: int, keys: list[str]) -> dict[str, tuple[Any, ...]]:
    """Return the series of these names: key, and then the row from its id on."""
    found: dict[str, tuple[Any, ...]] = {}
    for start in range(0, len(keys), MOST_KEYS):
        some = keys[start : start + MOST_KEYS]
        cursor.execute(_SERIES.format(", ".join(["%s"] * len(some))), [run_id, *some])
        found |= {row[0]: row[1:] for row in cursor.fetchall()}
    return found


def _summarised(
    known: tuple[Any, ...] | None, rows: list[Row], values: tuple[Any, ...]
) -> tuple[Any, ...]:
    """Return n, last step, time, value and word, lowest and highest of a series with these rows, which are in order."""
    n, step, ts, value, word, low, high = known[1:] if known else (0, 0, 0.0, None, "", None, None)
    # MLflow's rule of "latest": by step, then time, then value.
    if not n or rows[-1] >= (step, ts, _sorted_as(value, word)):
        step, ts, value = rows[-1]
        word = word_of(value)
        if word:
            value = None
    lowest, highest = min(values), max(values)
    if not -math.inf < lowest <= highest < math.inf or math.isnan(sum(values)):
        finite = [each for each in values if math.isfinite(each)]
        lowest, highest = min(finite, default=None), max(finite, default=None)
    if lowest is not None:
        low = lowest if low is None else min(low, lowest)
        high = highest if high is None else max(high, highest)
    return n + len(rows), step, ts, value, word, low, high


def word_of(value: float) -> str:
    """Return the word for a value that no column can hold, "" for a plain number."""
    if math.isfinite(value):
        return ""
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _sorted_as(value: float | None, word: str) -> float:
    number = WORDS.get(word, -math.inf) if value is None else value
    # Nothing compares with NaN: let any other value at the same step and time take its place.
    return -math.inf if math.isnan(number) else number


def _packed(columns: tuple[tuple[Any, ...], ...]) -> bytes:
    packed = [array.array(kind, each) for kind, each in zip("qdd", columns, strict=True)]
    if sys.byteorder == "big":
        for column in packed:
            column.byteswap()
    return b"".join(column.tobytes() for column in packed)


def unpacked(n: int, data: Any) -> Iterable[Row]:
    """Return the rows of a segment."""
    return zip(*_columns(n, data), strict=True)


def _columns(n: int, data: Any) -> list[array.array[Any]]:
    whole, width = bytes(data), n * 8
    columns = [array.array(kind) for kind in "qdd"]
    for index, column in enumerate(columns):
        column.frombytes(whole[index * width : (index + 1) * width])
        if sys.byteorder == "big":
            column.byteswap()
    return columns


def _merge(series_id: int) -> None:
    """Join a series' small segments into one, so that a metric logged point by point reads fast."""
    small = MetricSegment.objects.filter(series=series_id, n__lt=SHORT).order_by("-pk")
    found = list(small.values_list("pk", "n", "data")[: 4 * MERGE_EVERY])
    if len(found) < MERGE_EVERY // 2:
        return
    rows = sorted({row for _, n, data in found for row in unpacked(n, data)})
    MetricSegment.objects.filter(pk__in=[pk for pk, _, _ in found]).delete()
    data = _packed(tuple(zip(*rows, strict=True)))
    MetricSegment.objects.create(series_id=series_id, first_step=rows[0][0], n=len(rows), data=data)


def read(*, run_id: int, key: str) -> list[Row]:
    """Return every point of a series by step, time and value, each once however often it was sent."""
    rows: list[Row] = []
    for n, data in _segments(run_id, key):
        rows.extend(unpacked(n, data))
    rows = list(dict.fromkeys(rows))
    rows.sort()
    return rows


def read_by_time(*, run_id: int, key: str) -> list[tuple[float, int, float]]:
    """Return every point of a series as time, step and value, in this order, each once."""
    rows: list[tuple[float, int, float]] = []
    for n, data in _segments(run_id, key):
        steps, ts, values = _columns(n, data)
        rows.extend(zip(ts, steps, values, strict=True))
    rows = list(dict.fromkeys(rows))
    rows.sort()
    return rows


def _segments(run_id: int, key: str) -> Iterable[tuple[int, Any]]:
    found = MetricSegment.objects.filter(series__run=run_id, series__key=key)
    return found.order_by("first_step", "pk").values_list("n", "data")
