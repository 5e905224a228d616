"""Rows of a database as one Parquet file: batch by batch, never all in memory."""

from __future__ import annotations

import datetime
import decimal
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from officina.errors import StudioError

Batch = tuple[list[str], list[Any]]


def write_rows(
    batches: Iterable[Batch], file: Path, *, tell: Callable[[int], None] = lambda rows: None
) -> tuple[int, list[str]]:
    """Write rows to a Parquet file; return how many there were, and what was done to their types.

    A batch tells a column's type by its values, and a later one may know better (all nulls first,
    then numbers; whole numbers, then fractions). Batches of one schema share a part; parts that
    differ are brought to their common schema in a second pass.
    """
    parts: list[tuple[Path, pa.Schema]] = []
    writer: Any = None
    notes: dict[str, None] = {}
    count = 0
    try:
        for names, rows in batches:
            table = _table(names, rows, notes)
            if writer is None or table.schema != writer.schema:
                if writer is not None:
                    writer.close()
                part = file.with_suffix(f".{len(parts)}.part")
                parts.append((part, table.schema))
                writer = pq.ParquetWriter(part, table.schema, compression="zstd")
            writer.write_table(table)
            count += len(rows)
            tell(count)
        if writer is not None:
            writer.close()
            writer = None
        _join(parts, file, notes)
    finally:
        if writer is not None:
            writer.close()
        for part, _ in parts:
            part.unlink(missing_ok=True)
    return count, list(notes)


def _table(names: list[str], rows: list[Any], notes: dict[str, None]) -> pa.Table:
    if len(set(names)) != len(names):
        doubled = next(name for name in names if names.count(name) > 1)
        raise StudioError(
            f"Two columns of the query are called {doubled!r}.", hint="Rename one with AS.",
            where="source.query",
        )  # fmt: skip
    columns: list[Any] = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    arrays = [
        _array(name, list(values), notes) for name, values in zip(names, columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, names=names)


def _array(name: str, values: list[Any], notes: dict[str, None]) -> pa.Array:
    sample = next((value for value in values if value is not None), None)
    if isinstance(sample, decimal.Decimal):
        notes[f"{name}: decimal numbers became floating point ones"] = None
        values = [None if value is None else float(value) for value in values]
    elif isinstance(sample, uuid.UUID):
        values = [None if value is None else str(value) for value in values]
    elif isinstance(sample, dict):
        values = [None if value is None else json.dumps(value, default=str) for value in values]
    elif isinstance(sample, memoryview | bytearray):
        values = [None if value is None else bytes(value) for value in values]
    elif isinstance(sample, datetime.datetime):
        return _moments(name, values, notes)
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        notes[f"{name}: its values have no one type, so they became text"] = None
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def _moments(name: str, values: list[Any], notes: dict[str, None]) -> pa.Array:
    aware = any(value is not None and value.tzinfo is not None for value in values)
    kind = pa.timestamp("us", tz="UTC") if aware else pa.timestamp("us")
    try:
        return pa.array(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        notes[f"{name}: some of its times are out of range, so they became text"] = None
        return pa.array([None if v is None else v.isoformat() for v in values], pa.string())


def _join(parts: list[tuple[Path, pa.Schema]], file: Path, notes: dict[str, None]) -> None:
    if not parts:
        raise StudioError("The query gives no columns.", where="source.query")
    schema = _common([schema for _, schema in parts], notes)
    if len(parts) == 1 and schema == parts[0][1]:
        parts[0][0].replace(file)
        return
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for part, _ in parts:
            for batch in _batches(part):
                writer.write_table(_cast(batch, schema))


def _batches(part: Path) -> Iterator[pa.Table]:
    with pq.ParquetFile(part) as source:
        if source.metadata.num_rows == 0:
            yield source.read()
        # Group by group: one iterator over the whole file keeps what it has read.
        for group in range(source.num_row_groups):
            yield source.read_row_group(group, use_threads=False)


def _common(schemas: list[pa.Schema], notes: dict[str, None]) -> pa.Schema:
    fields = []
    for name in schemas[0].names:
        kinds = list(dict.fromkeys(schema.field(name).type for schema in schemas))
        try:
            kind = pa.unify_schemas(
                [pa.schema([(name, kind)]) for kind in kinds], promote_options="permissive"
            ).field(name).type  # fmt: skip
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            notes[f"{name}: its values have no one type, so they became text"] = None
            kind = pa.string()
        # Nothing but nulls: text takes whatever comes in another version.
        fields.append(pa.field(name, pa.string() if pa.types.is_null(kind) else kind))
    return pa.schema(fields)


def _cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = []
    for field in schema:
        column = table[field.name]
        try:
            columns.append(column.cast(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            texts = [None if v is None else str(v) for v in column.to_pylist()]
            columns.append(pa.chunked_array([pa.array(texts, pa.string())]))
    return pa.Table.from_arrays(columns, schema=schema)
