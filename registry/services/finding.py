"""Finding an asset by the ways in which a document may name it."""

from __future__ import annotations

import re

from django.db.models import Q

from officina.errors import StudioError
from registry.models import COLLECTIONS, Asset, AssetVersion
from studio.workspaces.models import Workspace

SHARED = re.compile(
    r"azureml://workspaces/(?P<owner>[^/]+)/(?P<collection>[a-z]+)/(?P<name>[^/]+)"
    r"(?:/(?:versions/(?P<version>[^/]+)|labels/(?P<label>[^/]+)))?/?\Z"
)


def named(*, workspace: Workspace, kind: str, name: str) -> Asset:
    """Return an asset by its name, archived or not."""
    asset = Asset.objects.filter(workspace=workspace, kind=kind, name=name, deleted=None).first()
    if asset is None:
        raise _unknown(workspace, kind, name, "")
    return asset


def find(
    *,
    workspace: Workspace,
    kind: str,
    name: str,
    version: str = "",
    label: str = "",
    archived: bool = False,
) -> AssetVersion:
    """Return a version by `name` and `version` or `label`; without either, the newest.

    `name` may be a whole `azureml://workspaces/<ws>/<collection>/<name>/versions/<v>`: another
    workspace's version that is shared with this one. `archived` finds archived versions too. Any
    other workspace's asset is not found.
    """
    if name.startswith("azureml://workspaces/"):
        return _find_shared(workspace, kind, name)
    rows = AssetVersion.objects.select_related("asset", "asset__workspace").filter(
        asset__workspace=workspace, asset__kind=kind, asset__name=name, deleted=None
    )
    row = _pick(rows if archived else rows.filter(archived=False), version, label)
    if row is None:
        raise _unknown(workspace, kind, name, version, label)
    return row


def _pick(rows: object, version: str, label: str) -> AssetVersion | None:
    if version:
        rows = rows.filter(version=version)  # type: ignore[attr-defined]
    elif label and label != "latest":
        rows = rows.filter(labels__name=label)  # type: ignore[attr-defined]
    return rows.order_by("-number", "-pk").first()  # type: ignore[attr-defined]


def _find_shared(workspace: Workspace, kind: str, address: str) -> AssetVersion:
    match = SHARED.match(address)
    if match is None or match["collection"] not in {COLLECTIONS[kind], kind}:
        raise StudioError(
            f"{address!r} is not the address of a shared {kind}.",
            hint=f"Use azureml://workspaces/<workspace>/{COLLECTIONS[kind]}/<name>/versions/<version>.",
            where="name",
        )
    rows = AssetVersion.objects.select_related("asset", "asset__workspace").filter(
        Q(shares__workspace=workspace) | Q(asset__workspace=workspace),
        asset__workspace__name__iexact=match["owner"],
        asset__kind=kind,
        asset__name=match["name"],
        deleted=None,
        archived=False,
    )
    row = _pick(rows.distinct(), match["version"] or "", match["label"] or "")
    if row is None:
        raise StudioError(
            f"No {kind} {match['name']} of {match['owner']} is shared with this workspace.",
            hint="Ask its owner to share the version, then try again.",
            where="name",
            code="not_found",
        )
    return row


def _unknown(
    workspace: Workspace, kind: str, name: str, version: str, label: str = ""
) -> StudioError:
    asset = Asset.objects.filter(workspace=workspace, kind=kind, name=name, deleted=None).first()
    if asset is None:
        known = Asset.objects.filter(workspace=workspace, kind=kind, archived=False)
        listing = ", ".join(known.order_by("name").values_list("name", flat=True)[:8])
    elif label:
        listing = ", ".join(["latest", *asset.labels.values_list("name", flat=True)[:8]])
        return StudioError(
            f"{name} has no label {label!r}.",
            hint=f"Known: {listing}.",
            where="label",
            code="not_found",
        )
    else:
        rows = asset.versions.filter(archived=False).order_by("-number")
        listing = ", ".join(f"{name}:{v}" for v in rows.values_list("version", flat=True)[:8])
    wanted = name + (f":{version}" if version else "")
    return StudioError(
        f"There is no {kind} {wanted} in this workspace.",
        hint=f"Known: {listing or 'none yet'}.",
        where="version" if asset is not None and version else "name",
        code="not_found",
    )
