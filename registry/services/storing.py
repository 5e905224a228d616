"""Stored blobs and trees: what a workspace holds, and who still needs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from officina.errors import StudioError
from officina.storage import ContentStore, Entry, Tree
from officina.storage.trees import check_digest
from registry.models import Datastore, StoredBlob, StoredTree
from studio.workspaces.models import Workspace

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
    known = _sizes_known(workspace, files)
    return sorted({entry.sha256 for entry in files.values()} - known.keys())


def _sizes_known(workspace: Workspace, files: Mapping[str, Entry]) -> dict[str, int]:
    """Return the number of bytes by digest, of those files that the workspace has."""
    sizes: dict[str, int] = {}
    for chunk in chunks(sorted({entry.sha256 for entry in files.values()}), 500):
        rows = StoredBlob.objects.filter(workspace=workspace, sha256__in=chunk)
        found = list(rows.values_list("sha256", "size", "references"))
        sizes |= {sha256: size for sha256, size, _ in found}
        if any(references <= 0 for _, _, references in found):
            # About to be used: young again, so that they are not taken for left over.
            rows.filter(references__lte=0).update(created=timezone.now())
    return sizes


def receive_blob(
    *, workspace: Workspace, sha256: str, chunks: Iterable[bytes], limit: int | None = None
) -> StoredBlob:
    """Store uploaded bytes under the digest that they must have."""
    blob = store().put_stream(chunks, expected=sha256, limit=limit)
    return remember_blob(workspace=workspace, sha256=blob.sha256, size=blob.size)


def remember_blob(*, workspace: Workspace, sha256: str, size: int) -> StoredBlob:
    """Record that a workspace may name a stored file; one that it has uploaded before is new again."""
    row, _ = StoredBlob.objects.update_or_create(
        workspace=workspace, sha256=sha256,
        defaults={"created": timezone.now()}, create_defaults={"size": size},
    )  # fmt: skip
    return row


def receive_blobs(*, workspace: Workspace, files: Iterable[tuple[str, bytes]]) -> int:
    """Store many small files under the digests that they must have; returns how many came.

    All are made durable together. A wrong digest refuses the whole batch; sending it again is safe.
    """
    sizes: dict[str, int] = {}
    with store().batch() as batch:
        for sha256, data in files:
            check_digest(sha256)
            sizes[sha256] = batch.put_bytes(data, expected=sha256).size
    StoredBlob.objects.bulk_create(
        [StoredBlob(workspace=workspace, sha256=s, size=n) for s, n in sorted(sizes.items())],
        update_conflicts=True,
        unique_fields=["workspace", "sha256"],
        update_fields=["created"],
        batch_size=500,
    )
    return len(sizes)


def receive_tree(*, workspace: Workspace, files: Mapping[str, Entry]) -> Tree:
    """Store a manifest whose blobs this workspace has; refuse one that names others, or another size of theirs."""
    known = _sizes_known(workspace, files)
    missing = {entry.sha256 for entry in files.values()} - known.keys()
    if missing:
        raise StudioError(
            f"{len(missing)} of the tree's files are not stored yet.",
            hint="Upload each missing file with PUT .../blobs/<sha256>, then send the tree again.",
            code="conflict",
        )
    for name, entry in files.items():
        if entry.size != known[entry.sha256]:
            raise StudioError(
                f"{name} has {known[entry.sha256]} bytes, not {entry.size}.",
                where=f"files.{name}.size",
            )
    tree = store().put_manifest(files)
    remember_tree(workspace=workspace, tree=tree)
    return tree


@transaction.atomic(savepoint=False)
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
    digests = sorted({entry.sha256 for entry in store().read_tree(digest).files.values()})
    row.delete()
    _count_blobs(workspace, digests, -1)
    unused: list[str] = []
    for chunk in chunks(digests, 500):
        rows = StoredBlob.objects.filter(workspace=workspace, sha256__in=chunk, references__lte=0)
        unused += rows.values_list("sha256", flat=True)
        rows.delete()

    def delete_bytes() -> None:
        delete_unused(unused)
        if not StoredTree.objects.filter(digest=digest).exists():
            store().delete_tree(digest)

    # The rows go first: bytes without a row are only waste, a row without bytes is a lie.
    transaction.on_commit(delete_bytes)


def delete_unused(digests: list[str]) -> None:
    """Delete stored bytes that no workspace names; to be asked after the commit, by what stands then."""
    for chunk in chunks(digests, 500):
        rows = StoredBlob.objects.filter(sha256__in=chunk)
        named = set(rows.values_list("sha256", flat=True))
        for each in chunk:
            if each not in named:
                store().delete(each)


def _count_blobs(workspace: Workspace, digests: Iterable[str], step: int) -> None:
    for chunk in chunks(sorted(digests), 500):
        StoredBlob.objects.filter(workspace=workspace, sha256__in=chunk).update(
            references=F("references") + step
        )


def chunks(items: list[str], size: int) -> Iterable[list[str]]:
    return (items[i : i + size] for i in range(0, len(items), size))


def open_tree(*, workspace: Workspace, digest: str) -> Tree:
    """Return a tree that this workspace holds; any other digest is not found."""
    if not StoredTree.objects.filter(workspace=workspace, digest=digest).exists():
        raise StudioError(f"tree:{digest[:12]}... is not in this workspace.", code="not_found")
    return store().read_tree(digest)
