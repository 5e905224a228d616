"""A dataset shown in the portal: its rows by windows, types, missing values and histograms.

Only pyarrow and numpy are used, and nothing is unpickled, so a server process may call it. `file`
is a path, or something that opens the bytes anew (a stored blob): each thread reads on its own.
"""

from __future__ import annotations

import datetime
import decimal
import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from officina.modules.errors import EMPTY_INPUT, INVALID_DATA, column_not_found, module_error
from officina.modules.tables import DATA, read_roles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Roles = Mapping[str, Mapping[str, Any]]

Source = Path | Callable[[], BinaryIO]

MAX_COLUMNS = 100
MAX_ROWS = 1_000
MAX_TEXT = 1_000
BINS = 20
TOP = 10
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def preview(
    path: Path, start: int = 0, rows: int = 50, columns: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return rows `start` to `start + rows` and a profile of each shown column.

    `rows` and `columns` of the answer are the true counts; at most 100 columns and 1,000 rows
    are shown. Everything in it can be written as JSON; NaN and infinities are words.
    """
    path = Path(path)
    file = path / DATA if path.is_dir() else path
    with open_table(file) as table:
        names = table.schema_arrow.names
        shown = known_columns(names, columns)[:MAX_COLUMNS]
        return {
            "rows": table.metadata.num_rows,
            "columns": len(names),
            "start": max(0, start),
            "shown": shown,
            "profile": profiles(file, shown, read_roles(file.parent)),
            "data": rows_of(table, shown, start, rows),
        }


def open_table(file: Source, name: str = "") -> pq.ParquetFile:
    """Open a Parquet file; what is none, or is not there, is a numbered error."""
    where = name or (file.parent.name if isinstance(file, Path) else "dataset")
    try:
        # A local file gives the pages that are wanted; reading whole chunks ahead costs 7 times as much.
        is_local = isinstance(file, Path)
        return pq.ParquetFile(file if isinstance(file, Path) else file(), pre_buffer=not is_local)
    except FileNotFoundError as error:
        raise module_error(
            EMPTY_INPUT,
            "There is no table here.",
            where=where,
            hint="Wait for the step to finish, or run it again.",
        ) from error
    except (pa.ArrowInvalid, OSError) as error:
        raise module_error(
            INVALID_DATA,
            f"The table cannot be read: {error}",
            where=where,
            hint="Its file is damaged: run the step again, or upload the file again.",
        ) from error


def known_columns(names: Sequence[str], wanted: Sequence[str] | None) -> list[str]:
    """Return the wanted columns, all when None; an unknown one is refused with the nearest."""
    present = set(names)
    for name in wanted or ():
        if name not in present:
            raise column_not_found(name, names, where="columns")
    return list(names if wanted is None else wanted)


def describe_columns(table: pq.ParquetFile, roles: Roles) -> list[dict[str, Any]]:
    """Return name, type and role of every column, from the file's footer alone."""
    return describe_schema(table.schema_arrow, roles)


def describe_schema(schema: pa.Schema, roles: Roles) -> list[dict[str, Any]]:
    """Return name, type and role of every column of a schema."""
    return [_described(field.name, field.type, roles) for field in schema]


def _described(name: str, kind: pa.DataType, roles: Roles) -> dict[str, Any]:
    role = roles.get(name, {})
    coded = pa.types.is_dictionary(kind)
    return {
        "name": name,
        "type": _type_name(kind.value_type if coded else kind),
        "role": role.get("role") or "feature",
        "categorical": bool(role.get("categorical", coded)),
    }


def rows_of(table: pq.ParquetFile, names: Sequence[str], start: int, count: int) -> list[list[Any]]:
    """Return rows of the named columns; only the row groups that hold them are read."""
    start, count = max(0, start), min(max(0, count), MAX_ROWS)
    found: list[list[Any]] = []
    before = 0
    for group in range(table.metadata.num_row_groups):
        size = table.metadata.row_group(group).num_rows
        if before + size > start and len(found) < count:
            skipped, wanted = max(0, start - before), count - len(found)
            found.extend(_rows_of_group(table, group, names, skipped, wanted))
        before += size
    return found


def _rows_of_group(
    table: pq.ParquetFile, group: int, names: Sequence[str], skipped: int, wanted: int
) -> list[list[Any]]:
    """Return rows of one row group, which may hold a million: no more is decoded than is needed."""
    found: list[list[Any]] = []
    size = max(1_024, wanted) if not skipped else 65_536
    for batch in table.iter_batches(batch_size=size, row_groups=[group], columns=list(names)):
        if skipped >= batch.num_rows:
            skipped -= batch.num_rows
            continue
        part = pa.Table.from_batches([batch]).slice(skipped, wanted - len(found))
        skipped = 0
        found.extend(cells_of(part, names))
        if len(found) >= wanted:
            break
    return found


def cells_of(table: pa.Table, names: Sequence[str]) -> list[list[Any]]:
    """Return the rows of the named columns, each cell as JSON can carry it."""
    cells = [
        [_cell(value) for value in _without_nanoseconds(table[name]).to_pylist()] for name in names
    ]
    return [list(row) for row in zip(*cells, strict=True)]


def profiles(file: Source, names: Sequence[str], roles: Roles) -> list[dict[str, Any]]:
    """Describe columns with their statistics, in the order given."""
    # Sorting leaves the interpreter lock, so two columns are worked on at a time.
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(lambda name: profile_column(file, name, roles), names))


