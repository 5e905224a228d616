"""What one does with stored trees and versioned assets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from officina.errors import StudioError
from officina.storage import ContentStore, Entry, Tree
from registry.models import Asset, AssetVersion, Datastore, StoredBlob, StoredTree
from studio.workspaces import events
from studio.workspaces.models import Workspace

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$")
DEFAULT_DATASTORES = ("workspaceblobstore", "workspacefilestore")


@lru_cache(maxsize=4)
def _store_at(url: str) -> ContentStore:
    return ContentStore(url)


def store() -> ContentStore:
    """Return the installation's content store."""
    return _store_at(settings.STORAGE_URL)


def create_default_datastores(workspace: Workspace) -> None:
    """Give a new workspace the two datastores that every Azure workspace has."""
    for name in DEFAULT_DATASTORES:
        Datastore.objects.get_or_create(
            workspace=workspace,
            name=name,
            defaults={"config": {}, "is_default": name == DEFAULT_DATASTORES[0]},
        )


def missing_blobs(*, workspace: Workspace, files: Mapping[str, Entry]) -> list[str]:
    """Return the digests that this workspace must still upload before the tree can be stored."""
    wanted = {entry.sha256 for entry in files.values()}
    known: set[str] = set()
    for chunk in _chunks(sorted(wanted), 500):
        rows = StoredBlob.objects.filter(workspace=workspace, sha256__in=chunk)
        known.update(rows.values_list("sha256", flat=True))
    return sorted(wanted - known)


def receive_blob(
    *, workspace: Workspace, sha256: str, chunks: Iterable[bytes], limit: int | None = None
) -> StoredBlob:
    """Store uploaded bytes under the digest that they must have."""
    blob = store().put_stream(chunks, expected=sha256, limit=limit)
    row, _ = StoredBlob.objects.get_or_create(
        workspace=workspace, sha256=blob.sha256, defaults={"size": blob.size}
    )
    return row


def receive_tree(*, workspace: Workspace, files: Mapping[str, Entry]) -> Tree:
    """Store a manifest whose blobs this workspace has; refuse one that names others."""
    missing = missing_blobs(workspace=workspace, files=files)
    if missing:
        raise StudioError(
            f"{len(missing)} of the tree's files are not stored yet.",
            hint="Upload each missing file with PUT .../blobs/<sha256>, then send the tree again.",
            code="conflict",
        )
    tree = store().put_manifest(files)
    remember_tree(workspace=workspace, tree=tree)
    return tree


@transaction.atomic
def remember_tree(*, workspace: Workspace, tree: Tree) -> StoredTree:
    """Record that the workspace holds a tree whose blobs are in the store."""
    row, created = StoredTree.objects.get_or_create(
        workspace=workspace,
        digest=tree.digest,
        defaults={"size": tree.size, "count": len(tree.files)},
    )
    if created:
        sizes = {entry.sha256: entry.size for entry in tree.files.values()}
        StoredBlob.objects.bulk_create(
            [StoredBlob(workspace=workspace, sha256=s, size=n) for s, n in sizes.items()],
            ignore_conflicts=True,
            batch_size=500,
        )
        _count_blobs(workspace, sizes, 1)
    return row


def hold_tree(*, workspace: Workspace, digest: str) -> None:
    """Count one more holder (a run, an asset version) of a tree."""
    changed = StoredTree.objects.filter(workspace=workspace, digest=digest).update(
        references=F("references") + 1
    )
    if not changed:
        raise StudioError(
            f"tree:{digest[:12]}... is not stored in this workspace.",
            hint="Upload it first; digests of other workspaces cannot be used.",
            code="not_found",
        )


