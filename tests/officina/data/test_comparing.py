"""Two tables are compared by columns, rows and distributions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from officina.data.comparing import diff
from officina.data.guessing import guesses
from officina.errors import StudioError


def write(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_columns_and_rows_that_differ_are_named(tmp_path: Path) -> None:
    old = write(tmp_path / "a", id=[1, 2, 3], x=["a", "b", "c"], gone=[0, 0, 0], t=[1, 2, 3])
    new = write(tmp_path / "b", id=[2, 3, 4], x=["b", "c", "d"], come=[0, 0, 0], t=["1", "2", "3"])
    found = diff(old, new)
    assert found["columns"] == {
        "added": ["come"], "removed": ["gone"],
        "retyped": [{"name": "t", "from": "integer", "to": "string"}],
    }  # fmt: skip
    rows = found["rows"]
    assert (rows["matched"], rows["added"], rows["removed"], rows["changed"]) == (2, 1, 1, 0)
    assert rows["key"] == "id"
    assert rows["addedRows"] == [[4, "d"]]
    assert rows["removedRows"] == [[1, "a"]]


def test_a_key_tells_changed_rows_from_new_ones(tmp_path: Path) -> None:
    old = write(tmp_path / "a", name=["a", "b", "c", "c"], x=[1, 2, 3, 9], y=[0.5, None, 2.0, 9.0])
    new = write(tmp_path / "b", name=["d", "c", "b"], x=[4, 3, 5], y=[1.0, 2.5, None])
    rows = diff(old, new, "name")["rows"]
    assert (rows["matched"], rows["changed"], rows["added"], rows["removed"]) == (0, 2, 1, 1)
    assert rows["changedRows"][0] == {"before": ["c", 3, 2.0], "after": ["c", 3, 2.5]}
    assert rows["changedColumns"] == [{"name": "x", "count": 1}, {"name": "y", "count": 1}]
    assert rows["repeated"] == [1, 0]
    assert rows["addedRows"] == [["d", 4, 1.0]]
    with pytest.raises(StudioError, match='no column "nmae"'):
        diff(old, new, "nmae")


def test_a_row_that_is_there_twice_counts_twice(tmp_path: Path) -> None:
    found = diff(write(tmp_path / "a", x=[1, 1, 2]), write(tmp_path / "b", x=[1, 2, 2, 2]))
    assert (found["rows"]["added"], found["rows"]["removed"]) == (2, 1)


def test_a_column_that_moved_has_the_greater_shift(tmp_path: Path) -> None:
    still, far = list(range(100)), list(range(1000, 1100))
    found = diff(
        write(tmp_path / "a", s=still, m=still, c=["u"] * 100),
        write(tmp_path / "b", s=still, m=far, c=["u"] * 50 + ["v"] * 50),
    )
    shift = {each["name"]: each["shift"] for each in found["distributions"]}
    assert shift == {"s": 0.0, "m": pytest.approx(1.0), "c": pytest.approx(0.5)}


def test_target_and_ids_are_guessed_from_names_and_values() -> None:
    def column(name: str, distinct: int, kind: str = "integer") -> dict[str, Any]:
        return {"name": name, "distinct": distinct, "type": kind, "missing": 0}

    found = guesses([column("customer_id", 100), column("age", 40), column("churn", 2)], 100)
    assert found == {"ids": ["customer_id"], "target": "churn", "why": "of its name"}
    assert guesses([column("a", 90, "number"), column("b", 100, "number")], 100)["target"] is None
    assert guesses([column("a", 100, "number"), column("z", 3)], 100)["target"] == "z"
