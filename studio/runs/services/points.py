"""How metric points are stored: packed segments and one summary row for each series, in plain SQL.

Clients send hundreds of single points a second, and batches of a thousand: the statements are few, and written out.
"""

from __future__ import annotations

import array
import math
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from django.conf import settings
from django.db import connection, transaction

from studio.runs.models import MetricSegment

# Step, seconds since 1970, value.
Row = tuple[int, float, float]
Rows = Mapping[str, list[Row]]
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
# Segments shorter than this are joined, each time that so many have come: what takes time is to read many rows.
SHORT, MERGE_EVERY = 32, 128
# A series of more points than this is thinned without being read row by row.
LONG = 20_000
# SQLite's oldest limit on the values of one statement is 999; a new series takes nine.
MOST_KEYS, MOST_ROWS = 900, 100
_turn = threading.Lock()

_RUNS = """
SELECT r.guid, r.workspace_id, r.id, r.deleted, root.guid, r.metrics FROM runs_run r
LEFT JOIN runs_run root ON root.id = r.root_id WHERE r.guid IN ({})"""
_SERIES = """
SELECT run_id, key, n, last_step, last_ts, last_value, last_word, low, high
FROM runs_metricseries WHERE run_id IN ({}) AND key IN ({})"""
_SUMMARIES = """
INSERT INTO runs_metricseries
(n, last_step, last_ts, last_value, last_word, low, high, run_id, key) VALUES {}
ON CONFLICT (run_id, key) DO UPDATE SET n = excluded.n, last_step = excluded.last_step,
last_ts = excluded.last_ts, last_value = excluded.last_value, last_word = excluded.last_word,
low = excluded.low, high = excluded.high RETURNING run_id, key, id"""
_SEGMENTS = "INSERT INTO runs_metricsegment (series_id, first_step, n, data) VALUES {}"
_METRICS = "UPDATE runs_run SET metrics = %s, version = version + 1 WHERE id = %s"


@contextmanager
def writing() -> Iterator[None]:
    """Begin a transaction for what a run reports while it works, its beginning included.

    On SQLite, where one writes at a time, this process's threads wait in line for it: SQLite itself would let them
    sleep for milliseconds between two attempts. PostgreSQL need not have it on disk before the answer goes out, unless
    the administrator asks for that: a crash of ours loses nothing, one of the database server's up to the last half
    second or so, as a power cut does with SQLite. A run's end waits for the disk, and with it all that came before.
    """
    if connection.in_atomic_block:
        with transaction.atomic():
            yield
    elif connection.vendor == "sqlite":
        with _turn, transaction.atomic():
            yield
    else:
        with transaction.atomic():
            if connection.vendor == "postgresql" and not settings.WAIT_FOR_DISK:
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL synchronous_commit = off")
            yield


@dataclass(slots=True)
class LockedRun:
    """A run that nobody else writes metrics into until the transaction ends."""

    guid: str
    workspace_id: int
    pk: int
    deleted: Any
    root_guid: str | None
    metrics: dict[str, Any]


def lock_runs(guids: Iterable[str], *, wait: bool = True) -> dict[str, LockedRun]:
    """Lock runs for the transaction and return what writing metrics needs of them, by their guid.

    Without `wait`, those that another transaction holds are left out.
    """
    wanted = list(guids)
    statement = _RUNS.format(_places(len(wanted)))
    if connection.vendor == "postgresql":
        statement += " FOR NO KEY UPDATE OF r" + (" SKIP LOCKED" if not wait else "")
    with connection.cursor() as cursor:
        cursor.execute(statement, wanted)
        found = cursor.fetchall()
    return {
        guid: LockedRun(guid, workspace_id, pk, deleted, root_guid, orjson.loads(metrics))
        for guid, workspace_id, pk, deleted, root_guid, metrics in found
    }


def write(runs: Iterable[tuple[LockedRun, Rows]]) -> None:
    """Store points of locked runs, with each metric's current value in the run's own row."""
    given = list(runs)
    latest = store({run.pk: rows for run, rows in given})
    with connection.cursor() as cursor:
        for run, _ in given:
            run.metrics.update(latest[run.pk])
            cursor.execute(_METRICS, [orjson.dumps(run.metrics).decode(), run.pk])


