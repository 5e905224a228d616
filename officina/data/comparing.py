"""What differs between two tables: columns, rows and how the values are spread."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from officina.data.guessing import is_id_name
from officina.modules import preview
from officina.modules.errors import column_not_found

# Rows are matched by a hash of their cells; above this only their number is compared.
MOST_ROWS = 2_000_000
MOST_COLUMNS = 500
EXAMPLES = 20
BINS = 20
TOP = 50
KEYS_TRIED = 3
COLUMNS_COUNTED = 200


def diff(old: Path, new: Path, key: str = "") -> dict[str, Any]:
    """Return `{"columns", "rows", "distributions"}` of two Parquet files.

    Rows are matched by the column `key`, which then tells changed rows from new ones; without one,
    by a column that looks like an id and tells rows apart, or else as wholes.
    """
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
            "rows": {"before": counts[0], "after": counts[1], **_rows(a, b, same, counts, key)},
            "distributions": [_spread(a, b, name) for name in same[:MOST_COLUMNS]],
        }


def _rows(
    a: pq.ParquetFile, b: pq.ParquetFile, names: list[str], counts: tuple[int, int], key: str
) -> dict[str, Any]:
    if key and key not in names:
        raise column_not_found(key, names, where="key")
    if max(counts) > MOST_ROWS or not names:
        return {"matched": None, "key": ""}
    chosen = key or _likely_key(a, b, names)
    old, new = _hashes(a, names), _hashes(b, names)
    if chosen:
        return _by_key(a, b, names, (old, new), chosen)
    gone, come = _only(old, new), _only(new, old)
    return {"matched": len(new) - len(come), "key": "", **_told(a, b, names, gone, come)}


def _told(
    a: pq.ParquetFile, b: pq.ParquetFile, names: list[str], gone: Any, come: Any
) -> dict[str, Any]:
    shown = names[:50]
    return {
        "removed": len(gone),
        "added": len(come),
        "names": shown,
        "removedRows": _examples(a, shown, gone),
        "addedRows": _examples(b, shown, come),
    }


def _examples(file: pq.ParquetFile, names: list[str], places: Any) -> list[list[Any]]:
    return [preview.rows_of(file, names, int(place), 1)[0] for place in places[:EXAMPLES]]


def _likely_key(a: pq.ParquetFile, b: pq.ParquetFile, names: list[str]) -> str:
    """Return a column that is named like an id and tells the rows of both tables apart."""
    for name in [each for each in names if is_id_name(each)][:KEYS_TRIED]:
        hashes = [_hashes(file, [name]) for file in (a, b)]
        if all(len(np.unique(each)) == len(each) > 0 for each in hashes):
            return name
    return ""


def _by_key(
    a: pq.ParquetFile, b: pq.ParquetFile, names: list[str], whole: tuple[Any, Any], key: str
) -> dict[str, Any]:
    """Match rows by a key; of rows that have one key the first counts."""
    keys = [np.unique(_hashes(file, [key]), return_index=True) for file in (a, b)]
    (ka, ia), (kb, ib) = keys
    _, at_a, at_b = np.intersect1d(ka, kb, assume_unique=True, return_indices=True)
    old, new = ia[at_a], ib[at_b]
    other = whole[0][old] != whole[1][new]
    old, new = old[other], new[other]
    order = np.argsort(new)
    old, new = old[order], new[order]
    gone = np.sort(np.delete(ia, at_a))
    come = np.sort(np.delete(ib, at_b))
    shown = names[:50]
    return {
        "key": key,
        "matched": len(at_a) - len(new),
        "repeated": [len(whole[0]) - len(ka), len(whole[1]) - len(kb)],
        "changed": len(new),
        "changedColumns": _changed_columns(a, b, names, old, new),
        "changedRows": [
            {"before": before, "after": after}
            for before, after in zip(
                _examples(a, shown, old), _examples(b, shown, new), strict=True
            )
        ],
        **_told(a, b, names, gone, come),
    }  # fmt: skip


def _changed_columns(
    a: pq.ParquetFile, b: pq.ParquetFile, names: list[str], old: Any, new: Any
) -> list[dict[str, Any]]:
    """Count in how many of the changed rows each column differs, the most first."""
    if not len(old):
        return []
    found = [
        {"name": name, "count": int((_hashes(a, [name])[old] != _hashes(b, [name])[new]).sum())}
        for name in names[:COLUMNS_COUNTED]
    ]
    found.sort(key=lambda each: -int(str(each["count"])))
    return [each for each in found if each["count"]]


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
