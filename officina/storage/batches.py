"""Many small files at once: all are written, synced together, and only then given their names."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
import time
from pathlib import Path

# Few files are synced one by one: a sync of the whole file system waits for other people's writes.
_ONE_BY_ONE = 32
MOST_FILES = 4096
MOST_BYTES = 64 << 20


class FolderBatch:
    """Files on their way into a folder store; none is visible before `flush`, and each then is whole.

    A process that is killed in the middle leaves a folder in `incoming`, which `sweep` removes.
    """

    def __init__(self, root: Path, incoming: Path) -> None:
        self._root = root
        incoming.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(dir=incoming, prefix="batch-"))
        self._waiting: list[str] = []
        self._bytes = 0
        self._made: set[str] = set()

    def add(self, kind: str, sha256: str, data: bytes) -> None:
        """Write bytes whose digest is `sha256`, once each."""
        draft = f"{self._folder}/{kind}-{sha256}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fchmod(descriptor, 0o444)
        finally:
            os.close(descriptor)
        self._waiting.append(f"{kind}-{sha256}")
        self._bytes += len(data)
        if len(self._waiting) >= MOST_FILES or self._bytes >= MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Make all bytes durable, then visible."""
        if not self._waiting:
            return
        sync([self._folder / name for name in self._waiting])
        for name in self._waiting:
            kind, _, sha256 = name.partition("-")
            shelf = f"{self._root}/{kind}/{sha256[:2]}"
            if shelf not in self._made:
                Path(shelf).mkdir(parents=True, exist_ok=True)
                self._made.add(shelf)
            os.replace(f"{self._folder}/{name}", f"{shelf}/{sha256[2:]}")  # noqa: PTH105 - 100,000 times
        self._waiting, self._bytes = [], 0

    def finish(self) -> None:
        """Store the rest, and make the names durable: a list of files must never outlive its files."""
        self.flush()
        sync([Path(shelf) for shelf in self._made])
        self._made.clear()

    def discard(self) -> None:
        """Remove what was not flushed."""
        shutil.rmtree(self._folder, ignore_errors=True)


def sync(paths: list[Path]) -> None:
    """Bring files' bytes, or folders' names, to the disk; all lie on one file system."""
    if len(paths) <= _ONE_BY_ONE:
        for path in paths:
            sync_path(path)
    else:
        sync_filesystem(paths[0].parent)


def sync_path(path: Path) -> None:
    """Bring a file's bytes, or a folder's names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_filesystem(folder: Path) -> None:
    """Bring all that was written to a folder's file system to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
        if syncfs is None:
            os.sync()
        elif syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)


def sweep(incoming: Path, *, older_than: float) -> int:
    """Remove what killed processes left behind longer ago than so many seconds; returns how many."""
    before, count = time.time() - older_than, 0
    if not incoming.is_dir():
        return 0
    for path in incoming.iterdir():
        try:
            if path.lstat().st_mtime >= before:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        except FileNotFoundError:
            continue  # its owner, or another sweep, was faster
        count += 1
    return count
