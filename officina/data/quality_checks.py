"""How each kind of rule is checked, a batch of rows at a time."""

from __future__ import annotations

import datetime
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from officina.data.quality_expressions import holds, parse_expression
from officina.data.quality_rules import Rule, seconds_of
from officina.errors import StudioError

SHOWN = 100
Mask = np.ndarray[Any, np.dtype[np.bool_]]


def family(kind: pa.DataType) -> str:
    """Return a column's type in the words of rules."""
    if pa.types.is_dictionary(kind):
        return family(kind.value_type)
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_temporal(kind):
        return "datetime"
    return "string"


class Check(ABC):
    """One rule over one table: it is shown every batch, then asked for its result."""

    columns: Sequence[str] = ()

    def __init__(self, rule: Rule, schema: pa.Schema) -> None:
        self.rule = rule
        self.schema = schema
        self.problem = ""
        self.checked = self.failing = 0
        self.rows: list[int] = []
        self.prepare()
        for name in self.columns:
            if name not in schema.names:
                self.problem = f"There is no column {name!r}."

    def prepare(self) -> None:
        """Read the rule; `columns` are what its batches need."""
        if "column" in self.rule:
            self.columns = [self.rule["column"]]

    @property
    def kind(self) -> pa.DataType:
        return self.schema.field(self.columns[0]).type

    def see(self, batch: pa.Table, offset: int) -> Mask | None:
        """Look at a batch; return which of its rows fail, where the rule is about rows."""
        if self.problem:
            return None
        try:
            found = self.failures(batch)
        except StudioError as error:
            self.problem = error.message
            return None
        except (pa.ArrowException, TypeError, ValueError, AttributeError, KeyError) as error:
            self.problem = f"It cannot be checked: {str(error)[:300]}"
            return None
        if found is not None:
            self.note(found, offset)
        self.checked += batch.num_rows
        return found

    @abstractmethod
    def failures(self, batch: pa.Table) -> Mask | None:
        """Return which rows of a batch fail."""

    def note(self, failing: Mask, offset: int) -> None:
        self.failing += int(failing.sum())
        if len(self.rows) < SHOWN:
            places = np.flatnonzero(failing)[: SHOWN - len(self.rows)]
            self.rows += [int(place) + offset for place in places]

    def finish(self, rows: int) -> Mask | None:
        """Return the failing rows of the whole table, where only the end can tell them."""
        return None

    def verdict(self, rows: int) -> tuple[bool, str]:
        """Say whether the rule is met, and the sentence that says why not."""
        if self.problem:
            return False, self.problem
        if not self.failing:
            return True, ""
        return False, f"{self.failing:,} of {rows:,} rows do not meet it."


class Exists(Check):
    def failures(self, batch: pa.Table) -> Mask | None:
        return None

    def verdict(self, rows: int) -> tuple[bool, str]:
        if self.problem:
            return False, self.problem
        wanted, found = self.rule.get("type"), family(self.kind)
        fits = wanted in (None, found) or (wanted == "number" and found == "integer")
        return fits, "" if fits else f"{self.columns[0]} is of type {found}, not {wanted}."


class NotNull(Check):
    def failures(self, batch: pa.Table) -> Mask | None:
        return _mask(pc.is_null(batch[self.columns[0]], nan_is_null=_is_float(self.kind)))

    def verdict(self, rows: int) -> tuple[bool, str]:
        if self.problem or not self.failing:
            return super().verdict(rows)
        filled = 1 - self.failing / rows
        told = f"{self.failing:,} of {rows:,} rows are empty ({filled:.2%} filled)."
        return filled >= self.rule.get("share", 1), told


class Between(Check):
    def prepare(self) -> None:
        super().prepare()
        self.limits: list[tuple[Any, Any]] = []

    def failures(self, batch: pa.Table) -> Mask | None:
        column = _plain(batch[self.columns[0]])
        if not self.limits:
            outside = {"min": pc.less, "max": pc.greater}
            self.limits = [
                (outside[name], _limit(self.rule[name], column.type, self.columns[0]))
                for name in outside if name in self.rule
            ]  # fmt: skip
        if pa.types.is_decimal(column.type):
            column = column.cast(pa.float64())
        found = np.zeros(batch.num_rows, dtype=bool)
        for beyond, limit in self.limits:
            found |= _mask(beyond(column, limit))
        return found


class InSet(Check):
    def failures(self, batch: pa.Table) -> Mask | None:
        column = _plain(batch[self.columns[0]])
        if family(column.type) == "string":
            allowed = pa.array([str(value) for value in self.rule["values"]], column.type)
        else:
            allowed = pa.array(self.rule["values"]).cast(column.type)
        outside = pc.invert(pc.is_in(column, value_set=allowed))
        return _mask(pc.and_(outside, pc.is_valid(column)))


