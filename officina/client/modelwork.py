"""Work on a workspace's models: conversion, packages, profiles, two versions side by side."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from officina.client.download import download_file
from officina.errors import StudioError

if TYPE_CHECKING:
    from officina.client.client import Client

Row = dict[str, Any]


class ModelWork:
    """What can be done with a version of a model; each piece of work is a job."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def _at(self, name: str, version: str | None) -> str:
        return f"{self._client.base}/models/{quote(name, '')}/versions/{quote(version or 'latest', '')}"

    def start(
        self, action: str, name: str, options: Mapping[str, Any], *, version: str | None = None
    ) -> Row:
        """Start `convert`, `package` or `profile` and return its job; what is None the studio chooses."""
        body = {key: value for key, value in options.items() if value is not None}
        place = f"{self._at(name, version)}/{action}"
        answer = self._client.transport.json("POST", place, json=body, key=str(uuid.uuid4()))
        return dict(answer)

    def history(self, name: str, *, version: str | None = None, action: str = "") -> list[Row]:
        """Return the work on a version, newest first, with what each found."""
        place = f"{self._at(name, version)}/work"
        answer = self._client.transport.json("GET", place, params={"action": action})
        return list(answer["work"])

    def of_run(self, name: str, guid: str, *, version: str | None = None) -> Row:
        """Return the piece of work that a job did."""
        for each in self.history(name, version=version):
            if each["run"] == guid:
                return each
        raise StudioError(f"No work of run {guid} is kept with {name}.", code="not_found")

    def download(
        self, name: str, work: Row, dest: Path, *, version: str | None = None
    ) -> list[Path]:
        """Fetch a package's archives into `dest`; their digests are checked."""
        place = f"{self._at(name, version)}/packages/{work['id']}"
        found = []
        for archive in work["result"]["archives"]:
            path = dest / Path(str(archive["file"])).name
            source = f"{place}/{quote(path.name)}"
            download_file(self._client.transport, source, path, sha256=archive["sha256"])
            found.append(path)
        return found

    def compare(self, name: str, other: str, *, version: str | None = None) -> Row:
        """Return a version beside another: `2` of the same model, or `name:2`."""
        place = f"{self._at(name, version)}/compare"
        return dict(self._client.transport.json("GET", place, params={"with": other}))
