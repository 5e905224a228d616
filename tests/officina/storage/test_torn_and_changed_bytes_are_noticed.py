from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from officina.errors import StudioError
from officina.storage import ContentStore

DATA = bytes(range(256)) * 400


def files_in(store: ContentStore) -> list[Path]:
    """All files of a store's folder."""
    return [path for path in Path(store.url).rglob("*") if path.is_file()]


@pytest.mark.parametrize("cut", [0, 1, 4096, len(DATA) - 1])
def test_an_upload_cut_anywhere_is_refused_and_can_be_sent_again(tmp_path: Path, cut: int) -> None:
    store = ContentStore(tmp_path / "store")
    sha256 = hashlib.sha256(DATA).hexdigest()
    with pytest.raises(StudioError, match="cut or changed"):
        store.put_stream([DATA[:cut]], expected=sha256)
    assert files_in(store) == []
    assert store.put_stream([DATA[:cut], DATA[cut:]], expected=sha256).size == len(DATA)


def test_a_source_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield DATA
        raise ConnectionResetError

    store = ContentStore(tmp_path / "store")
    with pytest.raises(ConnectionResetError):
        store.put_stream(broken())
    assert files_in(store) == []


def test_an_upload_longer_than_its_limit_is_refused(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "store")
    with pytest.raises(StudioError) as caught:
        store.put_stream([DATA, DATA], limit=len(DATA))
    assert caught.value.code == "too_large"
    assert files_in(store) == []


def test_changed_bytes_and_changed_lists_are_refused(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "store")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_bytes(DATA)
    tree = store.put_tree(tmp_path / "src")
    listing = next((tmp_path / "store" / "trees").rglob("??*/*"))
    blob = store.local_path(tree.files["a.py"].sha256)
    assert blob is not None
    for path, message in ((blob, r"'a\.py' changed"), (listing, "changed")):
        path.chmod(0o644)
        whole = path.read_bytes()
        path.write_bytes(whole.replace(b"a", b"b", 1))
        with pytest.raises(StudioError, match=message):
            store.materialize(tree.digest, tmp_path / f"out-{path.name[:5]}")
        path.write_bytes(whole)


def test_files_are_laid_out_as_copies_so_a_job_cannot_reach_the_store(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "store")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a").write_bytes(b"a")
    tree = store.put_tree(tmp_path / "src")
    store.materialize(tree.digest, tmp_path / "out")
    (tmp_path / "out" / "a").write_bytes(b"changed")
    assert store.read(tree.files["a"].sha256) == b"a"
