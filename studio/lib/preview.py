"""A look into a stored file without running anything of it: pictures, text, JSON, CSV and Parquet."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from studio.lib.files import is_picture

TEXT_BYTES = 256 * 2**10
JSON_BYTES = 2**20
CSV_BYTES = 4 * 2**20
ROWS, COLUMNS, CELL = 200, 100, 200


def preview(*, name: str, size: int, source: BinaryIO) -> dict[str, Any]:
    """Return `{"kind", ...}` for the page: picture, table, text, or why there is nothing to show."""
    suffix = PurePosixPath(name).suffix.lower()
    try:
        if is_picture(name):
            return {"kind": "picture"}
        if suffix == ".parquet":
            return _parquet(source)
        if suffix in {".csv", ".tsv"}:
            return _csv(source, size, "\t" if suffix == ".tsv" else ",")
        if suffix == ".json" and size <= JSON_BYTES:
            text = json.dumps(json.loads(source.read(JSON_BYTES)), indent=2, ensure_ascii=False)
            return {"kind": "text", "text": text[:TEXT_BYTES], "cut": len(text) > TEXT_BYTES}
    except (ValueError, OSError, RecursionError) as error:  # pyarrow's errors are ValueErrors
        source.seek(0)
        shown = _text(source, size)
        return (
            shown
            if shown["kind"] == "text"
            else {"kind": "none", "why": f"It cannot be read as {suffix[1:]}: {error}"[:300]}
        )
    return _text(source, size)


def _text(source: BinaryIO, size: int) -> dict[str, Any]:
    data = source.read(TEXT_BYTES)
    if b"\0" in data[:8192]:
        return {"kind": "none", "why": "It is a binary file; download it to look inside."}
    text = data.decode("utf-8", "replace")
    return {"kind": "text", "text": text, "cut": size > len(data)}


def _parquet(source: BinaryIO) -> dict[str, Any]:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(source)
    names = file.schema_arrow.names
    batch = next(file.iter_batches(batch_size=ROWS, columns=names[:COLUMNS]), None)
    total = file.metadata.num_rows
    if batch is None:
        import pyarrow as pa

        batch = pa.RecordBatch.from_pylist([], schema=pa.schema(list(file.schema_arrow)[:COLUMNS]))
    return _table(batch, total, len(names))


def _csv(source: BinaryIO, size: int, delimiter: str) -> dict[str, Any]:
    import io

    import pyarrow.csv as pc

    data = source.read(CSV_BYTES)
    cut = size > len(data)
    if cut:
        data = data[: data.rfind(b"\n") + 1]
    options = pc.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    table = pc.read_csv(io.BytesIO(data), parse_options=options)
    names = table.column_names
    shown = table.slice(0, ROWS).select(list(range(min(COLUMNS, len(names)))))
    return _table(shown, None if cut else table.num_rows, len(names))


def _table(batch: Any, total: int | None, width: int) -> dict[str, Any]:
    columns = [{"name": field.name, "type": str(field.type)} for field in batch.schema]
    values = [column.to_pylist() for column in batch.columns]
    rows = [[_cell(value) for value in row] for row in zip(*values, strict=True)] if values else []
    return {
        "kind": "table",
        "grid": {"columns": columns, "rows": rows, "total": len(rows)},
        "rows": total,
        "columns": width,
        "shown": len(rows),
    }


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    return str(value)[:CELL]
