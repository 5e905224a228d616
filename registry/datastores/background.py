"""What takes too long to copy while somebody waits: a run does it, which an app above starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from officina.errors import StudioError
from studio.workspaces.models import User, Workspace


@dataclass(frozen=True)
class Started:
    """The run that registers a version of a data asset, once it has copied what that is made of."""

    guid: str
    name: str
    asset: str
    url: str

    def shown(self) -> dict[str, Any]:
        """Return what the API answers (202) in the place of a version."""
        return {"run": {"guid": self.guid, "name": self.name, "url": self.url}, "asset": self.asset}


class Importer(Protocol):
    """What the app above offers: it starts the import of a document, once however often it is asked."""

    def __call__(
        self, *, workspace: Workspace, user: User, document: dict[str, Any]
    ) -> Started: ...


_importers: list[Importer] = []


def provide(importer: Importer) -> None:
    """Let the app above start imports."""
    _importers[:] = [importer]


def start(
    *, workspace: Workspace, user: User, name: str, source: dict[str, str], kind: str,
    version: str = "", description: str = "", tags: dict[str, str] | None = None,
    properties: dict[str, str] | None = None,
) -> Started:  # fmt: skip
    """Start the run that registers what `source` names, as an import's document says it."""
    if not _importers:
        raise StudioError("No app imports data.", code="unavailable")
    wanted = {
        "name": name, "type": kind, "source": source, "description": description, "tags": tags,
        "properties": properties, "registerVersion": version, "onlyIfChanged": False,
    }  # fmt: skip
    document = {key: value for key, value in wanted.items() if value not in ("", None, {})}
    return _importers[0](workspace=workspace, user=user, document=document)
