from __future__ import annotations

import sqlite3

import pandas as pd
import pytest

from officina.errors import StudioError
from officina.modules.databases import read_sqlite


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a b#?.db"
    with sqlite3.connect(path) as connection:
        frame = pd.DataFrame({"n": [1, 2, 3], "größe": [1.5, None, 2.5], "s": ["x", "y", None]})
        frame.to_sql("my table", connection, index=False)
    connection.close()
    return path


def test_the_only_table_of_a_file_is_read(file):
    frame = read_sqlite(file, None, where="path")
    expected = pd.DataFrame({"n": [1, 2, 3], "größe": [1.5, None, 2.5], "s": ["x", "y", None]})
    pd.testing.assert_frame_equal(frame, expected, check_dtype=False)


def test_a_query_chooses_among_tables_and_rows(file):
    frame = read_sqlite(
        file, 'select sum(n) as total from "my table" where größe > 1', where="path"
    )
    assert frame.to_dict("list") == {"total": [4]}


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ('insert into "my table" (n) values (4); select 1', "0069"),
        ("attach ':memory:' as x", "0069"),
        ("select nope from \"my table\"", "0069"),
        ("-- nothing", "0003"),
    ],
)  # fmt: skip
def test_a_file_is_only_read(file, query, number):
    before = file.read_bytes()
    with pytest.raises(StudioError, match=f"Error {number}"):
        read_sqlite(file, query, where="path")
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_several_tables_need_a_query(file):
    with sqlite3.connect(file) as connection:
        connection.execute("create table more (a)")
    connection.close()
    with pytest.raises(StudioError, match="Error 0003") as caught:
        read_sqlite(file, "", where="path")
    assert "more, my table" in caught.value.hint


def test_another_kind_of_file_is_said(tmp_path):
    (tmp_path / "t.db").write_text("a,b\n1,2\n" * 100)
    with pytest.raises(StudioError, match=r"Error 0002: t\.db is not an SQLite database"):
        read_sqlite(tmp_path / "t.db", None, where="path")


def test_import_data_reads_a_database_of_an_asset(bench, file):
    params = {"source": "data_asset", "path": "*.db"}
    assert len(bench.table("import_data", params, data=file.parent)) == 3
    params |= {"file_format": "sqlite", "query": 'select s from "my table" where n = 2'}
    frame = bench.table("import_data", params, data=file.parent)
    assert frame.to_dict("list") == {"s": ["y"]}