def profile_column(file: Source, name: str, roles: Roles) -> dict[str, Any]:
    """Describe one column; columns are read one at a time to keep memory low."""
    with open_table(file) as source:  # one for each thread: readers cannot be shared
        column = source.read(columns=[name], use_threads=False)[name]
    return {**_described(name, column.type, roles), **_statistics(column)}


def _statistics(column: pa.ChunkedArray) -> dict[str, Any]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    missing = column.null_count
    kind = column.type
    names = ("distinct", "min", "max", "mean", "median", "std", "quantiles", "histogram", "top")
    empty: dict[str, Any] = dict.fromkeys(names)
    if pa.types.is_nested(kind):
        return {"missing": missing} | empty
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = _array(column.drop_null().cast(pa.float64(), safe=False), np.float64)
        not_numbers = np.isnan(values)
        missing += int(not_numbers.sum())
        return {"missing": missing} | empty | _numbers(values[~not_numbers])
    return {"missing": missing} | empty | _values(column)


def _numbers(values: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
    values = np.sort(values)
    found: dict[str, Any] = {"distinct": int((values[1:] != values[:-1]).sum()) + bool(len(values))}
    if len(values) and not (np.isfinite(values[0]) and np.isfinite(values[-1])):
        values = values[np.isfinite(values)]
    if not len(values):
        return found
    with np.errstate(over="ignore", invalid="ignore"):
        found |= {
            "min": float(values[0]),
            "max": float(values[-1]),
            "mean": _cell(float(values.mean())),
            "median": _cell(_median(values)),
            "quantiles": [_cell(_quantile(values, share)) for share in QUANTILES],
            "std": _cell(float(values.std(ddof=1))) if len(values) > 1 else None,
            "histogram": _histogram(values),
        }
    return found


def _histogram(ordered: np.ndarray[Any, np.dtype[np.float64]]) -> list[dict[str, Any]] | None:
    """Count sorted values in 20 bins as numpy.histogram does: the last one includes its end."""
    low, high = float(ordered[0]), float(ordered[-1])
    if low == high:
        low, high = low - 0.5, high + 0.5
    if not math.isfinite(high - low):  # the values lie further apart than a float can tell
        return None
    edges = np.linspace(low, high, BINS + 1)
    # The values are sorted already: 21 searches instead of a pass over all of them.
    places = np.searchsorted(ordered, edges, side="left")
    places[0], places[-1] = 0, len(ordered)
    return [
        {"from": float(edges[i]), "to": float(edges[i + 1]), "count": int(n)}
        for i, n in enumerate(np.diff(places))
    ]


def _quantile(ordered: np.ndarray[Any, np.dtype[np.float64]], share: float) -> float:
    """Interpolate between neighbours as numpy.quantile does; the values are sorted already."""
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    below, above = float(ordered[low]), float(ordered[min(low + 1, len(ordered) - 1)])
    return below + (place - low) * (above - below)


def _median(ordered: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    middle = len(ordered) // 2
    return float(ordered[middle] if len(ordered) % 2 else ordered[middle - 1 : middle + 1].mean())


def _values(column: pa.ChunkedArray) -> dict[str, Any]:
    """Count the most frequent values; times have a first and a last one too."""
    column = _without_nanoseconds(column.drop_null())
    counted = pc.value_counts(column)
    order = _greatest(_array(counted.field("counts"), np.int64))
    # One by one: `take` would make a pyarrow array of the list, and that imports pandas.
    top = [counted[int(index)] for index in order]
    found: dict[str, Any] = {
        "distinct": len(counted),
        "top": [
            {"value": _short(item["values"].as_py()), "count": item["counts"].as_py()}
            for item in top
        ],
    }
    if pa.types.is_temporal(column.type) and len(column):
        ends = pc.min_max(column)
        found |= {"min": _cell(ends["min"].as_py()), "max": _cell(ends["max"].as_py())}
    return found


def _greatest(counts: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, Any]:
    """Return where the greatest counts are, the first of equal ones first."""
    if len(counts) > 1_000:  # a million ids need no sorting
        least = np.partition(counts, -TOP)[-TOP]
        near = np.flatnonzero(counts >= least)
        more = near[counts[near] > least]
        near = np.concatenate([more, near[counts[near] == least][: TOP - len(more)]])
        near.sort()
    else:
        near = np.arange(len(counts))
    return near[np.argsort(-counts[near], kind="stable")[:TOP]]


def _short(value: Any) -> Any:
    shown = _cell(value)
    return shown[:100] if isinstance(shown, str) else shown


def _array(column: pa.Array | pa.ChunkedArray, kind: type[np.generic]) -> np.ndarray[Any, Any]:
    """Return numbers without missing ones as numpy sees them; `to_numpy` would import pandas."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype=kind)[chunk.offset : chunk.offset + len(chunk)]
        for chunk in chunks
        if len(chunk)
    ]
    return np.concatenate(parts) if parts else np.empty(0, dtype=kind)


def _without_nanoseconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Round times to what Python can hold; pyarrow would import pandas for nanoseconds."""
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return column.cast(pa.timestamp("us", kind.tz), safe=False)
    return column


def _type_name(kind: pa.DataType) -> str:
    names = (
        ("boolean", pa.types.is_boolean),
        ("integer", pa.types.is_integer),
        ("number", pa.types.is_floating),
        ("number", pa.types.is_decimal),
        ("datetime", pa.types.is_temporal),
    )
    return next((name for name, check in names if check(kind)), "string")


def _cell(value: Any) -> Any:
    """Return a cell as JSON can carry it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "…"
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value[:MAX_TEXT].hex()
    if isinstance(value, decimal.Decimal):
        return float(value)
    return json.dumps(value, default=str, ensure_ascii=False)[:MAX_TEXT]
