"""Data, models, environments, components and code: containers and their versions, in one table."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.http import HttpRequest
from django.utils import timezone

from officina.environments import curated
from officina.errors import StudioError
from registry import services as registry
from registry.curated import as_assets, curated_named
from registry.datastores.background import Started
from registry.models import Asset, AssetVersion
from studio.facades.azureml import environments, kinds, wire
from studio.facades.azureml.naming import DEFAULT_VERSION
from studio.workspaces.models import Workspace

# Names the run that copies a version's files, until they are there.
IMPORT_RUN = "officina.import.run"
COLLECTION = r"(?P<collection>data|models|environments|components|codes)"
KIND = {
    "data": "data",
    "models": "model",
    "environments": "environment",
    "components": "component",
    "codes": "code",
}


def _kind(collection: str) -> str:
    return KIND[collection.lower()]


# -- what is sent back ----------------------------------------------------------------------------


def version_shown(row: AssetVersion) -> dict[str, Any]:
    """Return a version as ARM sends it."""
    kind = row.asset.kind
    collection = kinds.COLLECTIONS[kind]
    properties = {
        "description": row.description or None,
        "tags": row.tags,
        "properties": row.properties,
        "isArchived": row.archived and not kinds.is_anonymous(row.asset.name),
        "isAnonymous": kinds.is_anonymous(row.asset.name),
        "provisioningState": "Succeeded",
        **kinds.of(kind).properties(row),
    }
    id_ = wire.resource_id(row.asset.workspace, collection, row.asset.name, "versions", row.version)
    by = row.created_by.name if row.created_by else ""
    return wire.envelope(
        id_, row.version, f"{collection}/versions", properties, created=row.created,
        changed=row.changed, by=by,
    )  # fmt: skip


def _with_newest(rows: QuerySet[Asset]) -> Any:
    """Return assets with what their containers tell of the newest version."""
    newest = AssetVersion.objects.filter(asset=OuterRef("pk"), archived=False, deleted=None)
    newest = newest.order_by("-number", "-pk")
    return rows.select_related("workspace").annotate(
        newest=Subquery(newest.values("version")[:1]),
        newest_type=Subquery(newest.values(type=KT("document__dataType"))[:1]),
    )


def _one(asset: Asset) -> dict[str, Any]:
    return container_shown(_with_newest(Asset.objects.filter(pk=asset.pk)).get())


def _coming(
    workspace: Workspace, name: str, version: str, given: dict[str, Any], started: Started
) -> dict[str, Any]:
    """Return data that a run is still copying, as ARM sends a version."""
    properties = {
        **given, "provisioningState": "Creating",
        "properties": {**wire.texts(given, "properties"), IMPORT_RUN: started.name},
    }  # fmt: skip
    id_ = wire.resource_id(workspace, "data", name, "versions", version)
    return wire.envelope(id_, version, "data/versions", properties, created=timezone.now())


def container_shown(asset: Any) -> dict[str, Any]:
    """Return an asset's container: its name, newest version and the number that comes next."""
    collection = kinds.COLLECTIONS[asset.kind]
    properties: dict[str, Any] = {
        "description": asset.description or None,
        "tags": asset.tags,
        "properties": asset.properties,
        "isArchived": asset.archived,
        "latestVersion": asset.newest,
        "nextVersion": str(asset.last_number + 1),
        "provisioningState": "Succeeded",
    }
    if asset.kind == "data":
        properties["dataType"] = asset.newest_type or "uri_folder"
    id_ = wire.resource_id(asset.workspace, collection, asset.name)
    return wire.envelope(
        id_, asset.name, collection, properties, created=asset.created, changed=asset.changed
    )


# -- reading --------------------------------------------------------------------------------------


