"""Datastores: where clients may put files, the signatures that let them, and places that lie elsewhere."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from officina.errors import StudioError
from registry.datastores import services
from registry.datastores.services import OWN
from registry.models import Datastore
from studio.facades.azureml import places, signing, wire
from studio.facades.azureml.clouds import STORAGE_SUFFIX
from studio.workspaces.access import person
from studio.workspaces.models import Workspace

CLOUD = "core.windows.net"
SIGN_IN = "https://login.microsoftonline.com"
# The client fills in the suffix of the cloud that it talks to, which is ours and leads nowhere.
NOWHERE = ".invalid"
# The kinds that the client has a word for; the others are seen in the portal and by the command.
TOLD = {
    "azure_blob": "AzureBlob",
    "adls_gen2": "AzureDataLakeGen2",
    "adls_gen1": "AzureDataLakeGen1",
}
KINDS = {word: kind for kind, word in TOLD.items()}


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
    """Return a datastore as ARM sends it; credentials are named and never sent."""
    own = row.kind in {OWN.name}
    properties = _own(request, row) if own else _elsewhere(row)
    properties |= {
        "isDefault": row.is_default, "description": str(row.config.get("description") or ""),
        "tags": {}, "properties": {}, "serviceDataAccessAuthIdentity": "None",
    }  # fmt: skip
    id_ = wire.resource_id(row.workspace, "datastores", row.name)
    return wire.envelope(id_, row.name, "datastores", properties, created=row.created)


def _own(request: HttpRequest, row: Datastore) -> dict[str, Any]:
    return {
        "datastoreType": "AzureBlob",
        "accountName": places.account(request, row.workspace),
        "containerName": row.name,
        "endpoint": STORAGE_SUFFIX,
        "protocol": "https",
        "credentials": {"credentialsType": "Sas"},
    }


def _elsewhere(row: Datastore) -> dict[str, Any]:
    told, config = TOLD.get(row.kind), row.config
    if told is None:
        raise StudioError(
            f"{row.name} is a datastore of the kind {row.kind!r}, which azure-ai-ml has no word for.",
            hint="Use it by azureml://datastores/<name>/paths/<path>, or see it in the studio.",
            where="datastoreType",
        )
    held = config.get("vault") or {}
    found: dict[str, Any] = {"datastoreType": told, "credentials": _credentials(config, held)}
    if row.kind == "adls_gen1":
        return found | {"storeName": config.get("store_name") or ""}
    container = "containerName" if row.kind == "azure_blob" else "filesystem"
    endpoint = str(config.get("endpoint_url") or "")
    suffix = endpoint.partition("://")[2].partition(".blob.")[2].partition("/")[0]
    return found | {
        "accountName": config.get("account_name") or "",
        container: config.get("container_name") or "",
        "endpoint": suffix or CLOUD,
        "protocol": endpoint.partition("://")[0] or "https",
    }


def _credentials(config: dict[str, Any], held: dict[str, Any]) -> dict[str, Any]:
    if "account_key" in held:
        return {"credentialsType": "AccountKey"}
    if "sas_token" in held:
        return {"credentialsType": "Sas"}
    if "client_secret" in held:
        # Who signs in is kept in the vault with the secret, and not shown either.
        sign_in = config.get("authority_url") or SIGN_IN
        return {
            "credentialsType": "ServicePrincipal", "clientId": "", "tenantId": "",
            "authorityUrl": sign_in,
        }  # fmt: skip
    return {"credentialsType": "None"}


def listed(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """Return the workspace's datastores that the client has words for, or its default one alone."""
    rows = Datastore.objects.filter(workspace=workspace, kind__in=[OWN.name, *TOLD])
    rows = rows.order_by("name")
    if request.GET.get("isDefault", "").lower() == "true":
        rows = rows.filter(is_default=True)
    return wire.page(request, rows, lambda row: shown(request, row))


def get(request: HttpRequest, workspace: Workspace, name: str) -> dict[str, Any]:
    """Return a datastore."""
    return shown(request, find(workspace, name))


