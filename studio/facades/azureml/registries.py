"""The one registry that the studio has: its curated environments and its own components."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from officina.catalogue import Catalogue
from officina.environments import curated
from officina.errors import StudioError
from studio.facades.azureml import wire
from studio.facades.azureml.environments import CURATED_VERSION as VERSION
from studio.facades.azureml.environments import curated_properties
from studio.workspaces.access import SIGNED_IN


def discovery(request: HttpRequest, registry: str) -> dict[str, Any]:
    """Say where a registry is served."""
    here = wire.base(request)
    return {
        "registryName": registry,
        "primaryRegion": "local",
        "primaryRegionResourceProviderUri": f"{here}/",
        "resourceGroup": "officina",
        "subscriptionId": "00000000-0000-0000-0000-000000000000",
        "additionalProperties": {},
    }


def get(request: HttpRequest, registry: str) -> dict[str, Any]:
    """Return a registry."""
    return {
        "id": _id(registry),
        "name": registry,
        "type": "Microsoft.MachineLearningServices/registries",
        "location": "local",
        "tags": {},
        "properties": {"regionDetails": [], "publicNetworkAccess": "Enabled"},
    }


def registries(request: HttpRequest) -> dict[str, Any]:
    """Return the names under which public scripts know the one registry."""
    return wire.values(get(request, name) for name in ("azureml", "officina"))


def _id(registry: str, *parts: str) -> str:
    start = (
        "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/officina"
        f"/providers/Microsoft.MachineLearningServices/registries/{registry}"
    )
    return "/".join([start, *parts])


def _environment(registry: str, name: str) -> dict[str, Any]:
    id_ = f"azureml://registries/{registry}/environments/{name}/versions/{VERSION}"
    properties = curated_properties(curated.find(name))
    return wire.envelope(id_, VERSION, "environments/versions", properties)


def _component(registry: str, name: str, version: str = "") -> dict[str, Any]:
    spec = Catalogue().get(name, version or None).to_spec()
    properties = {
        "description": spec.get("description") or None,
        "tags": {},
        "properties": {},
        "isAnonymous": False,
        "isArchived": False,
        "componentSpec": {**spec, "type": "command", "command": f"module {name}"},
    }
    id_ = f"azureml://registries/{registry}/components/{name}/versions/{spec['version']}"
    return wire.envelope(id_, str(spec["version"]), "components/versions", properties)


def _names(collection: str) -> list[str]:
    if collection.lower() == "environments":
        return list(curated.CURATED)
    if collection.lower() == "components":
        return sorted({component.name for component in Catalogue().all()})
    return []


def _container(registry: str, collection: str, name: str) -> dict[str, Any]:
    one = _version(registry, collection, name, "")
    properties = {
        "description": one["properties"]["description"],
        "tags": {},
        "properties": {},
        "isArchived": False,
        "latestVersion": one["name"],
        "nextVersion": None,
    }
    return wire.envelope(_id(registry, collection, name), name, collection, properties)


def _version(registry: str, collection: str, name: str, version: str) -> dict[str, Any]:
    if collection.lower() == "environments":
        return _environment(registry, name)
    if collection.lower() == "components":
        return _component(registry, name, version)
    raise StudioError(
        f"The registry {registry} has no {collection}.", code="not_found",
        hint="It has the curated environments and the studio's own components.",
    )  # fmt: skip


def listed(request: HttpRequest, registry: str, collection: str) -> dict[str, Any]:
    """Return what the registry has of a kind."""
    names = _names(collection)
    return wire.page(request, names, lambda name: _container(registry, collection, name))


def container(request: HttpRequest, registry: str, collection: str, name: str) -> dict[str, Any]:
    """Return one asset of the registry."""
    return _container(registry, collection, name)


def versions(request: HttpRequest, registry: str, collection: str, name: str) -> dict[str, Any]:
    """Return the versions of an asset: the one that the studio has."""
    return wire.values([_version(registry, collection, name, "")])


def version(
    request: HttpRequest, registry: str, collection: str, name: str, version: str
) -> dict[str, Any]:
    """Return a version."""
    wanted = "" if version in {"latest", "azureml_default"} else version
    return _version(registry, collection, name, wanted)


_REGISTRY = r"(?P<registry>[^/]+)"
_DISCOVERY = rf"registrymanagement/v1\.0/registries/{_REGISTRY}/discovery"
_ALL = wire.GROUP + f"/{wire.PROVIDER}/registries"
_ROOT = f"{_ALL}/{_REGISTRY}"
_LIST = _ROOT + "/(?P<collection>environments|components|models|data|codes)"
_ONE = _LIST + "/(?P<name>[^/]+)"
urlpatterns = [
    wire.at(_DISCOVERY, GET=(SIGNED_IN, discovery)),
    wire.at(_ALL, GET=(SIGNED_IN, registries)),
    wire.at(_ROOT, GET=(SIGNED_IN, get)),
    wire.at(_LIST, GET=(SIGNED_IN, listed)),
    wire.at(_ONE, GET=(SIGNED_IN, container)),
    wire.at(_ONE + "/versions", GET=(SIGNED_IN, versions)),
    wire.at(_ONE + "/(?:versions|labels)/(?P<version>[^/]+)", GET=(SIGNED_IN, version)),
]
