"""Datastores of files: a folder, a bucket or a container, seen page by page."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from officina.errors import StudioError
from officina.storage.backends import reporting_full_disk
from officina.storage.datastores.hosts import check_url
from officina.storage.paths import check_name, safe_join

MOST = 1000


@dataclass(frozen=True)
class Item:
    """A file or a folder: its name within the folder shown, and its path in the datastore."""

    name: str
    path: str
    is_folder: bool = False
    size: int | None = None
    changed: float | None = None


@dataclass(frozen=True)
class Listing:
    """One page of a folder; `next` is what to ask for as `after`, blank at the end."""

    items: list[Item]
    next: str = ""


class Files(Protocol):
    """What each datastore of files can do."""

    def test(self) -> str:
        """Return a sentence on what answers there, or raise a StudioError that says why none does."""

    def list(self, path: str = "", *, after: str = "", limit: int = 200) -> Listing:
        """Return a page of a folder, sorted by name."""

    def size(self, path: str) -> int | None:
        """Return a file's bytes; None when the place does not say. A missing file is not found."""

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading."""

    def walk(self, path: str) -> Iterator[tuple[str, int | None]]:
        """Yield (path, size) of every file below a folder, or of the one file."""

    def write(self, path: str, chunks: Iterable[bytes], *, overwrite: bool) -> int:
        """Store a file; one that is there stays unless `overwrite`. Returns its bytes."""


def page_of(items: Iterable[Item], after: str, limit: int) -> Listing:
    """Return the items that follow `after` by name."""
    limit = min(max(1, limit), MOST)
    rest = sorted((item for item in items if item.name > after), key=lambda item: item.name)
    more = len(rest) > limit
    return Listing(rest[:limit], rest[limit - 1].name if more else "")


def absent(path: str) -> StudioError:
    """Return the error for a path where nothing is."""
    return StudioError(
        f"There is nothing at {path or '/'!r} in the datastore.", where="path", code="not_found",
        hint="Look at the datastore's page for what there is.",
    )  # fmt: skip


def taken(path: str) -> StudioError:
    """Return the error for a file that would be replaced."""
    return StudioError(
        f"{path} exists already in the datastore.", where="path", code="conflict",
        hint="Choose another path, or overwrite it.",
    )  # fmt: skip


# -- a folder ---------------------------------------------------------------------------------------


class Folder:
    """A folder of the studio's machine; a link that leads out of it is not followed."""

    def __init__(self, root: Path, *, read_only: bool = False) -> None:
        self.root = root
        self.read_only = read_only

    def test(self) -> str:
        if not self.root.is_dir():
            raise StudioError(
                f"{self.root} is not a folder on the studio's machine.", where="path",
                hint="Mount the share there, or correct the path.", code="unavailable",
            )  # fmt: skip
        with self._named("path"), os.scandir(self.root) as found:
            any_ = next(found, None)
        rights = (
            "read only" if self.read_only or not os.access(self.root, os.W_OK) else "read and write"
        )
        return f"The folder answers ({rights}{'' if any_ else ', empty'})."

    def list(self, path: str = "", *, after: str = "", limit: int = 200) -> Listing:
        folder = self._path(path)
        with self._named(path):
            return page_of(self._items(folder, path), after, limit)

    def _items(self, folder: Path, path: str) -> Iterator[Item]:
        with os.scandir(folder) as found:
            for entry in found:
                inside = f"{path}/{entry.name}" if path else entry.name
                if entry.is_symlink() and not self._inside(Path(entry.path)):
                    continue
                try:
                    facts = entry.stat()
                    is_folder = entry.is_dir()
                except OSError:
                    continue  # it went away, or is a broken link
                size = None if is_folder else facts.st_size
                yield Item(entry.name, inside, is_folder, size, facts.st_mtime)

    def size(self, path: str) -> int | None:
        return self._file(path).stat().st_size

    def open(self, path: str) -> BinaryIO:
        with self._named(path):
            return self._file(path).open("rb")

    def walk(self, path: str) -> Iterator[tuple[str, int | None]]:
        start = self._path(path)
        if start.is_file():
            yield path, start.stat().st_size
            return
        with self._named(path):
            for folder, _, files in os.walk(start):
                for name in sorted(files):
                    file = Path(folder, name)
                    if file.is_file() and self._inside(file):
                        yield file.relative_to(self.root).as_posix(), file.stat().st_size

    def write(self, path: str, chunks: Iterable[bytes], *, overwrite: bool) -> int:
        if self.read_only:
            raise StudioError("This datastore is read only.", where="datastore", code="forbidden")
        target = safe_join(self.root, path)
        if target.exists() and not overwrite:
            raise taken(path)
        draft = target.with_name(f".{target.name}.{os.getpid()}.part")
        size = 0
        try:
            with self._named(path), reporting_full_disk(path):
                target.parent.mkdir(parents=True, exist_ok=True)
                with draft.open("wb") as file:
                    for chunk in chunks:
                        size += file.write(chunk)
                draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        return size

    def _path(self, path: str) -> Path:
        if not path:
            return self.root
        found = safe_join(self.root, path)
        if not found.exists() or not self._inside(found):
            raise absent(path)
        return found

    def _file(self, path: str) -> Path:
        found = self._path(path)
        if not found.is_file():
            raise absent(path)
        return found

    def _inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.root.resolve())

    @contextmanager
    def _named(self, path: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise absent(path) from None
        except NotADirectoryError:
            raise StudioError(f"{path!r} is a file.", where="path") from None
        except PermissionError:
            raise StudioError(
                f"The studio may not read {path or 'the folder'!r} there.", where="path",
                hint="Give the studio's user the right on its machine.", code="unavailable",
            ) from None  # fmt: skip


def open_folder(config: Mapping[str, Any], secrets: Mapping[str, str]) -> Folder:
    """Open a folder that an administrator has opened; any other is refused."""
    path = Path(str(config["path"]))
    allowed = [p for p in os.environ.get("OFFICINA_DATASTORE_FOLDERS", "").split(os.pathsep) if p]
    resolved = path.resolve()
    if not path.is_absolute() or not any(
        resolved.is_relative_to(Path(each).resolve()) for each in allowed
    ):
        raise StudioError(
            f"{path} is not among the folders that datastores may use.", where="path",
            hint="Have the administrator list it, or a folder above it, in "
            "OFFICINA_DATASTORE_FOLDERS.", code="forbidden",
        )  # fmt: skip
    return Folder(resolved, read_only=bool(config.get("read_only")))


# -- buckets and containers -------------------------------------------------------------------------


class Remote:
    """A place behind somebody's client: its errors are told in our words, no secret in them."""

    def __init__(self, where: str, secrets: Iterable[str]) -> None:
        self._where = where
        # A secret of a letter or two would blacken every text.
        self._secrets = [each for each in secrets if len(each) > 3]

    def explain(self, error: Exception, path: str) -> StudioError | None:
        """Return what an error of the client means; None for what is no matter of the place."""
        raise NotImplementedError

    @contextmanager
    def told(self, path: str) -> Iterator[None]:
        """Turn the client's errors into ours; `path` is what was asked for, blank for the whole."""
        try:
            yield
        except StudioError:
            raise
        except Exception as error:
            found = self.explain(error, path)
            if found is None:
                raise
            raise found from None

    def failed(self, text: str, hint: str) -> StudioError:
        """Return the error of a place that does not answer as it should."""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return StudioError(
            f"{self._where} cannot be read: {text}", hint=hint, where="datastore",
            code="unavailable",
        )  # fmt: skip


class Bucket(Remote):
    """A bucket or container that fsspec reaches."""

    def __init__(
        self, make: Callable[[], Any], root: str, *, where: str, secrets: Iterable[str] = ()
    ) -> None:
        super().__init__(where, secrets)
        self.root = root.strip("/")
        with self.told(""):
            self._fs = make()

    def test(self) -> str:
        with self.told(""):
            found = self._fs.ls(self.root, detail=False)
        return f"{self._where} answers ({len(found):,} entries at the top)."

    def list(self, path: str = "", *, after: str = "", limit: int = 200) -> Listing:
        with self.told(path):
            rows = self._fs.ls(self._full(path), detail=True)
        items = [self._item(row) for row in rows]
        return page_of((i for i in items if i.path not in {path, ""}), after, limit)

    def _item(self, row: Mapping[str, Any]) -> Item:
        path = str(row["name"]).strip("/").removeprefix(self.root).strip("/")
        is_folder = row.get("type") == "directory"
        changed: Any = row.get("LastModified") or row.get("last_modified")
        return Item(
            path.rpartition("/")[2], path, is_folder, None if is_folder else row.get("size"),
            changed.timestamp() if hasattr(changed, "timestamp") else None,
        )  # fmt: skip

    def size(self, path: str) -> int | None:
        with self.told(path):
            facts = self._fs.info(self._full(path))
        if facts.get("type") == "directory":
            raise absent(path)
        return int(facts["size"])

    def open(self, path: str) -> BinaryIO:
        with self.told(path):
            found: BinaryIO = self._fs.open(self._full(path), "rb")
        return found

    def walk(self, path: str) -> Iterator[tuple[str, int | None]]:
        with self.told(path):
            found = self._fs.find(self._full(path), detail=True)
        if not found:
            raise absent(path)
        for row in found.values():
            item = self._item(row)
            yield item.path, item.size

    def write(self, path: str, chunks: Iterable[bytes], *, overwrite: bool) -> int:
        target = self._full(path)
        size = 0
        with self.told(path):
            if not overwrite and self._fs.exists(target):
                raise taken(path)
            with self._fs.open(target, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                    size += len(chunk)
        return size

    def _full(self, path: str) -> str:
        return f"{self.root}/{check_name(path)}" if path else self.root

    def explain(self, error: Exception, path: str) -> StudioError:
        # Clients of clouds raise classes of their own; none of them may carry a key out.
        if isinstance(error, FileNotFoundError):
            if path:
                return absent(path)
            hint = "Correct the name of the bucket or container."
        elif isinstance(error, PermissionError):
            hint = "Check the keys, and what they may do."
        else:
            hint = "Check the address and the network."
        text = " ".join(str(error).split()) or type(error).__name__
        return self.failed(text[:300], hint)


def open_s3(config: Mapping[str, Any], secrets: Mapping[str, str]) -> Bucket:
    """Open an S3-compatible bucket; it answers within seconds or says that it does not."""
    endpoint = config.get("endpoint_url")
    if endpoint:
        check_url(str(endpoint))

    def make() -> Any:
        import s3fs  # type: ignore[import-untyped]

        return s3fs.S3FileSystem(
            anon=bool(config.get("anonymous")),
            key=secrets.get("access_key") or "",
            secret=secrets.get("secret_key") or "",
            endpoint_url=endpoint,
            client_kwargs={"region_name": config.get("region") or "us-east-1"},
            config_kwargs={"connect_timeout": 5, "read_timeout": 20, "retries": {"max_attempts": 1}},
            skip_instance_cache=True,
            use_listings_cache=False,
        )  # fmt: skip

    root = "/".join(part for part in (config["bucket"], config.get("prefix")) if part)
    return Bucket(make, root, where=f"The bucket {config['bucket']}", secrets=secrets.values())
