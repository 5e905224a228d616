"""Registering, finding, listing and changing versioned assets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from officina.errors import StudioError
from officina.storage import Tree
from registry.models import Asset, AssetKind, AssetTag, AssetVersion
from registry.services import storing
from registry.services.finding import named
from studio.workspaces import audit, events
from studio.workspaces.models import Workspace

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}\Z")
VERSION = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}\Z")
SHOWN = ("active", "archived", "all")


def check_name(name: str, kind: str) -> str:
    """Return a name that an asset may have; refuse any other."""
    if not NAME.match(name):
        raise StudioError(
            f"{name!r} cannot name a {kind}.",
            hint="Use letters, digits, '.', '_' and '-', starting with a letter or digit.",
            where="name",
        )
    return name


@transaction.atomic
def create_asset(
    *, workspace: Workspace, kind: str, name: str, description: str = "",
    tags: Mapping[str, str] | None = None, properties: Mapping[str, str] | None = None,
    user: Any = None,
) -> Asset:  # fmt: skip
    """Make a name that has no version yet; a name that is taken is a conflict."""
    check_name(name, kind)
    asset, made = Asset.objects.get_or_create(
        workspace=workspace,
        kind=kind,
        name=name,
    )
    if not made and asset.deleted is None:
        raise StudioError(f"There is a {kind} {name!r} already.", where="name", code="conflict")
    asset.deleted, asset.archived = None, False
    asset.description, asset.properties = description, dict(properties or {})
    asset.tags = _tags(asset, None, tags)
    asset.save()
    _note("registry.create", user, asset)
    return asset


@transaction.atomic
def register(
    *,
    workspace: Workspace,
    kind: str,
    name: str,
    document: dict[str, Any],
    tree: Tree | None = None,
    version: str = "",
    description: str = "",
    tags: Mapping[str, str] | None = None,
    properties: Mapping[str, str] | None = None,
    run_guid: str = "",
    user: Any = None,
) -> AssetVersion:
    """Register the next version of an asset, or the named one when it is still free."""
    check_name(name, kind)
    if version and not VERSION.match(version):
        raise StudioError(
            f"{version!r} cannot be a version.",
            hint="Use letters, digits, '.', '_', '+' and '-'; up to 64.",
            where="version",
        )
    asset, _ = Asset.objects.select_for_update().get_or_create(
        workspace=workspace, kind=kind, name=name
    )
    number, chosen = _next_version(asset, version)
    row = AssetVersion.objects.create(
        asset=asset,
        version=chosen,
        number=number,
        document=document,
        tree=tree.digest if tree else "",
        size=tree.size if tree else 0,
        description=description,
        properties={str(k): str(v) for k, v in (properties or {}).items()},
        run_guid=run_guid,
        created_by=user,
    )
    if tags:
        row.tags = _tags(asset, row, tags)
        row.save(update_fields=["tags"])
    if tree:
        storing.remember_tree(workspace=workspace, tree=tree)
        storing.hold_tree(workspace=workspace, digest=tree.digest)
    asset.last_number = number
    asset.description = description or asset.description
    # A new version of an archived or deleted name is a wish to use it again.
    asset.archived, asset.deleted = False, None
    asset.save(update_fields=["last_number", "description", "archived", "deleted", "changed"])
    if kind == AssetKind.MODEL:
        events.emit(
            workspace,
            events.MODEL_REGISTERED,
            f"model/{name}/{chosen}",
            {"run": run_guid, "name": name},
        )
    _note("registry.register", user, asset, chosen)
    return row


def _next_version(asset: Asset, version: str) -> tuple[int, str]:
    number = asset.last_number + 1
    if version.isdigit() and len(version) <= 9:
        number = max(number, int(version))
    chosen = version or str(number)
    taken = asset.versions.filter(version=chosen).first()
    if taken is not None:
        gone = " (it was deleted; its number stays taken)" if taken.deleted else ""
        raise StudioError(
            f"{asset.kind} {asset.name}:{chosen} exists already{gone}, and versions never change.",
            hint="Leave the version out to get the next one.",
            where="version",
            code="conflict",
        )
    return number, chosen


def assets(
    *, workspace: Workspace, kind: str = "", text: str = "", tag: str = "",
    archived: str = "active",
) -> QuerySet[Asset]:  # fmt: skip
    """Return the assets that fit, most recently changed first; `tag` is `key` or `key=value`."""
    rows = Asset.objects.filter(workspace=workspace, deleted=None)
    if kind:
        rows = rows.filter(kind=kind)
    rows = _shown(rows, archived)
    for word in text.split():
        rows = rows.filter(Q(name__icontains=word) | Q(description__icontains=word))
    if tag:
        rows = rows.filter(pk__in=_tagged(tag).values("asset_id"))
    return rows.order_by("-changed", "-pk")


def versions(
    *, workspace: Workspace, kind: str, name: str, archived: str = "active"
) -> QuerySet[AssetVersion]:
    """Return the versions of an asset, newest first; deleted ones only with `archived="deleted"`."""
    rows = AssetVersion.objects.select_related("asset", "created_by").filter(
        asset__workspace=workspace, asset__kind=kind, asset__name=name
    )
    if archived == "deleted":
        return rows.exclude(deleted=None).order_by("-number")
    return _shown(rows.filter(deleted=None), archived).order_by("-number", "-pk")


def _shown(rows: Any, archived: str) -> Any:
    if archived not in SHOWN:
        raise StudioError(
            f"{archived!r} is not a choice.", hint=f"Known: {', '.join(SHOWN)}.", where="archived"
        )
    # `IN (0)` and not `NOT archived`: only the first lets SQLite read rows in the index's order.
    return rows if archived == "all" else rows.filter(archived__in=[archived == "archived"])


def _tagged(tag: str) -> QuerySet[AssetTag]:
    key, mark, value = tag.partition("=")
    if not mark:
        key, mark, value = tag.partition(":")
    rows = AssetTag.objects.filter(key=key.strip())
    return rows.filter(value=value.strip()) if mark else rows


@transaction.atomic
def update(
    version: AssetVersion,
    *,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    stage: str | None = None,
    properties: Mapping[str, str] | None = None,
    user: Any = None,
) -> AssetVersion:
    """Change what may change about a version; None leaves a field as it is, `tags` replace all."""
    from registry.services import staging

    refuse_deleted(version)
    fields = []
    if description is not None:
        version.description = str(description)
        fields.append("description")
    if tags is not None:
        version.tags = _tags(version.asset, version, tags)
        fields.append("tags")
    if properties is not None:
        version.properties = clean_texts(properties, where="properties")
        fields.append("properties")
    if fields:
        version.save(update_fields=[*fields, "changed"])
        version.asset.save(update_fields=["changed"])
        _note("registry.update", user, version.asset, version.version, fields=fields)
    if stage is not None:
        staging.set_stage(version, stage=stage, user=user)
    return version


@transaction.atomic
def update_asset(
    asset: Asset,
    *,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    properties: Mapping[str, str] | None = None,
    user: Any = None,
) -> Asset:
    """Change what may change about an asset's name; None leaves a field as it is."""
    if description is not None:
        asset.description = str(description)
    if tags is not None:
        asset.tags = _tags(asset, None, tags)
    if properties is not None:
        asset.properties = clean_texts(properties, where="properties")
    asset.save(update_fields=["description", "tags", "properties", "changed"])
    _note("registry.update", user, asset)
    return asset


