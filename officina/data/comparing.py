"""What differs between two tables: columns, rows and how the values are spread."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from officina.modules import preview

# Rows are matched by a hash of their cells; above this only their number is compared.
MOST_ROWS = 2_000_000
MOST_COLUMNS = 500
EXAMPLES = 20
BINS = 20
TOP = 50
SHIFTED = 0.1


def diff(old: Path, new: Path) -> dict[str, Any]:
    """Return `{"columns", "rows", "distributions"}` of two Parquet files."""
    with preview.open_table(old) as a, preview.open_table(new) as b:
        before = {c["name"]: c["type"] for c in preview.describe_columns(a, {})}
        after = {c["name"]: c["type"] for c in preview.describe_columns(b, {})}
        counts = (a.metadata.num_rows, b.metadata.num_rows)
        common = [name for name in after if name in before]
        same = [name for name in common if before[name] == after[name]]
        return {
            "columns": {
                "added": [name for name in after if name not in before],
                "removed": [name for name in before if name not in after],
                "retyped": [
                    {"name": n, "from": before[n], "to": after[n]} for n in common if n not in same
                ],
            },
            "rows": {"before": counts[0], "after": counts[1], **_rows(a, b, same, counts)},
            "distributions": [_spread(a, b, name) for name in same[:MOST_COLUMNS]],
        }


def _rows(
    a: pq.ParquetFile, b: pq.ParquetFile, names: list[str], counts: tuple[int, int]
) -> dict[str, Any]:
    if max(counts) > MOST_ROWS or not names:
        return {"matched": None}
    old, new = _hashes(a, names), _hashes(b, names)
    gone, come = _only(old, new), _only(new, old)
    shown = names[:50]
    return {
        "matched": len(new) - len(come),
        "removed": len(gone),
        "added": len(come),
        "names": shown,
        "removedRows": [preview.rows_of(a, shown, int(i), 1)[0] for i in gone[:EXAMPLES]],
        "addedRows": [preview.rows_of(b, shown, int(i), 1)[0] for i in come[:EXAMPLES]],
    }


def _hashes(file: pq.ParquetFile, names: list[str]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    from pandas.util import hash_pandas_object

    parts = []
    for batch in file.iter_batches(batch_size=100_000, columns=names):
        frame = pa.table(batch).select(names).to_pandas()
        for name in frame.columns:
            if frame[name].dtype == object:
                frame[name] = frame[name].astype(str)
        parts.append(hash_pandas_object(frame, index=False, categorize=False).to_numpy())
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)


def _only(these: Any, those: Any) -> Any:
    """Return the indexes of what is in `these` more often than in `those`."""
    order = np.argsort(these, kind="stable")
    ordered = these[order]
    first = np.searchsorted(ordered, ordered, side="left")
    nth = np.arange(len(ordered)) - first
    other = np.sort(those)
    has = np.searchsorted(other, ordered, "right") - np.searchsorted(other, ordered, "left")
    return np.sort(order[nth >= has])


def _spread(a: pq.ParquetFile, b: pq.ParquetFile, name: str) -> dict[str, Any]:
    old, new = (file.read(columns=[name], use_threads=False)[name] for file in (a, b))
    found: dict[str, Any] = {
        "name": name,
        "missing": [_share(old.null_count, len(old)), _share(new.null_count, len(new))],
    }
    if pa.types.is_nested(old.type):
        return found | {"shift": None}
    if pa.types.is_integer(old.type) or pa.types.is_floating(old.type):
        return found | _numbers(_floats(old), _floats(new))
    before, after = Counter(old.to_pylist()), Counter(new.to_pylist())
    names = [value for value, _ in (before + after).most_common(TOP) if value is not None]
    shift = _distance([before[n] for n in names], [after[n] for n in names])
    return found | {"shift": shift, "distinct": [len(before), len(after)]}


def _numbers(old: Any, new: Any) -> dict[str, Any]:
    if not len(old) or not len(new):
        return {"shift": None if len(old) == len(new) else 1.0}
    low, high = min(old.min(), new.min()), max(old.max(), new.max())
    edges = np.linspace(low, high, BINS + 1) if high > low else np.array([low - 0.5, low + 0.5])
    before, after = np.histogram(old, edges)[0], np.histogram(new, edges)[0]
    return {
        "shift": _distance(before, after),
        "mean": [float(old.mean()), float(new.mean())],
        "bars": [before.tolist(), after.tolist()],
    }


def _floats(column: pa.ChunkedArray) -> Any:
    values = column.drop_null().cast(pa.float64(), safe=False).to_numpy()
    return values[np.isfinite(values)]


def _distance(before: Any, after: Any) -> float | None:
    """Return the total variation distance of two counts: 0 alike, 1 nothing in common."""
    p, q = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    if not p.sum() or not q.sum():
        return None
    return float(np.abs(p / p.sum() - q / q.sum()).sum() / 2)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
