"""The content-addressed store: bytes are kept once, by SHA-256, and checked when used."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from officina.errors import StudioError
from officina.storage import trees
from officina.storage.backends import Batch, FolderBackend, RemoteBackend, Staged, open_backend
from officina.storage.folders import walk
from officina.storage.paths import safe_join
from officina.storage.trees import Blob, Entry, Tree

if TYPE_CHECKING:
    from officina.storage.ignore import Ignore

CHUNK = 1 << 20
# Files up to this size are read into memory and stored in a batch.
SMALL = 1 << 20
BLOBS, TREES = "blobs", "trees"


class ContentStore:
    """Blobs and trees under one address: a folder, or anything fsspec can reach (`s3://bucket/prefix`)."""

    def __init__(self, url: str | Path) -> None:
        self.url = str(url)
        self._backend: FolderBackend | RemoteBackend = open_backend(self.url)

    # Blobs

    def put_bytes(self, data: bytes) -> Blob:
        """Store `data`; storing what is there already writes nothing."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self._backend.exists(BLOBS, sha256):
            self.put_stream([data], expected=sha256)
        return Blob(sha256, len(data))

    def put_file(self, path: Path) -> Blob:
        """Store a regular file's bytes; it is read once more only when they are new."""
        with _regular(path) as (source, _):
            return self.put_source(source)

    def put_source(self, source: BinaryIO) -> Blob:
        """Store what an open file holds; it is read once more only when its bytes are new."""
        digest, size = hashlib.sha256(), 0
        for chunk in _chunks(source):
            digest.update(chunk)
            size += len(chunk)
        sha256 = digest.hexdigest()
        if self._backend.exists(BLOBS, sha256):
            return Blob(sha256, size)
        source.seek(0)
        # What a running job still writes to may differ by now; the digest is that of this reading.
        return self.put_stream(_chunks(source))

    def put_stream(
        self, chunks: Iterable[bytes], *, expected: str | None = None, limit: int | None = None
    ) -> Blob:
        """Store bytes as they arrive; a torn, too long or wrong stream leaves nothing behind."""
        if expected is not None:
            trees.check_digest(expected)
        digest, size = hashlib.sha256(), 0
        with self._backend.stage() as staged:
            for chunk in chunks:
                size += len(chunk)
                if limit is not None and size > limit:
                    raise StudioError(
                        f"The file is larger than the limit of {limit} bytes.", code="too_large"
                    )
                digest.update(chunk)
                staged.write(chunk)
            sha256 = digest.hexdigest()
            if expected is not None and sha256 != expected:
                raise torn(sha256, expected)
            staged.commit(BLOBS, sha256)
        return Blob(sha256, size)

    def take_file(self, path: Path, *, sha256: str) -> Blob:
        """Move a file of ours, whose digest was made while it was written, into the store.

        It may still be there afterwards: where the store is elsewhere, it is copied.
        """
        size = path.stat().st_size
        if not self._backend.exists(BLOBS, trees.check_digest(sha256)):
            self._backend.take(path, BLOBS, sha256)
        return Blob(sha256, size)

    @contextmanager
    def batch(self) -> Iterator[StoreBatch]:
        """Take many files; small ones are made durable together, which is what takes the time.

        Their digests may be relied on once the block has ended without an error.
        """
        with self._backend.batch() as batch:
            yield StoreBatch(self, self._backend, batch)

    def sweep(self, *, older_than: float) -> int:
        """Remove what killed processes left half-written so many seconds ago; returns how many."""
        return self._backend.sweep(older_than=older_than)

    def open(self, sha256: str) -> BinaryIO:
        """Open stored bytes for reading, as they are; `read` and `materialize` check them too."""
        return self._backend.open(BLOBS, trees.check_digest(sha256))

    def read(self, sha256: str) -> bytes:
        """Return stored bytes after checking their digest."""
        with self.open(sha256) as source:
            return b"".join(_verified(source, sha256, name=sha256))

    def exists(self, sha256: str) -> bool:
        """Tell whether the bytes of this digest are stored."""
        return self._backend.exists(BLOBS, trees.check_digest(sha256))

    def size(self, sha256: str) -> int:
        """Return the number of stored bytes."""
        return self._backend.size(BLOBS, trees.check_digest(sha256))

    def delete(self, sha256: str) -> None:
        """Forget stored bytes; the caller has counted the references. Absent bytes are no error."""
        self._backend.delete(BLOBS, trees.check_digest(sha256))

    def local_path(self, sha256: str) -> Path | None:
        """Return the file of these bytes when the store is a folder."""
        return self._backend.local_path(BLOBS, trees.check_digest(sha256))

    def missing(self, digests: Iterable[str]) -> list[str]:
        """Return those digests that are not stored, each once, in the order given."""
        return [sha256 for sha256 in dict.fromkeys(digests) if not self.exists(sha256)]

    # Trees

    def put_tree(self, folder: Path, *, ignore: Ignore | None = None) -> Tree:
        """Store the files of a folder and return their tree."""
        files: dict[str, Entry] = {}
        with self.batch() as batch:
            for name, path in walk(folder, ignore=ignore):
                blob, facts = batch.put_file(path)
                executable = bool(facts.st_mode & stat.S_IXUSR)
                files[name] = Entry(blob.sha256, blob.size, executable)
                if len(files) > trees.MAX_FILES:
                    break  # put_manifest says what is wrong
        return self.put_manifest(files)

    def put_single(self, path: Path, *, name: str | None = None) -> Tree:
        """Store one file as a tree of one entry, the form that `uri_file` has."""
        blob = self.put_file(path.resolve())
        executable = bool(path.stat().st_mode & stat.S_IXUSR)
        return self.put_manifest({name or path.name: Entry(blob.sha256, blob.size, executable)})

    def put_manifest(self, files: Mapping[str, Entry]) -> Tree:
        """Store a tree whose bytes are stored already; refuse it when some are missing."""
        tree, manifest = trees.build(files)
        if self._backend.exists(TREES, tree.digest):
            return tree
        absent = self.missing(entry.sha256 for entry in files.values())
        if absent:
            raise StudioError(
                f"{len(absent)} of the tree's files are not stored, among them {absent[0]}.",
                hint="Upload them first.",
                where="files",
                code="conflict",
            )
        with self._backend.stage() as staged:
            staged.write(manifest)
            staged.commit(TREES, tree.digest)
        return tree

    def has_tree(self, digest: str) -> bool:
        """Tell whether a tree (digest or `tree:` address) is stored."""
        return self._backend.exists(TREES, trees.tree_digest(digest))

    def read_tree(self, digest: str) -> Tree:
        """Return a stored tree (digest or `tree:` address) after checking digest and names."""
        sha256 = trees.tree_digest(digest)
        with self._backend.open(TREES, sha256) as source:
            manifest = b"".join(_verified(source, sha256, name=f"tree:{sha256}"))
        return Tree(sha256, trees.decode(manifest))

    def delete_tree(self, digest: str) -> None:
        """Forget a tree's list of files; its bytes stay until `delete`."""
        self._backend.delete(TREES, trees.tree_digest(digest))

    def materialize(self, digest: str, dest: Path, *, read_only: bool = False) -> Tree:
        """Lay a tree out in the folder `dest` (made new or empty), checking every file's digest.

        Files are copies, never links into the store: a job that runs as the same user could else
        change stored bytes through its own folder.
        """
        tree = self.read_tree(digest)
        dest.mkdir(parents=True, exist_ok=True)
        if any(dest.iterdir()):
            raise StudioError("The folder to lay the files out in is not empty.", where=str(dest))
        for name, entry in tree.files.items():
            path = safe_join(dest, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lay(entry, path, name, read_only=read_only)
        if read_only:
            for folder in [dest, *(path for path in dest.rglob("*") if path.is_dir())]:
                folder.chmod(0o555)
        return tree

    def _lay(self, entry: Entry, path: Path, name: str, *, read_only: bool) -> None:
        mode = (0o444 if read_only else 0o644) | (0o111 if entry.executable else 0)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with self.open(entry.sha256) as source, _target(path, flags) as target:
            for chunk in _verified(source, entry.sha256, name=name):
                target.write(chunk)
            os.fchmod(target.fileno(), mode)


class StoreBatch:
    """Files on their way into a store together; see `ContentStore.batch`."""

    def __init__(
        self, store: ContentStore, backend: FolderBackend | RemoteBackend, batch: Batch
    ) -> None:
        self._store, self._backend, self._batch = store, backend, batch
        self._added: set[str] = set()

    def put_bytes(self, data: bytes, *, expected: str | None = None) -> Blob:
        """Store bytes that are in memory; with `expected`, only when that is their digest."""
        sha256 = hashlib.sha256(data).hexdigest()
        if expected is not None and sha256 != expected:
            raise torn(sha256, expected)
        if sha256 not in self._added and not self._backend.exists(BLOBS, sha256):
            self._batch.add(BLOBS, sha256, data)
        self._added.add(sha256)
        return Blob(sha256, len(data))

    def put_file(self, path: Path) -> tuple[Blob, os.stat_result]:
        """Store a regular file's bytes; returns what the open file is, too."""
        with _regular(path) as (source, facts):
            if facts.st_size > SMALL:
                return self._store.put_source(source), facts
            data = source.read(SMALL + 1)
            if len(data) > SMALL:  # it grows while it is read
                source.seek(0)
                return self._store.put_source(source), facts
            return self.put_bytes(data), facts


@contextmanager
def _regular(path: Path) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    # O_NOFOLLOW, O_NONBLOCK: a file swapped for a link or a pipe meanwhile is refused.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb", buffering=0) as source:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise StudioError("It is not a regular file.", where=str(path))
        yield cast("BinaryIO", source), facts


def torn(sha256: str, expected: str) -> StudioError:
    """Return the error for bytes that are not those that were promised."""
    return StudioError(
        f"The bytes that arrived have the digest {sha256}, not {expected}.",
        hint="The transfer was cut or changed on the way; send the file again.",
        where="sha256",
    )


def _target(path: Path, flags: int) -> BinaryIO:
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    while chunk := source.read(CHUNK):
        yield chunk


def _verified(source: BinaryIO, sha256: str, *, name: str) -> Iterator[bytes]:
    """Yield the bytes of `source`; raise at their end when they are not those of `sha256`."""
    digest = hashlib.sha256()
    for chunk in _chunks(source):
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != sha256:
        raise StudioError(
            f"The stored bytes of {name!r} changed: they no longer have the digest {sha256}.",
            hint="Nothing was run with them. Upload the files again, and check the storage's disk.",
            where=name,
            code="failed",
        )


__all__ = ["Blob", "ContentStore", "Entry", "Staged", "Tree"]
