"""Text in any of the usual encodings and delimiters becomes a table; what is none says why."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from officina.data import ask, asking
from officina.data.reading import delimiter_of, encoding_of, read_text, tables_of, unique_names
from officina.errors import StudioError
from officina.storage import ContentStore


@pytest.fixture(scope="module", autouse=True)
def no_child_stays() -> Iterator[None]:
    yield
    asking.stop()


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., Any]:
    """Store bytes under a name and ask about them: look("rows", "a.csv", b"...")."""
    store = ContentStore(str(tmp_path / "store"))

    def asked(verb: str, name: str, data: bytes, **more: Any) -> Any:
        at = {"store": str(tmp_path / "store"), "cache": str(tmp_path / "cache"), "name": name}
        window = {"start": 0, "count": 5, "first": 0, "last": 50} if verb == "rows" else {}
        return ask(verb, **at, sha256=store.put_bytes(data).sha256, **(window | more))

    return asked


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_each_usual_encoding_is_read(encoding: str, look: Any) -> None:
    found = look("rows", "a.csv", "naïve,ä\nMüller,1\n".encode(encoding))
    assert [name for name, _ in found["schema"]] == ["naïve", "ä"]
    assert found["data"] == [["Müller", 1]]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_each_usual_delimiter_is_found(mark: str, look: Any) -> None:
    found = look("rows", "a.csv", f"a{mark}b\n1{mark}2\n3{mark}4\n".encode())
    assert found["data"] == [[1, 2], [3, 4]]


def test_ten_thousand_columns_are_read_by_windows(look: Any) -> None:
    names = ",".join(f"c{i}" for i in range(10_000))
    values = ",".join(str(i) for i in range(10_000))
    found = look("rows", "wide.csv", f"{names}\n{values}\n".encode(), first=9_990, last=10_000)
    assert found["columns"] == 10_000
    assert found["data"] == [list(range(9_990, 10_000))]


def test_rows_of_another_width_are_left_out_and_counted(look: Any) -> None:
    found = look("rows", "a.csv", b"a,b\n1,2\n3\n4,5,6\n7,8\n")
    assert found["data"] == [[1, 2], [7, 8]]
    assert found["said"]["skipped"] == 2


def test_titles_above_a_table_are_passed_over(look: Any) -> None:
    """As spreadsheets export them; a quoted line break in the first cell is no title."""
    found = look("rows", "a.csv", b"Report of May\n\nname;n\nx;1\ny;2\n")
    assert (found["data"], found["said"]["above"]) == ([["x", 1], ["y", 2]], 2)
    found = look("rows", "b.csv", b'"long\nname",n\nx,1\ny,2\n')
    assert (found["data"], found["said"]["above"]) == ([["x", 1], ["y", 2]], 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_a_head_alone_is_a_table_without_rows(encoding: str, look: Any) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    found = look("rows", "a.csv", (mark + "a,b").encode(encoding))
    assert ([name for name, _ in found["schema"]], found["rows"]) == (["a", "b"], 0)


def test_a_cell_of_ten_megabytes_is_read_and_shortened(look: Any) -> None:
    cell = b"x" * (10 << 20)
    for name, data in (
        ("a.csv", b"a,b\n1," + cell + b"\n"),
        ("a.jsonl", b'{"a":1,"b":"' + cell + b'"}\n'),
    ):
        (row,) = look("rows", name, data)["data"]
        assert row[0] == 1 and row[1].startswith("xxx") and len(row[1]) < 10_000


def test_packed_text_is_read_and_a_bomb_only_to_its_head(look: Any) -> None:
    assert look("rows", "a.csv.gz", gzip.compress(b"a;b\n1;2\n"))["data"] == [[1, 2]]
    bomb = look(
        "rows", "b.csv.gz", gzip.compress(b"a,b\n" + (b"1," + b"x" * 4093 + b"\n") * (17 << 10))
    )
    assert bomb["said"]["cut"] == 64 << 20
    with pytest.raises(StudioError, match="cannot be unpacked"):
        look("rows", "c.csv.gz", gzip.compress(b"a,b\n1,2\n")[:-9])


def test_a_parquet_file_with_a_broken_footer_says_so_and_the_next_question_is_answered(
    look: Any, tmp_path: Path
) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [1, 2]}), file)
    whole = file.read_bytes()
    for broken in (whole[:-6], whole[:-8] + b"\xff" * 4 + b"PAR1", b"PAR1", b""):
        with pytest.raises(StudioError):
            look("rows", "a.parquet", broken)
    assert look("rows", "a.parquet", whole)["data"] == [[1], [2]]


def test_columns_without_or_with_equal_names_get_names_of_their_own() -> None:
    assert unique_names(["a", "", "a", "a_2"]) == ["a", "Column 2", "a_2", "a_2_2"]


def test_quantiles_are_those_of_numpy(look: Any) -> None:
    import numpy as np

    values = np.random.default_rng(1).normal(size=101)
    text = "x\n" + "\n".join(map(repr, values.tolist()))
    (column,) = look("profile", "a.csv", text.encode(), columns=["x"])
    assert column["quantiles"] == pytest.approx(np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95)))


def test_correlations_name_the_strongest_pair_first(look: Any) -> None:
    lines = "\n".join(f"{i},{2 * i},{(i * 7919) % 13}" for i in range(100))
    found = look("correlations", "a.csv", f"a,b,c\n{lines}\n".encode())
    assert set(found["pairs"][0][:2]) == {"a", "b"}
    assert found["pairs"][0][2] == pytest.approx(1)


def test_a_child_that_dies_costs_one_question_only(look: Any) -> None:
    look("rows", "a.csv", b"a\n1\n")
    for child in asking._idle:
        child.kill()
        child.wait()
    assert look("rows", "a.csv", b"a\n1\n")["rows"] == 1


def test_the_likeliest_table_comes_first() -> None:
    assert tables_of(["z.csv", "x/data.parquet", "data.parquet", "a.png"])[0] == "data.parquet"
    assert tables_of(["a.png"]) == []


def test_guesses_of_text() -> None:
    assert encoding_of("é".encode()[:1]) == "utf-8"  # cut in the middle of a letter
    assert delimiter_of("a,b;c\n1,2;3\n4,5;6,7\n") == ";"


def test_decimal_commas_are_numbers_where_another_mark_cuts_the_values(tmp_path: Path) -> None:
    from officina.modules.tabular import Wanted, read_file

    text = b"id;price;code;sum\n1;0,50;a,b;1.234,5\n2;;1,5x;-7\n3;12,25;,;+1.000.000,00\n"
    table, _ = read_text(text, "a.csv", cut=False)
    file = tmp_path / "a.csv"
    file.write_bytes(text)
    warned: list[str] = []
    frame = read_file(file, Wanted(), warned.append)
    for prices, sums in (
        (table["price"].to_pylist(), table["sum"].to_pylist()),
        ([0.5, None, 12.25], frame["sum"].tolist()),
    ):
        assert prices == [0.5, None, 12.25] and sums == [1234.5, -7.0, 1_000_000.0]
    assert frame["price"].dropna().tolist() == [0.5, 12.25]
    assert frame["code"].tolist() == ["a,b", "1,5x", ","] == table["code"].to_pylist()
    assert warned == ["a.csv: price, sum has decimal commas and is read as numbers"]
    kept, _ = read_text(b'a,b\n"1,5",x\n', "b.csv", cut=False)
    assert kept["a"].to_pylist() == ["1,5"]


def test_a_first_line_that_looks_like_a_row_is_told() -> None:
    def told(text: bytes) -> bool:
        return bool(read_text(text, "a.csv", cut=False)[1]["headless"])

    assert told(b"3,alfa,13495\n2,audi,1\n1,alfa,2\n") and told(b"0.5,1\n0.25,2\n")
    assert not told(b"country,2019,2020\nChile,1.2,3.4\n") and not told(b"a,b\n1,x\n")
    assert not told(b"0,1,2\n5,6,7\n")
