"""Rows arrive in batches whose types differ, and become one Parquet file of one type a column."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from officina.data.importing_rows import write_rows
from officina.errors import StudioError


def batches(
    names: list[str], *found: list[tuple[Any, ...]]
) -> Iterator[tuple[list[str], list[Any]]]:
    for rows in found:
        yield names, rows


def test_a_column_that_begins_empty_gets_the_type_that_comes_later(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    count, notes = write_rows(
        batches(["n", "x", "m"], [(1, None, None)], [(2, 2, None)], [(3, 2.5, None)]), file
    )
    table = pq.read_table(file)
    assert (count, notes) == (3, [])
    assert table.to_pydict() == {"n": [1, 2, 3], "x": [None, 2.0, 2.5], "m": [None] * 3}
    assert [str(field.type) for field in table.schema] == ["int64", "double", "string"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.parquet"]


def test_values_of_databases_become_values_of_tables(tmp_path: Path) -> None:
    file, at = tmp_path / "t.parquet", dt.datetime(2026, 11, 21, 6, tzinfo=dt.UTC)
    guid = uuid.uuid4()
    row = (
        decimal.Decimal("2.50"),
        guid,
        {"a": 1},
        memoryview(b"x"),
        at,
        [1, 2],
        dt.date(2026, 1, 2),
    )
    _, notes = write_rows(batches(list("abcdefg"), [row]), file)
    found = pq.read_table(file).to_pylist()[0]
    assert list(found.values()) == [
        2.5, str(guid), '{"a": 1}', b"x", at, [1, 2], dt.date(2026, 1, 2),
    ]  # fmt: skip
    assert notes == ["a: decimal numbers became floating point ones"]


@pytest.mark.parametrize(
    "found", [([(1,), ("two",)],), ([(1,)], [("two",)]), ([("1",)], [(2,), (None,)])]
)
def test_a_column_without_one_type_becomes_text_and_says_so(tmp_path: Path, found: Any) -> None:
    _, notes = write_rows(batches(["mixed"], *found), tmp_path / "t.parquet")
    values = pq.read_table(tmp_path / "t.parquet")["mixed"].to_pylist()
    assert values[:2] in (["1", "two"], ["1", "2"])
    assert notes == ["mixed: its values have no one type, so they became text"]


def test_no_rows_still_make_a_table_with_its_columns(tmp_path: Path) -> None:
    count, _ = write_rows(batches(["a", "b"], []), tmp_path / "t.parquet")
    assert (count, pq.read_table(tmp_path / "t.parquet").column_names) == (0, ["a", "b"])


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="are called 'a'"):
        write_rows(batches(["a", "a"], [(1, 2)]), tmp_path / "t.parquet")
    assert list(tmp_path.iterdir()) == []
