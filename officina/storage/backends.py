"""Where the store's bytes lie: a folder of this machine, or a bucket reached through fsspec."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast
from urllib.parse import unquote, urlsplit

from officina.errors import StudioError
from officina.storage import batches

# The last one: a file system, or a limit of the process, takes no file of this size.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Staged(Protocol):
    """Bytes on their way in: nobody sees them before `commit`."""

    def write(self, chunk: bytes) -> None:
        """Add bytes."""

    def commit(self, kind: str, sha256: str) -> None:
        """Make all bytes visible at once, under their digest."""


class Batch(Protocol):
    """Many small files on their way in together."""

    def add(self, kind: str, sha256: str, data: bytes) -> None:
        """Add a file whose digest is known; it may become visible at any time from now."""

    def finish(self) -> None:
        """Make all of them visible and durable."""


def open_backend(url: str) -> FolderBackend | RemoteBackend:
    """Return the backend of a path, a `file://` address or any other fsspec address."""
    if "://" not in url:
        return FolderBackend(Path(url))
    if url.startswith("file://"):
        return FolderBackend(Path(unquote(urlsplit(url).path)))
    return RemoteBackend(url)


@contextmanager
def reporting_full_disk(place: str, kept: str = "nothing of this file was kept") -> Iterator[None]:
    """Turn "no space left" into an error that says so to people."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise StudioError(
            f"The storage is full; {kept}.",
            hint="Free space on the storage's disk, then try again.",
            where=place,
            code="storage_full",
        ) from error


def absent(kind: str, sha256: str) -> StudioError:
    """Return the error for a digest that is not stored."""
    what = "tree" if kind == "trees" else "file"
    return StudioError(
        f"The storage holds no {what} with the digest {sha256}.",
        hint="It was deleted, or never uploaded.",
        where="sha256",
        code="not_found",
    )


class _TempFile:
    """A temporary file that ends up in the store or is gone."""

    def __init__(self, folder: Path | None) -> None:
        self._file = tempfile.NamedTemporaryFile(dir=folder, prefix="incoming-", delete=False)  # noqa: SIM115
        self.path = Path(self._file.name)

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)

    def sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        os.fchmod(self._file.fileno(), 0o444)
        self._file.close()

    def discard(self) -> None:
        try:
            self._file.close()
        finally:
            self.path.unlink(missing_ok=True)


