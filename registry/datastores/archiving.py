"""Datastores as a workspace's archive carries them: without credentials, which have to be given again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from officina.storage import datastores
from registry.archive import Arrival
from registry.datastores import services
from registry.models import Datastore
from registry.services import check_name
from studio.workspaces.models import Workspace


def datastore_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield the datastores that do not come with every workspace; of secrets only what they are."""
    for row in services.rows(workspace).exclude(kind=services.OWN.name):
        yield {
            "name": row.name, "kind": row.kind, "config": services.config_of(row),
            "description": row.config.get("description", ""),
            "needs": sorted({*(row.config.get("vault") or {}), *row.config.get("needs", ())}),
        }  # fmt: skip


def import_datastore(arrival: Arrival, row: dict[str, Any]) -> None:
    """Take in a datastore; its page tells which credentials it needs before it can be used."""
    name = str(row.get("name") or "")
    check_name(name, "datastore")
    kind = datastores.kind_named(str(row.get("kind") or ""))
    given = row.get("config")
    kept, _ = datastores.clean(kind, given if isinstance(given, dict) else {}, keep_secrets=True)
    known = Datastore.objects.filter(workspace=arrival.workspace, name__iexact=name).first()
    if known is not None:
        same = known.kind == kind.name and services.config_of(known) == kept
        arrival.note("skipped" if same else "conflicts", f"datastore/{name}")
        return
    if arrival.confirm:
        secret = {param.name for param in kind.secrets}
        more = {
            "description": str(row.get("description") or "")[:2000],
            "needs": sorted(secret & {str(each) for each in row.get("needs") or ()}),
        }  # fmt: skip
        Datastore.objects.create(
            workspace=arrival.workspace, name=name, kind=kind.name,
            config=kept | {key: value for key, value in more.items() if value},
        )  # fmt: skip
    arrival.note("imported", f"datastore/{name}")