_renaming: list[Callable[[Workspace, str, str], None]] = []


def provide_renaming(function: Callable[[Workspace, str, str], None]) -> None:
    """Let a higher app follow a rename: it is told what the ends of the versions began with, and begin with."""
    _renaming.append(function)


@transaction.atomic
def rename(*, workspace: Workspace, kind: str, name: str, new_name: str, user: Any = None) -> Asset:
    """Give an asset another name; runs keep the one that they used."""
    asset = named(workspace=workspace, kind=kind, name=name)
    check_name(new_name, kind)
    if Asset.objects.filter(workspace=workspace, kind=kind, name=new_name).exists():
        raise StudioError(f"There is a {kind} {new_name!r} already.", where="name", code="conflict")
    asset.name = new_name
    asset.save(update_fields=["name", "changed"])
    for function in _renaming:
        function(workspace, f"{kind}/{name}/", f"{kind}/{new_name}/")
    _note("registry.rename", user, asset, was=name)
    return asset


@transaction.atomic
def archive(
    *, workspace: Workspace, kind: str, name: str, version: str = "", user: Any = None
) -> None:
    """Hide an asset, or one of its versions, from lists and from `@latest`."""
    _set_archived(workspace, kind, name, version, user, archived=True)


@transaction.atomic
def restore(
    *, workspace: Workspace, kind: str, name: str, version: str = "", user: Any = None
) -> None:
    """Bring an archived asset, or one of its versions, back."""
    _set_archived(workspace, kind, name, version, user, archived=False)


def _set_archived(
    workspace: Workspace, kind: str, name: str, version: str, user: Any, *, archived: bool
) -> None:
    asset = named(workspace=workspace, kind=kind, name=name)
    if version:
        row = asset.versions.filter(version=version).first()
        if row is None:
            raise StudioError(f"{name} has no version {version!r}.", code="not_found")
        refuse_deleted(row)
        row.archived = archived
        row.save(update_fields=["archived", "changed"])
    else:
        asset.archived = archived
    asset.save(update_fields=["archived", "changed"])
    _note("registry.archive" if archived else "registry.restore", user, asset, version)


def refuse_deleted(version: AssetVersion) -> None:
    """Raise when the version's content is gone for good."""
    if version.deleted is not None:
        raise StudioError(
            f"{version} was deleted on {version.deleted:%Y-%m-%d %H:%M} UTC; only its name is left.",
            hint="Register the next version.",
            code="conflict",
        )


def clean_texts(given: Any, *, where: str = "tags") -> dict[str, str]:
    """Return tags or properties as text to text; refuse what is not an object."""
    if not isinstance(given, Mapping):
        raise StudioError(f"{where} is an object of names and texts.", where=where)
    return {str(key)[:250]: str(value) for key, value in given.items()}


def _tags(
    asset: Asset, version: AssetVersion | None, tags: Mapping[str, str] | None
) -> dict[str, str]:
    clean = clean_texts(tags or {})
    AssetTag.objects.filter(asset=asset, version=version).delete()
    AssetTag.objects.bulk_create(_tag_rows(asset, version, clean.items()))
    return clean


def _tag_rows(
    asset: Asset, version: AssetVersion | None, tags: Iterable[tuple[str, str]]
) -> list[AssetTag]:
    return [AssetTag(asset=asset, version=version, key=k, value=v[:500]) for k, v in tags]


def _note(action: str, user: Any, asset: Asset, version: str = "", **detail: Any) -> None:
    target = f"{asset.kind}/{asset.name}" + (f"/{version}" if version else "")
    audit.record(workspace=asset.workspace, actor=user, action=action, target=target, detail=detail)
