"""Labels: names that move from version to version of an asset."""

from __future__ import annotations

import re
from typing import Any

from django.db import transaction

from officina.errors import StudioError
from registry.models import AssetLabel
from registry.services.finding import find, named
from studio.workspaces import audit
from studio.workspaces.models import Workspace

# Letters of any script: MLflow aliases are free text; ':' and '@' would read as part of a reference.
LABEL = re.compile(r"^[^\s:@/\\]{1,255}\Z")
RESERVED = frozenset({"latest"})


def check_label(label: str) -> None:
    """Refuse what cannot be a label, whatever it is to point at."""
    if label.lower() in RESERVED or not LABEL.match(label) or re.match(r"^[vV]\d+$", label):
        raise StudioError(
            f"{label!r} cannot be a label.",
            hint="'latest' always means the newest version, and 'v1' would read as a version; "
            "use up to 255 characters without spaces, ':', '@' and '/'.",
            where="label",
        )


@transaction.atomic
def set_label(
    *, workspace: Workspace, kind: str, name: str, label: str, version: str, user: Any = None
) -> AssetLabel:
    """Point a label at a version, taking it from the one that had it."""
    check_label(label)
    row = find(workspace=workspace, kind=kind, name=name, version=version)
    found, _ = AssetLabel.objects.update_or_create(
        asset=row.asset, name=label, defaults={"version": row}
    )
    row.asset.save(update_fields=["changed"])
    audit.record(
        workspace=workspace, actor=user, action="registry.label", target=row.end,
        detail={"label": label},
    )  # fmt: skip
    return found


@transaction.atomic
def delete_label(
    *, workspace: Workspace, kind: str, name: str, label: str, user: Any = None
) -> None:
    """Take a label away; deleting one that is not there is an error that names the known ones."""
    asset = named(workspace=workspace, kind=kind, name=name)
    gone, _ = AssetLabel.objects.filter(asset=asset, name=label).delete()
    if not gone:
        known = ", ".join(asset.labels.values_list("name", flat=True)) or "none"
        raise StudioError(
            f"{name} has no label {label!r}.", hint=f"It has: {known}.", where="label",
            code="not_found",
        )  # fmt: skip
    audit.record(
        workspace=workspace, actor=user, action="registry.unlabel", target=f"{kind}/{name}",
        detail={"label": label},
    )  # fmt: skip


def labels(*, workspace: Workspace, kind: str, name: str) -> dict[str, str]:
    """Return label -> version of an asset, without the implied `latest`."""
    rows = AssetLabel.objects.filter(
        asset__workspace=workspace, asset__kind=kind, asset__name=name
    ).select_related("version")
    return {row.name: row.version.version for row in rows}
