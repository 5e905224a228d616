from __future__ import annotations

import json
from pathlib import Path

import pytest

from officina.errors import StudioError
from officina.storage import ContentStore, Entry
from officina.storage.paths import check_name, safe_join
from officina.storage.trees import decode

HOSTILE = [
    "",
    ".",
    "..",
    "../a",
    "a/../../b",
    "a/..",
    "/etc/passwd",
    "//host/share",
    "C:/windows",
    "c:a",
    "a\\b",
    "..\\a",
    "a\0b",
    "a\nb",
    "\x1b[31mred",
    "%2e%2e/a",
    "..%2fa",
    "a%5cb",
    "%252e%252e%252fa",
    "a%00",
    "a//b",
    "a/",
    "./a",
    "\uff0e\uff0e/a",
    "\u2025/a",
    "\u2024\u2024/a",
    "a\uff0fb",
    "a\u2215b",
    "a\uff3cb",
    "a\u202eb",
    "a\u2028b",
    "\ud800",
    " /a",
    ".. /a",
    "x" * 256,
    "/".join(["x" * 200] * 6),
]
GOOD = [
    "a",
    "a/b.csv",
    ".env",
    "..a",
    "a..b",
    "100%.txt",
    "당뇨/자료.csv",
    "e\u0301.txt",
    "a b/c-d_e",
]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_hostile_name_is_refused_everywhere(name: str, tmp_path: Path) -> None:
    with pytest.raises(StudioError) as caught:
        safe_join(tmp_path, name)
    assert caught.value.code == "invalid"
    assert caught.value.message.isprintable()
    manifest = json.dumps({"files": {name: {"sha256": "0" * 64, "size": 1}}}).encode()
    with pytest.raises(StudioError):
        decode(manifest)


@pytest.mark.parametrize("name", GOOD)
def test_an_honest_name_passes(name: str, tmp_path: Path) -> None:
    assert check_name(name) == name
    assert safe_join(tmp_path, name) == tmp_path.joinpath(name)


def test_a_link_on_the_way_does_not_lead_outside(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "door").symlink_to(tmp_path)
    with pytest.raises(StudioError, match="leads outside"):
        safe_join(root, "door/x")


def test_a_name_cannot_be_a_file_and_a_folder(tmp_path: Path) -> None:
    store = ContentStore(tmp_path)
    blob = store.put_bytes(b"x")
    entry = Entry(blob.sha256, 1)
    with pytest.raises(StudioError, match="cannot be a folder too"):
        store.put_manifest({"a": entry, "a/b": entry})


@pytest.mark.parametrize(
    "digest", ["", "..", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"]
)
def test_a_digest_is_never_a_path(digest: str, tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "store")
    for ask in (store.open, store.exists, store.delete, store.local_path, store.read_tree):
        with pytest.raises(StudioError, match="not a SHA-256"):
            ask(digest)
