"""Letting another workspace read a version; its bytes are stored once for both."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from officina.errors import StudioError
from registry.models import AssetShare, AssetVersion
from registry.services import storing
from registry.services.assets import refuse_deleted
from studio.workspaces import audit
from studio.workspaces.models import Workspace


@transaction.atomic
def share(version: AssetVersion, with_workspace: Workspace, *, user: Any = None) -> AssetShare:
    """Let another workspace use this version, read-only, by its `azureml://workspaces/...` address.

    The caller has checked that the person may read both workspaces.
    """
    refuse_deleted(version)
    owner = version.asset.workspace
    if with_workspace.pk == owner.pk:
        raise StudioError("It belongs to that workspace already.", where="workspace")
    row, made = AssetShare.objects.get_or_create(
        version=version, workspace=with_workspace, defaults={"shared_by": user}
    )
    if made:
        if version.tree:
            tree = storing.store().read_tree(version.tree)
            storing.remember_tree(workspace=with_workspace, tree=tree)
            storing.hold_tree(workspace=with_workspace, digest=version.tree)
        for workspace in (owner, with_workspace):
            audit.record(
                workspace=workspace, actor=user, action="registry.share", target=version.end,
                detail={"from": owner.name, "with": with_workspace.name},
            )  # fmt: skip
    return row


@transaction.atomic
def unshare(version: AssetVersion, with_workspace: Workspace, *, user: Any = None) -> None:
    """Take a share back; runs of the other workspace that used it keep the bytes they hold."""
    gone, _ = AssetShare.objects.filter(version=version, workspace=with_workspace).delete()
    if not gone:
        raise StudioError(
            f"{version} is not shared with {with_workspace.name}.", where="workspace",
            code="not_found",
        )  # fmt: skip
    if version.tree:
        storing.release_tree(workspace=with_workspace, digest=version.tree)
    audit.record(
        workspace=version.asset.workspace, actor=user, action="registry.unshare",
        target=version.end, detail={"with": with_workspace.name},
    )  # fmt: skip
