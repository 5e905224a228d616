"""Retention: which old versions a workspace lets go of by itself."""

from __future__ import annotations

import logging
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from django.utils import timezone

from officina.errors import StudioError
from registry.models import Asset, AssetKind, AssetVersion, RetentionRule
from registry.services.deleting import delete, dependents, freed_by
from studio.workspaces import audit
from studio.workspaces.models import Workspace

log = logging.getLogger(__name__)
MOST_AT_ONCE = 1000


def add_rule(
    *, workspace: Workspace, kind: str, pattern: str = "*", keep_versions: Any = 10,
    min_age_days: Any = 30, user: Any = None,
) -> RetentionRule:  # fmt: skip
    """Keep the newest versions of the names that fit, and any younger than so many days."""
    if kind not in AssetKind.values:
        raise StudioError(
            f"{kind!r} is no kind.", hint=f"Known: {', '.join(AssetKind.values)}.", where="kind"
        )
    if not pattern or len(pattern) > 255:
        raise StudioError("Give a pattern of names, such as sales-*.", where="pattern")
    row = RetentionRule.objects.create(
        workspace=workspace, kind=kind, pattern=pattern,
        keep_versions=_number(keep_versions, "keep_versions", 1),
        min_age_days=_number(min_age_days, "min_age_days", 0),
        created_by=user,
    )  # fmt: skip
    audit.record(
        workspace=workspace, actor=user, action="registry.retention.add", target=str(row)[:300]
    )
    return row


def _number(value: Any, where: str, least: int) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if not least <= number <= 100_000:
        raise StudioError(f"{where} is a number from {least} to 100,000.", where=where)
    return number


def delete_rule(rule: RetentionRule, *, user: Any = None) -> None:
    """Take a rule away; nothing that it deleted comes back."""
    audit.record(
        workspace=rule.workspace, actor=user, action="registry.retention.delete",
        target=str(rule)[:300],
    )  # fmt: skip
    rule.delete()


def due(rule: RetentionRule, *, most: int = MOST_AT_ONCE) -> list[AssetVersion]:
    """Return the versions that a rule would delete now, oldest first.

    Labelled, staged and shared versions stay, and so does what something would break without.
    """
    before = timezone.now() - timedelta(days=rule.min_age_days)
    found: list[AssetVersion] = []
    assets = Asset.objects.filter(workspace=rule.workspace, kind=rule.kind, deleted=None)
    if "*" not in rule.pattern and "?" not in rule.pattern and "[" not in rule.pattern:
        assets = assets.filter(name=rule.pattern)
    for asset in assets.filter(last_number__gt=rule.keep_versions).iterator():
        if not fnmatchcase(asset.name, rule.pattern):
            continue
        newest = (
            asset.versions.filter(deleted=None).order_by("-number").values_list("pk", flat=True)
        )
        kept = list(newest[: rule.keep_versions])
        rows = asset.versions.filter(
            deleted=None, created__lt=before, labels=None, shares=None, stage="None"
        ).exclude(pk__in=kept)
        for row in rows.select_related("asset", "asset__workspace").order_by("number"):
            if not any(each["blocks"] for each in dependents(row)):
                found.append(row)
            if len(found) >= most:
                return found
    return found


def plan(rule: RetentionRule) -> dict[str, Any]:
    """Return what a rule would delete now, without doing it."""
    rows = due(rule)
    return {
        "versions": [str(row) for row in rows],
        "bytes": sum(row.size for row in rows),
        "freed": freed_by(*rows),
    }


def apply_rule(rule: RetentionRule, *, user: Any = None) -> dict[str, Any]:
    """Delete what a rule says, at most 1,000 versions at a time, and note it on the rule."""
    rows = due(rule)
    freed = sum(delete(row, confirm=True, user=user)["freed"] for row in rows)
    result = {"deleted": len(rows), "freed": freed}
    rule.last_run, rule.last_result = timezone.now(), result
    rule.save(update_fields=["last_run", "last_result"])
    return result


def apply_all() -> int:
    """Apply every rule that is on; returns how many versions went. A rule that fails stops no other."""
    gone = 0
    for rule in RetentionRule.objects.filter(enabled=True).select_related("workspace"):
        try:
            gone += apply_rule(rule)["deleted"]
        except Exception as error:
            log.exception("retention rule %s of %s failed", rule.pk, rule.workspace)
            rule.last_run, rule.last_result = timezone.now(), {"error": str(error)[:300]}
            rule.save(update_fields=["last_run", "last_result"])
    return gone
