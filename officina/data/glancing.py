"""The first rows of a file that a page shows, read by a child process whatever the file claims to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from officina.data import reading
from officina.modules import preview

CELL = 200


def glance(*, path: str, name: str, cut: bool, rows: int, columns: int) -> dict[str, Any]:
    """Return `{"columns", "rows", "total", "width", "notes"}` of a file; with `cut` it is only the head of one."""
    if reading.kind_of(name)[0] == ".parquet":
        reading.check_parquet(Path(path), name)
        with preview.open_table(Path(path), name) as file:
            return _of_parquet(file, rows, columns)
    table, said = reading.read_text(Path(path).read_bytes(), name, cut=cut)
    whole = not (cut or said.get("cut"))
    shown = table.select(table.column_names[:columns]).slice(0, rows)
    return _shape(shown, table.num_rows if whole else None, table.num_columns, said)


def _of_parquet(file: pq.ParquetFile, rows: int, columns: int) -> dict[str, Any]:
    names = file.schema_arrow.names
    fields = list(file.schema_arrow)[:columns]
    batch = next(file.iter_batches(batch_size=rows, columns=names[:columns]), None)
    table = pa.Table.from_batches([batch] if batch is not None else [], schema=pa.schema(fields))
    return _shape(table, file.metadata.num_rows, len(names), {})


def _shape(table: pa.Table, total: int | None, width: int, said: dict[str, Any]) -> dict[str, Any]:
    cells = preview.cells_of(table, table.column_names)
    return {
        "columns": [{"name": field.name, "type": str(field.type)} for field in table.schema],
        "rows": [[_short(cell) for cell in row] for row in cells],
        "total": total,
        "width": width,
        "said": said,
    }


def _short(cell: Any) -> Any:
    return cell[:CELL] if isinstance(cell, str) else cell
