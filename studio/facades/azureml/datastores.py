"""Datastores: where clients may put files, and the signatures that let them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from officina.errors import StudioError
from registry.models import Datastore
from studio.facades.azureml import places, signing, wire
from studio.facades.azureml.clouds import STORAGE_SUFFIX
from studio.workspaces.models import Workspace


def find(workspace: Workspace, name: str) -> Datastore:
    """Return a datastore; the one for what runs leave is always there."""
    row = Datastore.objects.filter(workspace=workspace, name__iexact=name).first()
    if row is None and name.lower() == places.ARTIFACTS:
        return Datastore(workspace=workspace, name=places.ARTIFACTS, created=workspace.created)
    if row is None:
        known = ", ".join(
            Datastore.objects.filter(workspace=workspace).values_list("name", flat=True)
        )
        raise StudioError(
            f"There is no datastore {name!r} in this workspace.", hint=f"Known: {known}.",
            where="datastore", code="not_found",
        )  # fmt: skip
    return row


def shown(request: HttpRequest, row: Datastore) -> dict[str, Any]:
    """Return a datastore as ARM sends it."""
    properties = {
        "datastoreType": "AzureBlob",
        "accountName": places.account(request, row.workspace),
        "containerName": row.name,
        "endpoint": STORAGE_SUFFIX,
        "protocol": "https",
        "serviceDataAccessAuthIdentity": "None",
        "isDefault": row.is_default,
        "credentials": {"credentialsType": "Sas"},
        "description": "",
        "tags": {},
        "properties": {},
    }
    id_ = wire.resource_id(row.workspace, "datastores", row.name)
    return wire.envelope(id_, row.name, "datastores", properties, created=row.created)


def listed(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """Return the workspace's datastores, or its default one alone."""
    rows = Datastore.objects.filter(workspace=workspace).order_by("name")
    if request.GET.get("isDefault", "").lower() == "true":
        rows = rows.filter(is_default=True)
    return wire.page(request, rows, lambda row: shown(request, row))


def get(request: HttpRequest, workspace: Workspace, name: str) -> dict[str, Any]:
    """Return a datastore."""
    return shown(request, find(workspace, name))


def secrets(request: HttpRequest, workspace: Workspace, name: str) -> dict[str, Any]:
    """Return a signature for the datastore's container: to write for those who may register assets."""
    row = find(workspace, name)
    held: frozenset[str] = request.allowed  # type: ignore[attr-defined]
    writes = "registry.write" in held and row.name != places.ARTIFACTS
    token = signing.sign(request, workspace, row.name, operation="registry.write" if writes else "")
    return {"secretsType": "Sas", "sasToken": token}


_ONE = wire.WORKSPACE + "/datastores/(?P<name>[^/]+)"
urlpatterns = [
    wire.at(wire.WORKSPACE + "/datastores", GET=("registry.read", listed)),
    wire.at(_ONE, GET=("registry.read", get)),
    wire.at(_ONE + "/listSecrets", POST=("registry.read", secrets)),
]