class Matches(Check):
    def failures(self, batch: pa.Table) -> Mask | None:
        column = batch[self.columns[0]].cast(pa.string())
        return _mask(pc.invert(pc.match_substring_regex(column, self.rule["pattern"])))


class Unique(Check):
    def prepare(self) -> None:
        self.columns = self.rule["columns"]
        self.hashes: list[Any] = []

    def failures(self, batch: pa.Table) -> Mask | None:
        frame = batch.select(list(self.columns)).to_pandas()
        hashed = pd.util.hash_pandas_object(frame, index=False, categorize=False).to_numpy(
            copy=True
        )
        # Rows without a value are never the same as others; 0 marks them.
        hashed[hashed == 0] = 1
        hashed[frame.isna().any(axis=1).to_numpy()] = 0
        self.hashes.append(hashed)
        return None

    def finish(self, rows: int) -> Mask | None:
        if self.problem or not self.hashes:
            return None
        hashed = np.concatenate(self.hashes)
        self.hashes.clear()
        ordered = np.sort(hashed)
        doubled = np.unique(ordered[1:][(ordered[1:] == ordered[:-1]) & (ordered[1:] != 0)])
        if not len(doubled):
            return np.zeros(rows, dtype=bool)
        found = doubled[np.clip(np.searchsorted(doubled, hashed), 0, len(doubled) - 1)] == hashed
        self.note(found, 0)
        return np.asarray(found, dtype=bool)


class Expression(Check):
    def prepare(self) -> None:
        self.tree, self.columns = parse_expression(self.rule["expression"])

    def failures(self, batch: pa.Table) -> Mask | None:
        plain = pa.table({name: _plain(batch[name]) for name in self.columns})
        frame = plain.to_pandas(types_mapper=pd.ArrowDtype)
        found = holds(self.tree, frame)
        if not isinstance(found, pd.Series) or family(_arrow_type(found)) != "boolean":
            raise StudioError("The expression answers neither yes nor no for a row.")
        return ~found.fillna(True).to_numpy(dtype=bool)


class RowCount(Check):
    def failures(self, batch: pa.Table) -> Mask | None:
        return None

    def verdict(self, rows: int) -> tuple[bool, str]:
        low, high = self.rule.get("min"), self.rule.get("max")
        fits = (low is None or rows >= low) and (high is None or rows <= high)
        return fits, "" if fits else f"There are {rows:,} rows."


class Fresh(Check):
    newest: datetime.datetime | None = None

    def failures(self, batch: pa.Table) -> Mask | None:
        column = batch[self.columns[0]]
        if family(column.type) != "datetime":
            column = column.cast(pa.timestamp("us"))
        found = pc.max(column).as_py()
        if isinstance(found, datetime.date) and not isinstance(found, datetime.datetime):
            found = datetime.datetime.combine(found, datetime.time())
        if found is not None:
            found = found if found.tzinfo else found.replace(tzinfo=datetime.UTC)
            self.newest = max(found, self.newest or found)
        return None

    def verdict(self, rows: int) -> tuple[bool, str]:
        if self.problem:
            return False, self.problem
        if self.newest is None:
            return False, "No row has a time."
        age = (datetime.datetime.now(datetime.UTC) - self.newest).total_seconds()
        fits = age <= seconds_of(self.rule["within"])
        return fits, "" if fits else f"The newest is of {self.newest:%Y-%m-%d %H:%M} UTC."


CHECKS: dict[str, type[Check]] = {
    "column_exists": Exists, "not_null": NotNull, "unique": Unique, "between": Between,
    "in_set": InSet, "matches": Matches, "row_count": RowCount, "fresh": Fresh,
    "expression": Expression,
}  # fmt: skip


def _plain(column: Any) -> Any:
    """Return a column of categories as its values."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _mask(found: Any) -> Mask:
    """Return an Arrow answer as an array; where there is none, the row does not fail."""
    filled = pc.fill_null(found, False)
    plain = filled.combine_chunks() if isinstance(filled, pa.ChunkedArray) else filled
    return np.asarray(plain.to_numpy(zero_copy_only=False), dtype=bool)


def _is_float(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind))


def _limit(value: Any, kind: pa.DataType, column: str) -> pa.Scalar:
    what = family(kind)
    try:
        if what == "datetime":
            return pa.scalar(pd.Timestamp(value).to_pydatetime(), pa.timestamp("us")).cast(kind)
        if what in ("integer", "number"):
            return pa.scalar(float(value))
    except (ValueError, TypeError, pa.ArrowException):
        raise StudioError(f"{value!r} cannot be compared with {column}, a {what}.") from None
    if what == "boolean" or not isinstance(value, str):
        raise StudioError(f"{column} holds {what} values, which have no order with {value!r}.")
    return pa.scalar(value, kind)


def _arrow_type(series: Any) -> pa.DataType:
    kind = getattr(series.dtype, "pyarrow_dtype", None)
    return kind if kind is not None else pa.from_numpy_dtype(series.to_numpy().dtype)
