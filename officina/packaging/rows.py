"""Rows of input in any of the JSON forms that people and clients send."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_ROWS = 100_000
# What a document may wrap its rows in: Azure's, MLflow's and TensorFlow Serving's words.
WRAPPERS = (
    "input_data", "dataframe_split", "dataframe_records", "inputs", "instances", "Inputs", "data", "WebServiceInput0",
)  # fmt: skip


class NotRows(ValueError):
    """The text or document holds no rows."""


@dataclass(frozen=True)
class Rows:
    """Rows of cells; `columns` is None where the cells have no names."""

    columns: tuple[str, ...] | None
    data: tuple[tuple[Any, ...], ...]

    def __len__(self) -> int:
        return len(self.data)

    @property
    def width(self) -> int:
        """Return the number of cells of a row."""
        return len(self.data[0]) if self.data else len(self.columns or ())

    def column(self, place: int) -> list[Any]:
        """Return the cells of one column."""
        return [row[place] for row in self.data]

    def arranged(self, wanted: Sequence[str]) -> Rows:
        """Return just these columns in this order; rows without names are taken as they come."""
        if self.columns is None:
            if self.width != len(wanted):
                raise NotRows(
                    f"Each row has {self.width} cells; the model takes {len(wanted)}: "
                    f"{', '.join(wanted[:20])}."
                )
            return Rows(tuple(wanted), self.data)
        places = {name: place for place, name in enumerate(self.columns)}
        missing = [name for name in wanted if name not in places]
        if missing:
            raise NotRows(
                f"There is no column {missing[0]!r}; the model takes {', '.join(wanted[:20])}."
            )
        chosen = [places[name] for name in wanted]
        return Rows(tuple(wanted), tuple(tuple(row[at] for at in chosen) for row in self.data))

    def repeated(self, count: int) -> Rows:
        """Return so many rows, these over and over."""
        times = -(-count // max(1, len(self.data)))
        return Rows(self.columns, (self.data * times)[:count])

    def as_split(self) -> dict[str, Any]:
        """Return the rows as `{"columns", "data"}`, the form in which samples are kept."""
        found: dict[str, Any] = {} if self.columns is None else {"columns": list(self.columns)}
        return found | {"data": [list(row) for row in self.data]}


def read(given: Any) -> Rows:
    """Return the rows of a JSON text, bytes or document; raise NotRows for anything else."""
    if isinstance(given, str | bytes | bytearray):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError) as error:
            raise NotRows(f"The input is no JSON: {error}") from error
    rows = _rows(given, 0)
    if not rows.data:
        raise NotRows("The input has no rows.")
    if len(rows.data) > MOST_ROWS:
        raise NotRows(f"The input has {len(rows.data):,} rows; {MOST_ROWS:,} are the most.")
    return rows


def _rows(given: Any, depth: int) -> Rows:
    if depth > 3:
        raise NotRows("The input is wrapped too deeply.")
    if isinstance(given, Mapping):
        return _of_mapping(given, depth)
    if not isinstance(given, list):
        raise NotRows('The input is no list of rows, such as {"columns": ["a"], "data": [[1]]}.')
    if all(isinstance(row, Mapping) for row in given):
        names = list(dict.fromkeys(str(key) for row in given for key in row))
        return Rows(tuple(names), tuple(tuple(row.get(name) for name in names) for row in given))
    if not any(isinstance(row, list | Mapping) for row in given):
        return _table(None, [given])  # one row
    return _table(None, given)


def _of_mapping(given: Mapping[str, Any], depth: int) -> Rows:
    if isinstance(given.get("columns"), list) and isinstance(given.get("data"), list):
        return _table(tuple(str(each) for each in given["columns"]), given["data"])
    for wrapper in WRAPPERS:
        if wrapper in given and isinstance(given[wrapper], list | Mapping):
            return _rows(given[wrapper], depth + 1)
    if given and all(isinstance(cells, list) for cells in given.values()):
        heights = {len(cells) for cells in given.values()}
        if len(heights) > 1:
            raise NotRows("The columns are not of one length.")
        return Rows(tuple(map(str, given)), tuple(zip(*given.values(), strict=True)))
    if given and not any(isinstance(cell, list | Mapping) for cell in given.values()):
        return Rows(tuple(map(str, given)), (tuple(given.values()),))
    raise NotRows('The input is no rows, such as {"columns": ["a", "b"], "data": [[1, 2]]}.')


def _table(columns: tuple[str, ...] | None, data: Sequence[Any]) -> Rows:
    width = len(columns) if columns is not None else None
    rows = []
    for number, row in enumerate(data):
        if not isinstance(row, list):
            raise NotRows(f"Row {number} is no list of cells.")
        width = len(row) if width is None else width
        if len(row) != width:
            raise NotRows(f"Row {number} has {len(row)} cells, not {width}.")
        rows.append(tuple(row))
    return Rows(columns, tuple(rows))
