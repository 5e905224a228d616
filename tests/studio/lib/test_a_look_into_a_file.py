"""What a page shows of a file: a table where it is one, else its text, else why there is nothing to see."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from officina.data import asking
from studio.lib.preview import preview

TEXT = "Stück;Größe\nÄrger;1\n"


@pytest.fixture(scope="module", autouse=True)
def no_child_stays() -> Iterator[None]:
    yield
    asking.stop()


def look(name: str, data: bytes) -> dict[str, Any]:
    return preview(name=name, size=len(data), source=io.BytesIO(data))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_tables_and_texts_are_shown_in_their_encoding(encoding: str) -> None:
    table = look("a.csv", TEXT.encode(encoding))
    assert [each["name"] for each in table["grid"]["columns"]] == ["Stück", "Größe"]
    assert (table["grid"]["rows"], table["rows"], table["columns"]) == ([["Ärger", 1]], 1, 2)
    assert "Größe" in look("a.txt", TEXT.encode(encoding))["text"]


def test_what_is_no_table_says_why(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [1, 2]}), file)
    whole = file.read_bytes()
    assert look("t.parquet", whole)["grid"]["rows"] == [[1], [2]]
    with file.open("rb") as source:
        assert preview(name="t.parquet", size=len(whole), source=source)["rows"] == 2
    assert "does not end as a Parquet file" in look("t.parquet", whole[:-3])["why"]
    assert "spreadsheet" in look("b.xlsx", b"PK\3\4\0\0")["why"]
    assert look("bad.jsonl", b'{"a":\n') == {"kind": "text", "text": '{"a":\n', "cut": False}
    assert look("empty.csv", b"") == {"kind": "none", "why": "The file is empty."}


def test_only_the_head_of_a_long_text_is_read() -> None:
    data = b"a,b\n" + b"1,2\n" * (2 << 20)
    found = look("a.csv", data)
    assert (found["shown"], found["rows"]) == (200, None)