def store(given: Mapping[int, Rows]) -> dict[int, dict[str, Any]]:
    """Store points by run and name, of runs that the caller has locked; return each metric's current value."""
    latest: dict[int, dict[str, Any]] = {run_id: {} for run_id in given}
    summaries, segments, crowded = [], [], []
    with connection.cursor() as cursor:
        known = _known(cursor, given)
        for run_id, rows in given.items():
            for key, of_key in rows.items():
                of_key.sort()
                columns = tuple(zip(*of_key, strict=True))
                after = _summarised(known.get((run_id, key)), of_key, columns[2])
                latest[run_id][key] = after[4] or after[3]
                summaries.append((*after, run_id, key))
                n = len(of_key)
                segments.append((run_id, key, of_key[0][0], n, _packed(columns)))
                if n < SHORT and after[0] % (MERGE_EVERY * n) < n:
                    crowded.append((run_id, key))
        ids = {row[:2]: row[2] for row in _many(cursor, _SUMMARIES, summaries)}
        ready = [(ids[run_id, key], *rest) for run_id, key, *rest in segments]
        _many(cursor, _SEGMENTS, ready)
    for name in crowded:
        _merge(ids[name])
    return latest


def _places(n: int) -> str:
    return ", ".join(["%s"] * n)


def _many(cursor: Any, statement: str, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Insert rows with as few statements as there can be, and return what these return."""
    returned: list[tuple[Any, ...]] = []
    for start in range(0, len(rows), MOST_ROWS):
        some = rows[start : start + MOST_ROWS]
        places = ", ".join([f"({_places(len(some[0]))})"] * len(some))
        cursor.execute(statement.format(places), [value for row in some for value in row])
        if "RETURNING" in statement:
            returned += cursor.fetchall()
    return returned


def _known(cursor: Any, given: Mapping[int, Rows]) -> dict[tuple[int, str], tuple[Any, ...]]:
    """Return the series of these runs and names, and of no fewer: their rows from `n` on."""
    found: dict[tuple[int, str], tuple[Any, ...]] = {}
    keys = list({key: None for rows in given.values() for key in rows})
    for start in range(0, len(keys), MOST_KEYS - len(given)):
        some = keys[start : start + MOST_KEYS - len(given)]
        statement = _SERIES.format(_places(len(given)), _places(len(some)))
        cursor.execute(statement, [*given, *some])
        found |= {row[:2]: row[2:] for row in cursor.fetchall()}
    return found


def _summarised(
    known: tuple[Any, ...] | None, rows: list[Row], values: tuple[Any, ...]
) -> tuple[Any, ...]:
    """Return n, last step, time, value and word, lowest and highest of a series with these rows, which are in order."""
    n, step, ts, value, word, low, high = known or (0, 0, 0.0, None, "", None, None)
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


def read_thinned(*, run_id: int, key: str, points: int) -> list[Row]:
    """Return about `points` points of a series by step, the first, last, lowest and highest of each stretch among them.

    Of a long series only these are taken from its segments: a million points are looked at in columns, not as rows.
    """
    segments = list(_segments(run_id, key))
    n = sum(each[0] for each in segments)
    if n <= max(LONG, points) or points < 4:
        return thin(read(run_id=run_id, key=key), points)
    size = math.ceil(n / (points // 4))
    rows: set[Row] = set()
    for count, data in segments:
        steps, ts, values = _columns(count, data)
        for start in range(0, count, size):
            for at in _telling(values[start : start + size]):
                rows.add((steps[start + at], ts[start + at], values[start + at]))
    return thin(sorted(rows), points)


def thin(rows: list[Row], points: int) -> list[Row]:
    """Keep first, last, lowest and highest of each bucket, so that no spike is lost."""
    if len(rows) <= points or points < 4:
        return rows
    size = math.ceil(len(rows) / (points // 4))
    kept: list[Row] = []
    for start in range(0, len(rows), size):
        bucket = rows[start : start + size]
        kept.extend(bucket[at] for at in sorted(_telling([row[2] for row in bucket])))
    return kept


def _telling(values: Sequence[float]) -> set[int]:
    """Return where the first, the last, the lowest and the highest value stand."""
    chosen = {0, len(values) - 1}
    if math.isfinite(sum(values)):
        return chosen | {values.index(min(values)), values.index(max(values))}
    finite = [at for at, value in enumerate(values) if math.isfinite(value)]
    if finite:
        chosen |= {min(finite, key=values.__getitem__), max(finite, key=values.__getitem__)}
    return chosen


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
