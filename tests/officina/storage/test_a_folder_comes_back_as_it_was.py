from __future__ import annotations

import os
from pathlib import Path

import pytest

from officina.errors import StudioError
from officina.storage import ContentStore, Entry


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ContentStore:
    """Run each test over both backends."""
    if request.param == "folder":
        return ContentStore(tmp_path / "store")
    return ContentStore(f"memory://{tmp_path.name}-{request.node.name}")


def folder(tmp_path: Path) -> Path:
    """A small project with a nested, an empty and an executable file."""
    root = tmp_path / "project"
    (root / "src" / "deep").mkdir(parents=True)
    (root / "src" / "train.py").write_text("print(1)\n")
    (root / "src" / "deep" / "empty.txt").write_bytes(b"")
    (root / "당뇨.csv").write_text("bmi\n1\n", encoding="utf-8")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    return root


def test_files_names_and_executable_bits_survive(store: ContentStore, tmp_path: Path) -> None:
    tree = store.put_tree(folder(tmp_path))
    dest = tmp_path / "out"
    store.materialize(tree.digest, dest)
    assert (dest / "src/train.py").read_text() == "print(1)\n"
    assert (dest / "src/deep/empty.txt").read_bytes() == b""
    assert (dest / "당뇨.csv").exists()
    assert os.access(dest / "run.sh", os.X_OK)
    assert tree.size == 9 + 0 + 6 + 10
    assert store.put_tree(dest) == tree


def test_the_digest_is_that_of_the_canonical_manifest(store: ContentStore, tmp_path: Path) -> None:
    root = tmp_path / "one"
    root.mkdir()
    (root / "a.txt").write_text("x")
    # sha256 of {"files":{"a.txt":{"executable":false,"sha256":"2d71...","size":1}}}
    assert store.put_tree(root).digest == (
        "eaa2c985ad09ec2424b533f25f1c66c3d22d2e14f266f98fe97c5cf21ed6a0d1"
    )


def test_equal_bytes_are_stored_once(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "store")
    first = store.put_bytes(b"same")
    path = store.local_path(first.sha256)
    assert path is not None
    before = path.stat().st_ino
    (tmp_path / "copy").write_bytes(b"same")
    assert store.put_file(tmp_path / "copy") == first
    assert path.stat().st_ino == before


def test_a_tree_with_missing_bytes_is_refused(store: ContentStore) -> None:
    with pytest.raises(StudioError, match="not stored") as caught:
        store.put_manifest({"a": Entry("0" * 64, 1)})
    assert caught.value.code == "conflict"


def test_missing_names_only_what_is_absent(store: ContentStore) -> None:
    here = store.put_bytes(b"here").sha256
    assert store.missing([here, "1" * 64, "1" * 64]) == ["1" * 64]


def test_deleted_bytes_are_gone_and_deleting_twice_is_no_error(store: ContentStore) -> None:
    blob = store.put_bytes(b"bye")
    store.delete(blob.sha256)
    store.delete(blob.sha256)
    assert not store.exists(blob.sha256)
    with pytest.raises(StudioError) as caught:
        store.open(blob.sha256)
    assert caught.value.code == "not_found"