def listed(request: HttpRequest, workspace: Workspace, collection: str) -> dict[str, Any]:
    """Return the assets of a kind."""
    rows = registry.assets(
        workspace=workspace, kind=_kind(collection), archived=wire.shown(request)
    )
    rows = _with_newest(rows.exclude(name__in=kinds.ANONYMOUS))
    if _kind(collection) != "environment" or wire.shown(request) == "archived":
        return wire.page(request, rows, container_shown)
    names = [each["name"] for each in as_assets(workspace)]
    return wire.page(
        request,
        _After(names, rows),
        lambda row: (
            get(request, workspace, collection, row)
            if isinstance(row, str)
            else container_shown(row)
        ),
    )


class _After:
    """Some names, then the rows of a QuerySet: one sliceable list, of which only a slice is read."""

    def __init__(self, names: list[str], rows: Any) -> None:
        self.names, self.rows = names, rows

    def __getitem__(self, part: slice) -> list[Any]:
        first = len(self.names)
        rest = self.rows[max(part.start - first, 0) : max(part.stop - first, 0)]
        return [*self.names[part], *rest]


def get(request: HttpRequest, workspace: Workspace, collection: str, name: str) -> dict[str, Any]:
    """Return an asset's container."""
    if (one := curated_named(workspace, _kind(collection), name)) is not None:
        properties = {
            **environments.curated_properties(one),
            "latestVersion": environments.CURATED_VERSION,
            "nextVersion": None,
        }
        id_ = wire.resource_id(workspace, "environments", name)
        return wire.envelope(id_, name, "environments", properties, created=workspace.created)
    return _one(registry.named(workspace=workspace, kind=_kind(collection), name=name))


def _curated_shown(workspace: Workspace, one: curated.Curated, name: str) -> dict[str, Any]:
    version = environments.CURATED_VERSION
    id_ = wire.resource_id(workspace, "environments", name, "versions", version)
    properties = environments.curated_properties(one)
    return wire.envelope(
        id_, version, "environments/versions", properties, created=workspace.created
    )


def versions(
    request: HttpRequest, workspace: Workspace, collection: str, name: str
) -> dict[str, Any]:
    """Return the versions of an asset, newest first; of code, whatever its name, those with a hash."""
    kind = _kind(collection)
    if (one := curated_named(workspace, kind, name)) is not None:
        return wire.values([_curated_shown(workspace, one, name)])
    if kind == "code" and request.GET.get("hash"):
        rows = kinds.code_of_hash(workspace, request.GET["hash"])
    else:
        rows = registry.versions(
            workspace=workspace, kind=kind, name=name, archived=wire.shown(request)
        )
        if stage := request.GET.get("stage"):
            rows = rows.filter(stage__iexact=stage)
    return wire.page(request, rows.select_related("asset__workspace", "sent_asset"), version_shown)


def version(
    request: HttpRequest, workspace: Workspace, collection: str, name: str, version: str
) -> dict[str, Any]:
    """Return one version, an archived one too."""
    if (one := curated_named(workspace, _kind(collection), name)) is not None:
        return _curated_shown(workspace, one, name)
    return version_shown(_find(workspace, _kind(collection), name, version))


def _find(workspace: Workspace, kind: str, name: str, version: str) -> AssetVersion:
    wanted = "" if version == DEFAULT_VERSION else version
    return registry.find(
        workspace=workspace, kind=kind, name=name, version=wanted, archived=bool(wanted)
    )


# -- writing --------------------------------------------------------------------------------------


def put_version(
    request: HttpRequest, workspace: Workspace, collection: str, name: str, version: str
) -> Any:
    """Register a version, or change what may change of one that is there."""
    kind = _kind(collection)
    properties = wire.mapping(wire.body(request), "properties")
    row = AssetVersion.objects.filter(
        asset__workspace=workspace, asset__kind=kind, asset__name=name, version=version
    ).first()
    if row is not None and row.deleted is None:
        with transaction.atomic():
            _change(request, workspace, kind, row, properties)
        return version_shown(_find(workspace, kind, name, version))
    if started := kinds.start_if_large(
        workspace=workspace, kind=kind, name=name, version=version, properties=properties,
        user=request.user,
    ):  # fmt: skip
        return 201, _coming(workspace, name, version, properties, started)
    with transaction.atomic():
        row = kinds.register(
            workspace=workspace, kind=kind, name=name, version=version, properties=properties,
            user=request.user,
        )  # fmt: skip
    return 201, version_shown(_find(workspace, kind, name, row.version))


