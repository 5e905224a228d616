"""Schedules, imports and data quality over the API."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from officina.client.upload import upload_locals
from officina.documents.schedules import load_import, load_schedule

if TYPE_CHECKING:
    from officina.client.client import Client

Row = dict[str, Any]


def shape_schedule(row: Mapping[str, Any]) -> Row:
    """Return a schedule in the words that `az ml schedule` prints."""
    properties = row["properties"]
    return {
        "name": row["name"],
        "display_name": properties.get("displayName"),
        "description": properties.get("description"),
        "tags": properties.get("tags") or {},
        "is_enabled": properties.get("isEnabled"),
        "when": row["when"],
        "does": row["does"],
        "next_run": row["next_run"],
        "last_run": row["last_run"],
        "trigger": properties["trigger"],
        "action": properties["action"],
        "provisioning_state": properties.get("provisioningState"),
        "creation_context": {
            "created_at": row["created"], "created_by": row["owner"],
            "last_modified_at": row["changed"],
        },
        **({"next_times": row["next_times"]} if "next_times" in row else {}),
    }  # fmt: skip


class Schedules:
    """The schedules of a workspace."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def _at(self, name: str = "", rest: str = "") -> str:
        place = f"{self._client.base}/schedules"
        return f"{place}/{quote(name, '')}{rest}" if name else place

    def save(
        self, source: Path | str | Mapping[str, Any], *, set: Mapping[str, Any] | None = None,
        progress: Callable[[str], None] = lambda text: None,
    ) -> Row:  # fmt: skip
        """Make a schedule of a file or document, or replace the one of its name; upload its files."""
        loaded = load_schedule(
            source, base=None if isinstance(source, Path) else Path.cwd(), overrides=set
        )
        for warning in loaded.warnings:
            progress(f"warning: {warning}")
        properties = upload_locals(
            loaded.properties, loaded.local, transport=self._client.transport,
            base=self._client.base, progress=progress,
        )  # fmt: skip
        body = {"properties": loaded.as_rest(properties)}
        return shape_schedule(self._client.transport.json("PUT", self._at(loaded.name), json=body))

    def show(self, name: str) -> Row:
        """Return one schedule with its next times."""
        return shape_schedule(self._client.transport.json("GET", self._at(name)))

    def list(self, *, enabled: bool | None = None) -> Iterator[Row]:
        """Yield the schedules."""
        params = {} if enabled is None else {"enabled": str(enabled).lower()}
        for row in self._client.transport.pages(self._at(), params):
            yield shape_schedule(row)

    def change(self, name: str, changes: Mapping[str, Any]) -> Row:
        """Switch a schedule on or off, or change its words."""
        return shape_schedule(
            self._client.transport.json("PATCH", self._at(name), json=dict(changes))
        )

    def delete(self, name: str) -> None:
        """Forget a schedule; what it started stays."""
        self._client.transport.json("DELETE", self._at(name))

    def trigger(self, name: str) -> Row:
        """Fire a schedule now."""
        key = str(uuid.uuid4())
        return dict(self._client.transport.json("POST", self._at(name, "/trigger"), key=key))

    def history(self, name: str) -> Iterator[Row]:
        """Yield the firings of a schedule, newest first."""
        return self._client.transport.pages(self._at(name, "/history"), {"page_size": 200})


def import_data(
    client: Client, source: Path | str | Mapping[str, Any], *, set: Mapping[str, Any] | None = None
) -> Row:
    """Start an import and return its run."""
    document = load_import(source, overrides=set)
    place = f"{client.base}/imports"
    return dict(client.transport.json("POST", place, json=document, key=str(uuid.uuid4())))


def check_quality(
    client: Client, name: str, *, version: str | None = None, rules: list[Row] | None = None
) -> Row:
    """Start a check of a data version and return its run."""
    body: Row = {"version": version or ""}
    if rules is not None:
        body["rules"] = rules
    place = f"{client.base}/quality/{quote(name, '')}/checks"
    return dict(client.transport.json("POST", place, json=body, key=str(uuid.uuid4())))


def set_rules(client: Client, name: str, rules: list[Row]) -> Row:
    """Declare the rules that a data asset is held to."""
    place = f"{client.base}/quality/{quote(name, '')}"
    return dict(client.transport.json("PUT", place, json={"rules": rules}))


def report(client: Client, guid: str) -> Row:
    """Return the quality report of a run."""
    return dict(client.transport.json("GET", f"{client.base}/runs/{guid}/quality"))
