"""A dataset shown in the portal: its first rows, types, missing values and histograms.

Only pyarrow and numpy are used, and nothing is unpickled, so a server process may call it.
"""

from __future__ import annotations

import datetime
import decimal
import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from officina.modules.errors import EMPTY_INPUT, INVALID_DATA, column_not_found, module_error
from officina.modules.tables import DATA, read_roles

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_COLUMNS = 100
MAX_ROWS = 1_000
MAX_TEXT = 1_000
BINS = 20
TOP = 10


def preview(
    path: Path, start: int = 0, rows: int = 50, columns: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return rows `start` to `start + rows` and a profile of each shown column.

    `rows` and `columns` of the answer are the true counts; at most 100 columns and 1,000 rows
    are shown. Everything in it can be written as JSON; NaN and infinities are words.
    """
    path = Path(path)
    file = path / DATA if path.is_dir() else path
    try:
        source = pq.ParquetFile(file)
    except FileNotFoundError as error:
        raise module_error(
            EMPTY_INPUT,
            "There is no table here.",
            where=path.name,
            hint="Wait for the step to finish, or run it again.",
        ) from error
    except (pa.ArrowInvalid, OSError) as error:
        raise module_error(
            INVALID_DATA,
            f"The table cannot be read: {error}",
            where=path.name,
            hint="Run it again.",
        ) from error
    with source:
        names = source.schema_arrow.names
        shown = _shown(names, columns)
        roles = read_roles(file.parent)
        start = max(0, start)
        head = _rows(source, shown, start, min(max(0, rows), MAX_ROWS))
        # Sorting leaves the interpreter lock, so two columns are profiled at a time.
        with ThreadPoolExecutor(max_workers=2) as pool:
            profiles = list(pool.map(lambda name: _profile(file, name, roles.get(name, {})), shown))
        return {
            "rows": source.metadata.num_rows,
            "columns": len(names),
            "start": start,
            "shown": shown,
            "profiles": profiles,
            "data": head,
        }


def _shown(names: list[str], columns: Sequence[str] | None) -> list[str]:
    for name in columns or ():
        if name not in names:
            raise column_not_found(name, names, where="columns")
    return list(columns if columns is not None else names)[:MAX_COLUMNS]


def _rows(source: pq.ParquetFile, names: list[str], start: int, count: int) -> list[list[Any]]:
    """Read only the row groups that hold these rows."""
    found: list[list[Any]] = []
    before = 0
    for group in range(source.metadata.num_row_groups):
        size = source.metadata.row_group(group).num_rows
        if before + size > start and len(found) < count:
            table = source.read_row_group(group, columns=names)
            part = table.slice(max(0, start - before), count - len(found))
            cells = [
                [_cell(value) for value in _without_nanoseconds(part[name]).to_pylist()]
                for name in names
            ]
            found.extend([list(row) for row in zip(*cells, strict=True)])
        before += size
    return found


def _profile(file: Path, name: str, role: dict[str, Any]) -> dict[str, Any]:
    """Describe one column; columns are read one at a time to keep memory low."""
    with pq.ParquetFile(file) as source:  # one for each thread: readers cannot be shared
        column = source.read(columns=[name], use_threads=False)[name]
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
        role = {"categorical": True} | role
    missing = column.null_count
    number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    profile: dict[str, Any] = {
        "name": name,
        "type": _type_name(column.type),
        "role": role.get("role", "feature"),
        "categorical": bool(role.get("categorical", False)),
        "missing": missing,
    }
    if number or pa.types.is_decimal(column.type):
        values = _array(column.drop_null().cast(pa.float64(), safe=False), np.float64)
        profile["missing"] += int(np.isnan(values).sum())
        return profile | _numbers(values[~np.isnan(values)])
    return profile | _texts(column)


def _numbers(values: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
    values = np.sort(values)
    found: dict[str, Any] = {"unique": int((values[1:] != values[:-1]).sum()) + bool(len(values))}
    finite = values[np.isfinite(values)]
    if not len(finite):
        return found | {"histogram": None}
    with np.errstate(over="ignore", invalid="ignore"):
        found["statistics"] = {
            "mean": _cell(float(finite.mean())),
            "median": _cell(_median(finite)),
            "min": float(finite[0]),
            "max": float(finite[-1]),
            "standard_deviation": _cell(float(finite.std(ddof=1))) if len(finite) > 1 else None,
        }
        try:
            counts, edges = np.histogram(finite, bins=BINS)
        except ValueError:  # the values lie further apart than a float can tell
            return found | {"histogram": None}
    histogram = {"kind": "bins", "counts": counts.tolist(), "edges": edges.tolist()}
    return found | {"histogram": histogram}


def _median(ordered: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    middle = len(ordered) // 2
    return float(ordered[middle] if len(ordered) % 2 else ordered[middle - 1 : middle + 1].mean())


def _texts(column: pa.ChunkedArray) -> dict[str, Any]:
    """Count the most frequent values."""
    if pa.types.is_nested(column.type):
        return {"unique": None, "histogram": None}
    counted = pc.value_counts(_without_nanoseconds(column.drop_null()))
    order = np.argsort(-_array(counted.field("counts"), np.int64), kind="stable")[:TOP]
    # One by one: `take` would make a pyarrow array of the list, and that imports pandas.
    top = [counted[int(index)] for index in order]
    histogram = {
        "kind": "values",
        "labels": [str(_cell(item["values"].as_py()))[:100] for item in top],
        "counts": [item["counts"].as_py() for item in top],
    }
    return {"unique": len(counted), "histogram": histogram if len(counted) else None}


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
        ("numeric", pa.types.is_floating),
        ("numeric", pa.types.is_decimal),
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
