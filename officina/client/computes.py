"""The computes of a workspace over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from officina.client.shapes import shape_compute

if TYPE_CHECKING:
    from officina.client.client import Client

Row = dict[str, Any]


class Computes:
    """Computes in the keys of their YAML."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def _at(self, name: str, part: str = "") -> str:
        return f"{self._client.base}/computes/{quote(name, '')}{part}"

    def create(self, wish: Mapping[str, Any]) -> Row:
        """Make a compute, or change it to what is asked; `wish` is of `load_compute`."""
        body = {key: wish[key] for key in ("properties", "tags") if wish.get(key)}
        return shape_compute(self._client.transport.json("PUT", self._at(wish["name"]), json=body))

    def update(self, name: str, wish: Mapping[str, Any]) -> Row:
        """Change what is given and leave the rest."""
        body = {key: wish[key] for key in ("properties", "tags") if wish.get(key)}
        return shape_compute(self._client.transport.json("PATCH", self._at(name), json=body))

    def show(self, name: str) -> Row:
        """Return one compute."""
        return shape_compute(self._client.transport.json("GET", self._at(name)))

    def list(self) -> Iterator[Row]:
        """Yield the computes by name."""
        place = f"{self._client.base}/computes"
        for row in self._client.transport.pages(place, {"page_size": 200}):
            yield shape_compute(row)

    def delete(self, name: str) -> None:
        """Delete a compute."""
        self._client.transport.json("DELETE", self._at(name))

    def act(self, name: str, action: str) -> Row:
        """Start, stop or restart an instance."""
        transport, key = self._client.transport, str(uuid.uuid4())
        return shape_compute(transport.json("POST", self._at(name, f"/{action}"), key=key))

    def nodes(self, name: str) -> Sequence[Row]:
        """Return the nodes with what runs on each."""
        return list(self._client.transport.json("GET", self._at(name, "/nodes"))["nodes"])

    def agent(self, name: str) -> str:
        """Return what one runs on a machine, or applies to a cluster, to serve an attached compute."""
        return str(self._client.transport.json("GET", self._at(name, "/agent"))["command"])

    def sizes(self, part: str = "") -> Sequence[Row]:
        """Return the size table, or its `gpu` or `cpu` part."""
        place = f"{self._client.base}/compute-sizes"
        return list(self._client.transport.json("GET", place, params={"type": part})["value"])

    def usage(self) -> Sequence[Row]:
        """Return what is used of what is allowed."""
        place = f"{self._client.base}/compute-usage"
        return list(self._client.transport.json("GET", place)["value"])
