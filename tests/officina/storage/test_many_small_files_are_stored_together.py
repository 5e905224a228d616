"""A folder of many small files: stored in batches, whole or not at all, whenever the process is killed."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from officina.storage import ContentStore, batches
from officina.storage.known import KnownDigests
from officina.storage.scan import scan

FILES, BATCH = 1500, 300
STORE = """
import sys
from pathlib import Path
from officina.storage import ContentStore, batches

batches.MOST_FILES = int(sys.argv[3])
ContentStore(sys.argv[1]).put_tree(Path(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of thousands of small files, no two alike, as old as the hills."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(FILES):
        path = folder / f"{number // 500:02d}" / f"{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"row {number}\n")
    return folder


def blobs(store: Path) -> list[Path]:
    return [path for path in (store / "blobs").rglob("*") if path.is_file()]


@pytest.mark.parametrize("moment", ["first files written", "first files named"])
def test_a_kill_in_the_middle_breaks_nothing_and_the_next_try_completes(
    tmp_path: Path, many: Path, moment: str
) -> None:
    seen = "incoming/batch-*/*" if moment == "first files written" else "blobs/*/*"
    for turn in range(50):  # more than one only where we came too late
        place = tmp_path / f"store-{turn}"
        process = subprocess.Popen([sys.executable, "-c", STORE, str(place), str(many), str(BATCH)])
        while not next(place.glob(seen), None) and process.poll() is None:
            time.sleep(0.001)
        process.kill()
        if process.wait(60) and any((place / "incoming").iterdir()):
            break
    assert process.returncode == -signal.SIGKILL
    assert not (place / "trees").exists()
    for path in blobs(place):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.parent.name + path.name
    assert len(blobs(place)) < FILES

    store = ContentStore(place)
    tree = store.put_tree(many)
    assert len(tree.files) == FILES
    assert store.missing(entry.sha256 for entry in tree.files.values()) == []
    assert store.read_tree(tree.digest) == tree
    assert store.sweep(older_than=3600) == 0
    assert store.sweep(older_than=-1) == 1
    assert list((place / "incoming").iterdir()) == []


def test_a_batch_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "store")
    with pytest.raises(RuntimeError), store.batch() as batch:
        batch.put_bytes(b"first")
        raise RuntimeError
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []


def test_all_batches_are_synced_before_the_list_of_files_is_stored(
    tmp_path: Path, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "store"
    synced: list[tuple[int, bool]] = []
    real = batches.sync_filesystem
    monkeypatch.setattr(batches, "MOST_FILES", BATCH)

    def noted(folder: Path) -> None:
        real(folder)
        synced.append(
            (len(blobs(place)) if (place / "blobs").exists() else 0, (place / "trees").exists())
        )

    monkeypatch.setattr(batches, "sync_filesystem", noted)
    ContentStore(place).put_tree(many)
    # Each batch is synced before its names show, and all names before the list.
    assert synced == [(number, False) for number in range(0, FILES + 1, BATCH)]


def test_a_changed_file_is_the_only_one_read_again(
    tmp_path: Path, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(many, folder)
    kept = tmp_path / "cache" / "one.json"
    # A file of this very second is never remembered; these shall count as old.
    monkeypatch.setattr("officina.storage.known.time.time_ns", lambda: time.time() * 1e9 + 1e10)
    first = scan(folder, known=KnownDigests(kept))
    (folder / "02" / "1200.txt").write_text("changed\n")
    read: list[str] = []
    real = hashlib.file_digest
    monkeypatch.setattr(
        "officina.storage.scan.hashlib.file_digest",
        lambda source, kind: read.append(source.name) or real(source, kind),
    )
    second = scan(folder, known=KnownDigests(kept))
    assert read == [str(folder / "02" / "1200.txt")]
    assert set(second.tree.files) == set(first.tree.files)
    assert second.tree == scan(folder).tree != first.tree


def test_a_file_changed_within_the_same_tick_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    known = KnownDigests(tmp_path / "cache.json")
    facts = path.stat()
    known.add("a.txt", facts, "0" * 64)
    known._old = known._new
    path.write_text("new")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert known.get("a.txt", path.stat()) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 1, "files": {"a": [1]}}', '{"version": 9}']
)
def test_a_damaged_cache_is_as_none(tmp_path: Path, text: str) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text(text)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").write_text("x")
    assert list(scan(tmp_path / "data", known=KnownDigests(kept)).tree.files) == ["a"]
