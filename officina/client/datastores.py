"""The datastores of a workspace over HTTP, from Azure's YAML or our own kinds."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from officina.documents.jobs import open_source
from officina.documents.overrides import set_paths
from officina.errors import StudioError

if TYPE_CHECKING:
    from officina.client.client import Client

Row = dict[str, Any]
_KINDS = {"azure_data_lake_gen2": "adls_gen2", "azure_data_lake_gen1": "adls_gen1"}
_HEADS = {"$schema", "name", "type", "description", "credentials", "tags", "protocol", "endpoint"}


def load_datastore(
    source: Path | str | Mapping[str, Any], overrides: Mapping[str, Any] | None = None
) -> Row:
    """Return `{"name", "kind", "config", "description"}` of a datastore's file or mapping."""
    reading = open_source(source, None)
    raw = set_paths(reading.mapping(reading.located.data, (), "a datastore"), overrides or {})
    kind = str(raw.get("type") or "")
    if not raw.get("name") or not kind:
        raise reading.error((), "a datastore needs a name and a type", hint="type: azure_blob")
    config = {key: item for key, item in raw.items() if key not in _HEADS}
    if "filesystem" in config:
        config["container_name"] = config.pop("filesystem")
    config |= reading.mapping(raw.get("credentials"), ("credentials",), "credentials")
    # Each of Azure's clouds takes a token for this one audience.
    config.pop("resource_url", None)
    return {
        "name": str(raw["name"]),
        "kind": _KINDS.get(kind, kind),
        "config": config,
        "description": str(raw.get("description") or ""),
    }


class Datastores:
    """Datastores; credentials can be set and never read."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def _at(self, name: str = "") -> str:
        place = f"{self._client.base}/datastores"
        return f"{place}/{quote(name, '')}" if name else place

    def create(self, wish: Mapping[str, Any]) -> Row:
        """Make a datastore, or give one that exists what is asked."""
        if wish["kind"] == "azure_file":
            raise StudioError(
                "a file share cannot be opened by its address here", where="type",
                hint="Mount it on the studio's machine and make a datastore of type folder.",
            )  # fmt: skip
        transport = self._client.transport
        try:
            self.show(str(wish["name"]))
        except StudioError as error:
            if error.code != "not_found":
                raise
            key = str(uuid.uuid4())
            return dict(transport.json("POST", self._at(), json=dict(wish), key=key))
        return self.update(str(wish["name"]), {"config": wish["config"]})

    def update(self, name: str, body: Mapping[str, Any]) -> Row:
        """Change a datastore."""
        return dict(self._client.transport.json("PATCH", self._at(name), json=dict(body)))

    def show(self, name: str) -> Row:
        """Return one datastore."""
        return dict(self._client.transport.json("GET", self._at(name)))

    def list(self) -> Iterator[Row]:
        """Yield the datastores."""
        yield from self._client.transport.json("GET", self._at())["items"]

    def delete(self, name: str) -> None:
        """Forget a datastore; what is stored there stays."""
        self._client.transport.json("DELETE", self._at(name))