def _change(
    request: HttpRequest, workspace: Workspace, kind: str, row: AssetVersion,
    properties: dict[str, Any],
) -> None:  # fmt: skip
    anonymous = kinds.is_anonymous(row.asset.name)
    if anonymous:
        return
    kinds.refuse_other_content(workspace, row, properties)
    changes: dict[str, Any] = {
        key: wire.texts(properties, key)
        for key in ("tags", "properties")
        if isinstance(properties.get(key), dict)
    }
    if isinstance(properties.get("description"), str):
        changes["description"] = properties["description"]
    changes = {key: value for key, value in changes.items() if value != getattr(row, key)}
    if changes:
        registry.update(row, user=request.user, **changes)
    wanted = properties.get("isArchived")
    if isinstance(wanted, bool) and wanted != row.archived:
        verb = registry.archive if wanted else registry.restore
        verb(
            workspace=workspace, kind=kind, name=row.asset.name, version=row.version,
            user=request.user,
        )  # fmt: skip


def put(request: HttpRequest, workspace: Workspace, collection: str, name: str) -> Any:
    """Change a container: its texts and whether it is archived; an unknown name is made."""
    kind = _kind(collection)
    properties = wire.mapping(wire.body(request), "properties")
    given: dict[str, Any] = {
        "description": wire.text(properties, "description"),
        "tags": wire.texts(properties, "tags"),
        "properties": wire.texts(properties, "properties"),
    }
    asset = Asset.objects.filter(workspace=workspace, kind=kind, name=name, deleted=None).first()
    if asset is None:
        made = registry.create_asset(
            workspace=workspace, kind=kind, name=name, user=request.user, **given
        )
        return 201, _one(made)
    registry.update_asset(asset, user=request.user, **given)
    wanted = properties.get("isArchived")
    if isinstance(wanted, bool) and wanted != asset.archived:
        verb = registry.archive if wanted else registry.restore
        verb(workspace=workspace, kind=kind, name=name, user=request.user)
    return _one(registry.named(workspace=workspace, kind=kind, name=name))


def delete_version(
    request: HttpRequest, workspace: Workspace, collection: str, name: str, version: str
) -> Any:
    """Delete a version that nothing depends on."""
    registry.delete(_find(workspace, _kind(collection), name, version), user=request.user)
    return 204, None


def start_upload(
    request: HttpRequest, workspace: Workspace, collection: str, name: str, version: str
) -> Any:
    """Return where code goes before its version is made: a signed place in the default container."""
    if _kind(collection) not in {"code", "model", "data"}:
        raise StudioError(f"{collection} are not uploaded.", code="not_found")
    return kinds.upload_place(request, workspace, name, version)


_LIST = wire.WORKSPACE + "/" + COLLECTION
_ONE = _LIST + "/(?P<name>[^/]+)"
_VERSION = _ONE + "/versions/(?P<version>[^/]+)"
urlpatterns = [
    wire.at(_LIST, GET=("registry.read", listed)),
    wire.at(_ONE, GET=("registry.read", get), PUT=("registry.write", put)),
    wire.at(_ONE + "/versions", GET=("registry.read", versions)),
    wire.at(
        _VERSION,
        GET=("registry.read", version),
        PUT=("registry.write", put_version),
        DELETE=("registry.delete", delete_version),
    ),
    wire.at(_VERSION + "/startPendingUpload", POST=("registry.write", start_upload)),
]
