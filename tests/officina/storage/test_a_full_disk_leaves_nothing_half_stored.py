from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from officina.errors import StudioError
from officina.storage import ContentStore


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of one megabyte; making one needs root."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_the_error_says_so_and_the_store_works_again_once_there_is_room(small_disk: Path) -> None:
    store = ContentStore(small_disk / "store")
    kept = store.put_bytes(b"kept")
    with pytest.raises(StudioError) as caught:
        store.put_stream(bytes([number]) * 65536 for number in range(64))
    assert caught.value.code == "storage_full"
    left = [path for path in (small_disk / "store").rglob("*") if path.is_file()]
    assert [path for path in left] == [store.local_path(kept.sha256)]
    assert store.put_bytes(b"fits").size == 4


def test_a_full_disk_under_a_tree_registers_no_tree(small_disk: Path, tmp_path: Path) -> None:
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "a").write_bytes(b"a" * 400_000)
    (folder / "b").write_bytes(b"b" * 900_000)
    with pytest.raises(StudioError, match="full"):
        ContentStore(small_disk / "store").put_tree(folder)
    assert not (small_disk / "store" / "trees").exists()
