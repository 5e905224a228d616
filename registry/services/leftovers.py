"""Uploaded files that nothing came to use: what they take, and letting them go after a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypedDict

from django.db import transaction
from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from registry.models import StoredBlob
from registry.services import storing
from studio.workspaces.models import Workspace

AFTER = timedelta(days=1)
AT_ONCE = 500


class Leftovers(TypedDict):
    """How many files would go, and how many bytes they have."""

    files: int
    bytes: int


def plan(*, workspace: Workspace | None = None) -> Leftovers:
    """Return what `drop` would let go of now, in one workspace or in all, without doing it."""
    found: dict[str, Any] = _rows(workspace).aggregate(files=Count("pk"), bytes=Sum("size"))
    return Leftovers(files=found["files"], bytes=found["bytes"] or 0)


def drop(*, workspace: Workspace | None = None) -> Leftovers:
    """Let go of files that no folder, run or model has used within a day of their upload."""
    done = Leftovers(files=0, bytes=0)
    while True:
        rows = list(_rows(workspace).order_by("pk").values_list("pk", "sha256", "size")[:AT_ONCE])
        gone = [row for row in rows if _drop(*row[:2])]
        done["files"] += len(gone)
        done["bytes"] += sum(size for _, _, size in gone)
        # What could not be claimed came into use meanwhile, so that it is not found again.
        if len(rows) < AT_ONCE:
            break
    storing.store().sweep(older_than=AFTER.total_seconds())
    return done


def _rows(workspace: Workspace | None) -> QuerySet[StoredBlob]:
    rows = StoredBlob.objects.filter(references__lte=0, created__lt=timezone.now() - AFTER)
    return rows.filter(workspace=workspace) if workspace else rows


@transaction.atomic
def _drop(pk: int, sha256: str) -> bool:
    # Claimed by what was read: whoever names the file meanwhile makes its row young or referenced.
    claimed, _ = _rows(None).filter(pk=pk).delete()
    if claimed:
        transaction.on_commit(lambda: storing.delete_unused([sha256]))
    return bool(claimed)
