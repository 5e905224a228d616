"""The studio's own storage as a datastore: named files whose bytes are in the content store.

Who keeps the names is an app above; it offers its table here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from officina.errors import StudioError
from officina.storage import Blob, Entry
from officina.storage.datastores.places import Item, Listing, absent, page_of, taken
from officina.storage.paths import check_name
from registry.services import storing
from studio.workspaces.models import Workspace


class Names(Protocol):
    """What the app above offers: it finds, lists and sets names in a container of a workspace."""

    def find(self, workspace: Workspace, container: str, path: str) -> Any: ...

    def below(self, workspace: Workspace, container: str, prefix: str, *, most: int) -> Any: ...

    def put(self, *, workspace: Workspace, container: str, path: str, blob: Any) -> Any: ...


_names: list[Any] = []
MOST = 50_000


def provide(names: Any) -> None:
    """Let the app above keep the names."""
    _names[:] = [names]


@dataclass(frozen=True)
class Own:
    """One of the two datastores that every workspace has."""

    workspace: Workspace
    container: str

    def test(self) -> str:
        return "It is the studio's own storage, and it answers."

    def list(self, path: str = "", *, after: str = "", limit: int = 200) -> Listing:
        prefix = f"{check_name(path)}/" if path else ""
        items: dict[str, Item] = {}
        for row in self._below(prefix):
            name, slash, _ = row.path.removeprefix(prefix).partition("/")
            if slash:
                items.setdefault(name, Item(name, prefix + name, True))
            elif name:
                items[name] = Item(name, row.path, False, row.size, row.changed.timestamp())
        if path and not items:
            raise absent(path)
        return page_of(items.values(), after, limit)

    def size(self, path: str) -> int | None:
        return int(self._found(path).size)

    def open(self, path: str) -> BinaryIO:
        return storing.store().open(self._found(path).sha256)

    def walk(self, path: str) -> Iterator[tuple[str, int | None]]:
        row = self._names().find(self.workspace, self.container, path) if path else None
        if row is not None:
            yield row.path, row.size
            return
        rows = self._below(f"{path}/" if path else "")
        if not rows:
            raise absent(path)
        for each in rows:
            yield each.path, each.size

    def entries(self, path: str) -> dict[str, Entry]:
        """Return the files at a path with the digests that they are stored under."""
        row = self._names().find(self.workspace, self.container, path) if path else None
        rows = [row] if row is not None else self._below(f"{path}/" if path else "")
        found = {each.path: Entry(each.sha256, each.size) for each in rows if each.sha256}
        if not found:
            raise absent(path)
        return found

    def write(self, path: str, chunks: Iterable[bytes], *, overwrite: bool) -> int:
        check_name(path)
        if not overwrite and self._names().find(self.workspace, self.container, path) is not None:
            raise taken(path)
        blob = storing.store().put_stream(chunks)
        self.name(path, blob)
        return blob.size

    def name(self, path: str, blob: Blob) -> None:
        """Give stored bytes a name here, in the place of what has it."""
        self._names().put(workspace=self.workspace, container=self.container, path=path, blob=blob)

    def _found(self, path: str) -> Any:
        row = self._names().find(self.workspace, self.container, check_name(path))
        if row is None or not row.sha256:
            raise absent(path)
        return row

    def _below(self, prefix: str) -> Any:
        return self._names().below(self.workspace, self.container, prefix, most=MOST)

    def _names(self) -> Any:
        if not _names:
            raise StudioError("No app keeps the names of stored files.", code="unavailable")
        return _names[0]