@transaction.atomic
def release_tree(*, workspace: Workspace, digest: str) -> None:
    """Let go of a tree; the last holder's leave removes what nothing else shares."""
    StoredTree.objects.filter(workspace=workspace, digest=digest).update(
        references=F("references") - 1
    )
    row = StoredTree.objects.filter(workspace=workspace, digest=digest, references__lte=0).first()
    if row is None:
        return
    digests = {entry.sha256 for entry in store().read_tree(digest).files.values()}
    row.delete()
    _count_blobs(workspace, digests, -1)
    gone = StoredBlob.objects.filter(workspace=workspace, sha256__in=digests, references__lte=0)
    candidates = list(gone.values_list("sha256", flat=True))
    gone.delete()
    still = set(StoredBlob.objects.filter(sha256__in=candidates).values_list("sha256", flat=True))
    manifest_shared = StoredTree.objects.filter(digest=digest).exists()

    def delete_bytes() -> None:
        for each in candidates:
            if each not in still:
                store().delete(each)
        if not manifest_shared:
            store().delete_tree(digest)

    # The rows go first: bytes without a row are only waste, a row without bytes is a lie.
    transaction.on_commit(delete_bytes)


def _count_blobs(workspace: Workspace, digests: Iterable[str], step: int) -> None:
    for chunk in _chunks(sorted(digests), 500):
        StoredBlob.objects.filter(workspace=workspace, sha256__in=chunk).update(
            references=F("references") + step
        )


def _chunks(items: list[str], size: int) -> Iterable[list[str]]:
    return (items[i : i + size] for i in range(0, len(items), size))


def open_tree(*, workspace: Workspace, digest: str) -> Tree:
    """Return a tree that this workspace holds; any other digest is not found."""
    if not StoredTree.objects.filter(workspace=workspace, digest=digest).exists():
        raise StudioError(f"tree:{digest[:12]}... is not in this workspace.", code="not_found")
    return store().read_tree(digest)


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
    run_guid: str = "",
    user: Any = None,
) -> AssetVersion:
    """Register the next version of an asset, or the named one when it is still free."""
    if not NAME.match(name):
        raise StudioError(
            f"{name!r} cannot name a {kind}.",
            hint="Use letters, digits, '.', '_' and '-', starting with a letter or digit.",
            where="name",
        )
    asset, _ = Asset.objects.select_for_update().get_or_create(
        workspace=workspace, kind=kind, name=name
    )
    number = asset.last_number + 1
    if version.isdigit():
        number = max(number, int(version))
    chosen = version or str(number)
    if asset.versions.filter(version=chosen).exists():
        raise StudioError(
            f"{kind} {name}:{chosen} exists already, and versions never change.",
            hint="Leave the version out to get the next one.",
            code="conflict",
        )
    row = AssetVersion.objects.create(
        asset=asset,
        version=chosen,
        number=number,
        document=document,
        tree=tree.digest if tree else "",
        size=tree.size if tree else 0,
        description=description,
        tags=dict(tags or {}),
        run_guid=run_guid,
        created_by=user,
    )
    if tree:
        remember_tree(workspace=workspace, tree=tree)
        hold_tree(workspace=workspace, digest=tree.digest)
    asset.last_number = number
    asset.description = description or asset.description
    asset.save(update_fields=["last_number", "description", "changed"])
    if kind == "model":
        events.emit(
            workspace, "ModelRegistered", f"model/{name}/{chosen}", {"run": run_guid, "name": name}
        )
    return row


def find(
    *, workspace: Workspace, kind: str, name: str, version: str = "", label: str = ""
) -> AssetVersion:
    """Return an asset version by `name:version` or `name@latest`."""
    rows = AssetVersion.objects.select_related("asset").filter(
        asset__workspace=workspace, asset__kind=kind, asset__name=name, archived=False
    )
    if version:
        rows = rows.filter(version=version)
    elif label and label != "latest":
        raise StudioError(f"{name} has no label {label!r}.", hint="Known label: latest.")
    row = rows.order_by("-number").first()
    if row is None:
        known = Asset.objects.filter(workspace=workspace, kind=kind).values_list("name", flat=True)
        listing = ", ".join(sorted(known)[:8]) or "none yet"
        raise StudioError(
            f"There is no {kind} {name}{':' + version if version else ''} in this workspace.",
            hint=f"Known: {listing}.",
            code="not_found",
        )
    return row