def put(request: HttpRequest, workspace: Workspace, name: str) -> Any:
    """Make a datastore, or change the one of this name; its secrets go to the key vault."""
    properties = wire.mapping(wire.body(request), "properties")
    word = wire.text(properties, "datastoreType")
    if word not in KINDS:
        raise StudioError(
            f"A datastore of type {word!r} cannot be made by azure-ai-ml here.",
            where="datastoreType",
            hint=f"Known: {', '.join(KINDS)}. For a file share, mount it and make a datastore of "
            "the kind 'folder'.",
        )
    config = _config(KINDS[word], properties)
    row = Datastore.objects.filter(workspace=workspace, name=name).first()
    description = wire.text(properties, "description")
    if row is None:
        row = services.create(
            workspace=workspace, name=name, kind=KINDS[word], config=config,
            user=person(request), description=description,
        )  # fmt: skip
        status = 201
    else:
        if row.kind != KINDS[word]:
            raise wire.conflict(f"{name} is a datastore of another kind.")
        row = services.update(row, user=person(request), config=config)
        status = 200
    if properties.get("isDefault") is True:
        row = services.update(row, user=person(request), is_default=True)
    return status, shown(request, row)


def _config(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Return what our own form of the kind asks for."""
    if kind == "adls_gen1":
        found = {"store_name": wire.text(properties, "storeName")}
    else:
        account, suffix = wire.text(properties, "accountName"), wire.text(properties, "endpoint")
        container = "containerName" if kind == "azure_blob" else "filesystem"
        found = {"account_name": account, "container_name": wire.text(properties, container)}
        if suffix and suffix != CLOUD and not suffix.endswith(NOWHERE):
            protocol = wire.text(properties, "protocol") or "https"
            found["endpoint_url"] = f"{protocol}://{account}.blob.{suffix}"
    given = properties.get("credentials")
    credentials = given if isinstance(given, dict) else {}
    authority = wire.text(credentials, "authorityUrl").rstrip("/")
    if kind == "adls_gen2" and authority not in ("", SIGN_IN):
        found["authority_url"] = authority
    nested = credentials.get("secrets")
    secret = nested if isinstance(nested, dict) else {}
    pairs = {
        "account_key": secret.get("key"), "sas_token": secret.get("sasToken"),
        "client_secret": secret.get("clientSecret"), "client_id": credentials.get("clientId"),
        "tenant_id": credentials.get("tenantId"),
    }  # fmt: skip
    return found | {name: str(value) for name, value in pairs.items() if value}


def delete(request: HttpRequest, workspace: Workspace, name: str) -> Any:
    """Forget a datastore and its credentials; what lies there stays."""
    services.delete(find(workspace, name), user=person(request))
    return 200, None


def secrets(request: HttpRequest, workspace: Workspace, name: str) -> dict[str, Any]:
    """Return a signature for the datastore's container: to write for those who may register assets."""
    row = find(workspace, name)
    if row.kind not in {OWN.name}:
        raise StudioError(
            f"The credentials of {row.name} stay in the key vault.", where="datastore",
            hint="Let a job read it: azureml://datastores/<name>/paths/<path>.", code="forbidden",
        )  # fmt: skip
    held: frozenset[str] = request.allowed  # type: ignore[attr-defined]
    writes = "registry.write" in held and row.name != places.ARTIFACTS
    token = signing.sign(request, workspace, row.name, operation="registry.write" if writes else "")
    return {"secretsType": "Sas", "sasToken": token}


_ONE = wire.WORKSPACE + "/datastores/(?P<name>[^/]+)"
urlpatterns = [
    wire.at(wire.WORKSPACE + "/datastores", GET=("registry.read", listed)),
    wire.at(
        _ONE, GET=("registry.read", get), PUT=("registry.write", put),
        DELETE=("registry.delete", delete),
    ),
    wire.at(_ONE + "/listSecrets", POST=("registry.read", secrets)),
]  # fmt: skip
