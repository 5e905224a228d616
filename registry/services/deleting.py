"""Deleting for good: what would go, what still depends on it, and the bytes that come free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, TypedDict

from django.db import transaction
from django.utils import timezone

from officina.errors import StudioError
from registry.models import Asset, AssetLabel, AssetTag, AssetVersion, StoredBlob, StoredTree
from registry.services import storing
from registry.services.finding import named
from studio.workspaces import audit
from studio.workspaces.models import Workspace


class Dependent(TypedDict):
    """Something that uses a version; `blocks` when it would break without it."""

    kind: str
    name: str
    url: str
    blocks: bool


_providers: list[Callable[[AssetVersion], list[Dependent]]] = []


def provide_dependents(
    function: Callable[[AssetVersion], list[Dependent]],
) -> Callable[[AssetVersion], list[Dependent]]:
    """Let a higher app tell what of its own uses a version."""
    if function not in _providers:
        _providers.append(function)
    return function


def dependents(version: AssetVersion) -> list[Dependent]:
    """Return what uses this version: shares here, then what each higher app names."""
    found = [
        Dependent(
            kind="share",
            name=f"shared with {row.workspace.name}",
            url=f"/w/{row.workspace.name}/",
            blocks=True,
        )
        for row in version.shares.select_related("workspace")
    ]
    for provider in _providers:
        found.extend(provider(version))
    return found


def delete_plan(version: AssetVersion) -> dict[str, Any]:
    """Return what deleting a version would do, without doing it."""
    found = dependents(version)
    return {
        "name": version.asset.name,
        "version": version.version,
        "files": _count_files(version),
        "bytes": version.size,
        "freed": freed_by(version),
        "labels": list(version.labels.values_list("name", flat=True)),
        "dependents": found,
        "blocked": any(each["blocks"] for each in found),
    }


def _count_files(version: AssetVersion) -> int:
    row = StoredTree.objects.filter(workspace=version.asset.workspace, digest=version.tree).first()
    return row.count if row else 0


def freed_by(*versions: AssetVersion) -> int:
    """Return how many stored bytes nothing else shares once these versions (of one workspace) go."""
    holds = Counter(version.tree for version in versions if version.tree)
    if not holds:
        return 0
    workspace = versions[0].asset.workspace
    rows = StoredTree.objects.filter(workspace=workspace, digest__in=list(holds))
    going = [row.digest for row in rows if row.references <= holds[row.digest]]
    sizes: dict[str, int] = {}
    uses: Counter[str] = Counter()
    for digest in going:
        files = {e.sha256: e.size for e in storing.store().read_tree(digest).files.values()}
        sizes.update(files)
        uses.update(files.keys())
    freed = 0
    for chunk in storing.chunks(sorted(sizes), 500):
        kept = set(
            StoredBlob.objects.filter(sha256__in=chunk)
            .exclude(workspace=workspace)
            .values_list("sha256", flat=True)
        )
        own = StoredBlob.objects.filter(workspace=workspace, sha256__in=chunk)
        kept |= {sha for sha, n in own.values_list("sha256", "references") if n > uses[sha]}
        freed += sum(sizes[each] for each in chunk if each not in kept)
    return freed


@transaction.atomic
def delete(
    version: AssetVersion, *, confirm: bool = False, force: bool = False, user: Any = None
) -> dict[str, Any]:
    """Delete a version's content for good; without `confirm` only say what would happen.

    What would break without it refuses the deletion unless `force`. The emptied row stays, so that
    the version's number never names other bytes, and so does the audit entry.
    """
    plan = delete_plan(version)
    if not confirm:
        return {**plan, "deleted": False}
    if version.deleted is not None:
        return {**plan, "deleted": True}
    if plan["blocked"] and not force:
        names = ", ".join(each["name"] for each in plan["dependents"] if each["blocks"])
        raise StudioError(
            f"{version} is in use: {names}.",
            hint="End what uses it first.",
            where="version",
            code="conflict",
        )
    _empty(version)
    audit.record(
        workspace=version.asset.workspace, actor=user, action="registry.delete",
        target=version.end, detail={"bytes": plan["bytes"], "freed": plan["freed"]},
    )  # fmt: skip
    return {**plan, "deleted": True}


_farewells: list[Callable[[AssetVersion], None]] = []


def provide_farewell(farewell: Callable[[AssetVersion], None]) -> None:
    """Let a higher app give up what it keeps for a version that is deleted."""
    if farewell not in _farewells:
        _farewells.append(farewell)


def _empty(version: AssetVersion) -> None:
    for farewell in _farewells:
        farewell(version)
    tree, workspace = version.tree, version.asset.workspace
    for row in version.shares.select_related("workspace"):
        if tree:
            storing.release_tree(workspace=row.workspace, digest=tree)
    version.shares.all().delete()
    AssetLabel.objects.filter(version=version).delete()
    AssetTag.objects.filter(version=version).delete()
    version.stage_requests.all().delete()
    AssetVersion.objects.filter(pk=version.pk).update(
        document={}, tree="", size=0, description="", tags={}, properties={}, stage="None",
        archived=True, deleted=timezone.now(), changed=timezone.now(),
    )  # fmt: skip
    version.refresh_from_db()
    if tree:
        storing.release_tree(workspace=workspace, digest=tree)
    version.asset.save(update_fields=["changed"])


@transaction.atomic
def delete_asset(
    *, workspace: Workspace, kind: str, name: str, confirm: bool = False, force: bool = False,
    user: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """Delete an asset with all its versions; the name may then be used afresh.

    Versions are then counted on from the last number, so an old reference finds nothing rather
    than something else.
    """
    asset: Asset = named(workspace=workspace, kind=kind, name=name)
    rows = list(asset.versions.filter(deleted=None))
    plans = [delete(row, user=user) for row in rows]
    blocked = any(plan["blocked"] for plan in plans)
    summary = {
        "name": name,
        "versions": plans,
        "bytes": sum(plan["bytes"] for plan in plans),
        "freed": freed_by(*rows),
        "blocked": blocked,
        "deleted": False,
    }
    if not confirm:
        return summary
    for row in rows:
        delete(row, confirm=True, force=force, user=user)
    asset.labels.all().delete()
    AssetTag.objects.filter(asset=asset).delete()
    Asset.objects.filter(pk=asset.pk).update(
        archived=True, description="", tags={}, properties={}, deleted=timezone.now()
    )
    audit.record(
        workspace=workspace, actor=user, action="registry.delete", target=f"{kind}/{name}",
        detail={"versions": len(rows), "freed": summary["freed"]},
    )  # fmt: skip
    return {**summary, "deleted": True}
