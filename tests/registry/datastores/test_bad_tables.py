"""Tables that are broken, ragged, empty or no tables: each has a clear answer, none an error of ours."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.test import Client

from officina.data import asking
from officina.storage import Entry
from registry import services as registry

SINK = io.BytesIO()
pq.write_table(pa.table({"a": [1, 2]}), SINK)
PARQUET = SINK.getvalue()
WIDE = (",".join(f"c{i}" for i in range(10_000)) + "\n" + ",".join(["1"] * 10_000) + "\n").encode()
WORDS = "naïve,größe\nMüller,1\n"
# name -> file, bytes, what Explore and what Prepare say (rows x columns, or words of the error)
TABLES: dict[str, tuple[str, bytes, Any, Any]] = {
    "wide": ("t.csv", WIDE, (1, 10_000), (1, 10_000)),
    "utf16": ("t.csv", WORDS.encode("utf-16"), (1, 2), (1, 2)),
    "latin1": ("t.csv", WORDS.encode("latin-1"), (1, 2), (1, 2)),
    "bom": ("t.csv", WORDS.encode("utf-8-sig"), (1, 2), (1, 2)),
    "ragged": ("t.csv", b"a,b\n1,2\n3\n4,5,6\n7,8\n", (2, 2), "same number of values"),
    "empty": ("t.csv", b"", "is empty", "is empty"),
    "blank": ("t.csv", b"\n\n", "is empty", "is empty"),
    "header": ("t.csv", b"a,b\n", (0, 2), (0, 2)),
    "binary": ("t.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 50, "no text", "no text"),
    "zipped": ("t.csv", b"PK\x03\x04" + bytes(range(256)) * 9, "no text", "no text"),
    "footer": ("t.parquet", PARQUET[:-6], "cannot be read", "cannot be read"),
    "length": ("t.parquet", PARQUET[:-8] + b"\xff" * 4 + b"PAR1", "cannot be read", "cannot be read"),
    "none": ("t.parquet", b"", "cannot be read", "cannot be read"),
    "text": ("t.parquet", b"a,b\n1,2\n", "cannot be read", "cannot be read"),
    "jsonl": ("t.jsonl", b'{"a": 1}\n{"a": \n', "cannot be read", "cannot be read"),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def no_child_stays() -> Iterator[None]:
    yield
    asking.stop()


@pytest.fixture
def add(cast: Any) -> Any:
    def register(name: str) -> None:
        file, data, _, _ = TABLES[name]
        blob = registry.store().put_bytes(data)
        tree = registry.store().put_manifest({file: Entry(blob.sha256, blob.size)})
        registry.register(
            workspace=cast.lab, kind="data", name=name, tree=tree, user=cast.owner,
            document={"dataType": "uri_folder", "dataUri": tree.uri},
        )  # fmt: skip

    return register


def said(answer: Any, expected: Any, name: str) -> None:
    """Check that an answer is the table's size, or an error that people can read."""
    body = answer.json()
    if isinstance(expected, tuple):
        assert answer.status_code == 200, (name, body)
        assert (body["rows"], body["columns"]) == expected, name
        return
    assert answer.status_code == 400, (name, body)
    error = body["error"]
    assert expected in f"{error['message']} {error['hint']}", (name, error)
    assert error["hint"], name
    assert "Traceback" not in error["message"] and "/home" not in error["message"], name


def test_each_has_a_clear_answer_in_explore_and_in_prepare(cast: Any, add: Any) -> None:
    api = cast.client("reader")
    browser = Client()
    browser.force_login(cast.reader)
    for name, (_, _, explored, prepared) in TABLES.items():
        add(name)
        base = f"/api/v1/workspaces/lab/data/{name}/versions/1"
        said(api.get(f"{base}/rows?rows=5&last=5"), explored, name)
        if isinstance(explored, tuple):
            assert api.get(f"{base}/profile?last=5").status_code == 200, name
            assert api.get(f"{base}/correlations").status_code == 200, name
        tried = api.post(f"{base}/preparation", {"steps": []}, format="json")
        said(tried, prepared, name)
        for tab in ("explore", "prepare"):
            page = browser.get(f"/w/lab/data/{name}/?tab={tab}")
            assert page.status_code == 200, (name, tab)


def test_comparing_with_a_broken_version_says_why_on_the_page(cast: Any, add: Any) -> None:
    add("bom")
    store = registry.store()
    blob = store.put_bytes(TABLES["binary"][1])
    tree = store.put_manifest({"t.csv": Entry(blob.sha256, blob.size)})
    registry.register(
        workspace=cast.lab, kind="data", name="bom", tree=tree, user=cast.owner,
        document={"dataType": "uri_folder", "dataUri": tree.uri},
    )  # fmt: skip
    browser = Client()
    browser.force_login(cast.reader)
    page = browser.get("/w/lab/data/bom/?tab=explore&version=1&against=2")
    assert page.status_code == 200
    assert "no text" in page.content.decode()
