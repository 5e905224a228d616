"""How the number columns of a table go together; pyarrow and numpy only, no copy in pandas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from officina.modules import preview

if TYPE_CHECKING:
    Matrix = np.ndarray[Any, np.dtype[np.float64]]

ROWS = 100_000
MOST_COLUMNS = 60
MOST_PAIRS = 30


def correlations(path: Path, name: str) -> dict[str, Any]:
    """Return Pearson's correlation of the first 60 number columns, and the strongest pairs.

    As pandas does, each pair is worked out from the rows in which both values are there.
    """
    with preview.open_table(path, name) as table:
        names = [
            column["name"]
            for column in preview.describe_columns(table, {})
            if column["type"] in ("integer", "number", "boolean")
        ][:MOST_COLUMNS]
        batch = next(table.iter_batches(batch_size=ROWS, columns=names), None) if names else None
        if batch is None or batch.num_rows < 3:
            return {"names": names, "pairs": [], "matrix": [], "rows": 0}
        values = np.column_stack([_floats(batch[each]) for each in names])
    found = pearson(values)
    pairs = [
        (names[i], names[j], float(found[i, j]))
        for i in range(len(names))
        for j in range(i)
        if np.isfinite(found[i, j])
    ]
    pairs.sort(key=lambda pair: -abs(pair[2]))
    matrix = [[round(float(v), 4) if np.isfinite(v) else None for v in row] for row in found]
    return {"names": names, "pairs": pairs[:MOST_PAIRS], "matrix": matrix, "rows": len(values)}


def pearson(values: Matrix) -> Matrix:
    """Return the correlation of columns; NaN is a missing value, and what does not vary has none."""
    known = np.isfinite(values)
    with np.errstate(all="ignore"):
        # Centred first: sums of squares of large numbers would lose the small differences.
        if known.all():
            middle = values.mean(axis=0)
            centred = values - middle
            together = centred.T @ centred
            squares = np.repeat(np.diag(together)[:, None], len(together), axis=1)
        else:
            middle = np.where(known, values, 0).sum(axis=0) / known.sum(axis=0)
            centred = np.where(known, values - middle, 0)
            weights = known.astype(np.float64)
            both = weights.T @ weights
            sums = centred.T @ weights
            squares = (centred**2).T @ weights - sums**2 / both
            together = centred.T @ centred - sums * sums.T / both
        found = together / np.sqrt(squares * squares.T)
        spread = np.sqrt(np.diag(squares) / len(values))
        # What rounding alone makes of equal values is no spread.
        flat = spread <= 1e-12 * np.maximum(np.abs(middle), 1e-300)
    found[flat, :] = np.nan
    found[:, flat] = np.nan
    result: Matrix = np.clip(found, -1, 1)
    return result


def _floats(column: pa.Array) -> Matrix:
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    numbers = column.cast(pa.float64(), safe=False)
    # The buffers themselves: `to_numpy` and a filled NaN would import pandas.
    valid, data = numbers.buffers()
    part = slice(numbers.offset, numbers.offset + len(numbers))
    found: Matrix = np.frombuffer(data, dtype=np.float64)[part]
    if numbers.null_count:
        there = np.unpackbits(np.frombuffer(valid, dtype=np.uint8), bitorder="little")[part]
        found = np.where(there == 1, found, np.nan)
    return found