class FolderBackend:
    """Bytes in `<root>/<kind>/<first two digits>/<rest>`; renames make them visible whole."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._incoming = self.root / "incoming"

    def _path(self, kind: str, sha256: str) -> Path:
        return self.root / kind / sha256[:2] / sha256[2:]

    @contextmanager
    def stage(self) -> Iterator[Staged]:
        """Give a place to write to; on any error what was written is removed."""
        with reporting_full_disk(str(self.root)):
            self._incoming.mkdir(parents=True, exist_ok=True)
            temp = _TempFile(self._incoming)
            try:
                yield _StagedInFolder(temp, self)
            finally:
                _discard_quietly(temp)

    def take(self, source: Path, kind: str, sha256: str) -> None:
        """Move a finished file to its name; from another file system it is copied, and stays."""
        path = self._path(kind, sha256)
        with reporting_full_disk(str(self.root)):
            path.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as file:
                os.fsync(file.fileno())
                try:
                    source.rename(path)
                except OSError as error:
                    if error.errno != errno.EXDEV:
                        raise
                else:
                    os.fchmod(file.fileno(), 0o444)
                    return
                with self.stage() as staged:
                    shutil.copyfileobj(file, staged, 1 << 18)
                    staged.commit(kind, sha256)

    def place(self, temp: _TempFile, kind: str, sha256: str) -> None:
        """Move finished bytes to their name."""
        path = self._path(kind, sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        temp.sync()
        temp.path.replace(path)

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """Take many small files, made durable together."""
        with reporting_full_disk(str(self.root)):
            gathered = batches.FolderBatch(self.root, self._incoming)
            try:
                yield gathered
                gathered.finish()
            finally:
                gathered.discard()

    def sweep(self, *, older_than: float) -> int:
        """Remove what killed processes left half-written; returns how many."""
        return batches.sweep(self._incoming, older_than=older_than)

    def open(self, kind: str, sha256: str) -> BinaryIO:
        """Open for reading."""
        try:
            return self._path(kind, sha256).open("rb")
        except FileNotFoundError:
            raise absent(kind, sha256) from None

    def exists(self, kind: str, sha256: str) -> bool:
        """Tell whether it is stored."""
        return self._path(kind, sha256).is_file()

    def size(self, kind: str, sha256: str) -> int:
        """Return the number of bytes."""
        try:
            return self._path(kind, sha256).stat().st_size
        except FileNotFoundError:
            raise absent(kind, sha256) from None

    def delete(self, kind: str, sha256: str) -> None:
        """Remove it if it is there."""
        self._path(kind, sha256).unlink(missing_ok=True)

    def local_path(self, kind: str, sha256: str) -> Path | None:
        """Return its file."""
        path = self._path(kind, sha256)
        return path if path.is_file() else None


class _StagedInFolder:
    def __init__(self, temp: _TempFile, backend: FolderBackend) -> None:
        self._temp = temp
        self._backend = backend

    def write(self, chunk: bytes) -> None:
        self._temp.write(chunk)

    def commit(self, kind: str, sha256: str) -> None:
        self._backend.place(self._temp, kind, sha256)


class RemoteBackend:
    """Bytes as objects of a bucket; an object store shows an object only once it is whole."""

    def __init__(self, url: str) -> None:
        import fsspec

        self.url = url.rstrip("/")
        try:
            filesystem, root = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise StudioError(
                f"The storage address {url.split('://')[0]}:// cannot be used: {error}",
                hint="Install what fsspec names (s3fs for s3://, adlfs for abfs://).",
                where="STORAGE_URL",
            ) from error
        self._fs: Any = filesystem
        self._root = root.rstrip("/")

    def _key(self, kind: str, sha256: str) -> str:
        return f"{self._root}/{kind}/{sha256[:2]}/{sha256[2:]}"

    @contextmanager
    def stage(self) -> Iterator[Staged]:
        """Gather the bytes in a local file; they are sent once they are all there."""
        with reporting_full_disk(tempfile.gettempdir()):
            temp = _TempFile(None)
            try:
                yield _StagedRemotely(temp, self)
            finally:
                _discard_quietly(temp)

    def take(self, source: Path, kind: str, sha256: str) -> None:
        """Send a finished file to its name; it stays where it is."""
        key = self._key(kind, sha256)
        with reporting_full_disk(self.url):
            self._fs.makedirs(key.rpartition("/")[0], exist_ok=True)
            self._fs.put_file(str(source), key)
        self._fs.invalidate_cache()

    def place(self, temp: _TempFile, kind: str, sha256: str) -> None:
        """Send finished bytes to their name."""
        temp.sync()
        self.take(temp.path, kind, sha256)

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """Take many small files, sent side by side where the store's client can."""
        gathered = _RemoteBatch(self)
        yield gathered
        gathered.finish()

    def place_all(self, contents: dict[tuple[str, str], bytes]) -> None:
        """Send files that are whole in memory."""
        keys = {self._key(kind, sha256): data for (kind, sha256), data in contents.items()}
        with reporting_full_disk(self.url):
            for folder in {key.rpartition("/")[0] for key in keys}:
                self._fs.makedirs(folder, exist_ok=True)
            self._fs.pipe(keys)
        self._fs.invalidate_cache()

    def sweep(self, *, older_than: float) -> int:
        """Return 0: an object store shows nothing half-written."""
        return 0

    def open(self, kind: str, sha256: str) -> BinaryIO:
        """Open for reading."""
        try:
            return cast("BinaryIO", self._fs.open(self._key(kind, sha256), "rb"))
        except FileNotFoundError:
            raise absent(kind, sha256) from None

    def exists(self, kind: str, sha256: str) -> bool:
        """Tell whether it is stored."""
        return bool(self._fs.exists(self._key(kind, sha256)))

    def size(self, kind: str, sha256: str) -> int:
        """Return the number of bytes."""
        try:
            return int(self._fs.size(self._key(kind, sha256)))
        except FileNotFoundError:
            raise absent(kind, sha256) from None

    def delete(self, kind: str, sha256: str) -> None:
        """Remove it if it is there."""
        try:
            self._fs.rm_file(self._key(kind, sha256))
        except FileNotFoundError:
            return

    def local_path(self, kind: str, sha256: str) -> Path | None:
        """Return None: the bytes are elsewhere."""
        return None


class _StagedRemotely:
    def __init__(self, temp: _TempFile, backend: RemoteBackend) -> None:
        self._temp = temp
        self._backend = backend

    def write(self, chunk: bytes) -> None:
        self._temp.write(chunk)

    def commit(self, kind: str, sha256: str) -> None:
        self._backend.place(self._temp, kind, sha256)


class _RemoteBatch:
    """Bytes in memory, up to 64 MB, then sent."""

    def __init__(self, backend: RemoteBackend) -> None:
        self._backend = backend
        self._waiting: dict[tuple[str, str], bytes] = {}
        self._bytes = 0

    def add(self, kind: str, sha256: str, data: bytes) -> None:
        self._waiting[kind, sha256] = data
        self._bytes += len(data)
        if len(self._waiting) >= 1000 or self._bytes >= batches.MOST_BYTES:
            self.finish()

    def finish(self) -> None:
        if self._waiting:
            self._backend.place_all(self._waiting)
        self._waiting, self._bytes = {}, 0


def _discard_quietly(temp: _TempFile) -> None:
    # After a rename nothing is left to remove; closing a file on a full disk raises once more.
    try:
        temp.discard()
    except OSError:
        temp.path.unlink(missing_ok=True)
