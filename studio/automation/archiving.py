"""Schedules, what they set off, and rules of data, as a workspace's archive carries them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from officina.data.quality_rules import clean_rules
from officina.errors import StudioError
from registry.archive import Arrival, moment
from registry.models import Asset
from studio.automation.models import Firing, QualityRules, Schedule
from studio.automation.services.schedules import NAME, clean
from studio.runs.importing import guid_in
from studio.runs.models import Run
from studio.workspaces.models import Workspace

STATES = (Firing.SUBMITTED, Firing.FAILED)


def schedule_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield the schedules."""
    for row in Schedule.objects.filter(workspace=workspace).order_by("pk").iterator():
        yield {
            "name": row.name, "document": row.document, "created": row.created.isoformat(),
            "last_run_at": row.last_run_at.isoformat() if row.last_run_at else None,
        }  # fmt: skip


def firing_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield each time that a schedule fired and what came of it."""
    rows = Firing.objects.filter(schedule__workspace=workspace, state__in=STATES).order_by("pk")
    for row in rows.select_related("schedule", "run", "by").iterator(500):
        yield {
            "schedule": row.schedule.name, "due": row.due.isoformat(),
            "fired": row.fired.isoformat(), "by": row.by.email if row.by else None,
            "manual": row.manual, "state": row.state, "missed": row.missed,
            "run": row.run.guid if row.run else None, "error": row.error,
        }  # fmt: skip


def quality_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield the rules that data is held to."""
    rows = QualityRules.objects.filter(asset__workspace=workspace, asset__deleted=None)
    for row in rows.select_related("asset").order_by("pk").iterator():
        yield {"data": row.asset.name, "rules": row.rules}


def import_schedule(arrival: Arrival, row: dict[str, Any]) -> None:
    """Take in a schedule, switched off: what starts jobs here, someone here switches on."""
    name, document = str(row.get("name") or ""), row.get("document")
    if not NAME.match(name) or not isinstance(document, dict):
        raise StudioError(f"{name[:80]!r} cannot name a schedule.", where="schedules")
    kept = clean(document) | {"isEnabled": False}
    known = Schedule.objects.filter(workspace=arrival.workspace, name=name).first()
    if known is not None:
        same = {**known.document, "isEnabled": False} == kept
        arrival.note("skipped" if same else "conflicts", f"schedule/{name}")
        return
    if arrival.confirm:
        made = Schedule(
            workspace=arrival.workspace, name=name, document=kept, enabled=False,
            display_name=str(kept.get("displayName") or "")[:255], owner=arrival.user,
            last_run_at=moment(row.get("last_run_at")),
        )  # fmt: skip
        made.created = moment(row.get("created")) or made.created
        made.save()
    arrival.note("imported", f"schedule/{name}")


def import_firing(arrival: Arrival, row: dict[str, Any]) -> None:
    """Take in one time that a schedule fired; what is there stays."""
    due, fired = moment(row.get("due")), moment(row.get("fired"))
    schedule = Schedule.objects.filter(
        workspace=arrival.workspace, name=str(row.get("schedule") or "")
    ).first()
    if schedule is None or due is None or fired is None or not arrival.confirm:
        return
    if Firing.objects.filter(schedule=schedule, due=due, fired=fired).exists():
        return
    guid = guid_in(arrival.workspace, str(row.get("run") or ""))
    missed, error, state = row.get("missed"), row.get("error"), str(row.get("state"))
    Firing.objects.create(
        schedule=schedule, due=due, fired=fired, manual=row.get("manual") is True,
        state=state if state in STATES else Firing.FAILED,
        missed=missed if isinstance(missed, int) and 0 <= missed < 2**31 else 0,
        run=Run.objects.filter(workspace=arrival.workspace, guid=guid).first(),
        error=error if isinstance(error, dict) else None,
        by=arrival.person(row.get("by")) if row.get("by") else None,
    )  # fmt: skip


def import_quality(arrival: Arrival, row: dict[str, Any]) -> None:
    """Take in the rules of a data asset that has none here."""
    rules = clean_rules(row.get("rules"))
    asset = Asset.objects.filter(
        workspace=arrival.workspace, kind="data", name=str(row.get("data") or ""), deleted=None
    ).first()
    if asset is not None and arrival.confirm:
        QualityRules.objects.get_or_create(
            asset=asset, defaults={"rules": rules, "changed_by": arrival.user}
        )
