"""What happened in a workspace and who did what: finding rows, and taking them away as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from officina.errors import StudioError
from studio.lib import csvtext
from studio.workspaces import events
from studio.workspaces.models import Workspace

EVENTS, AUDIT = "events", "audit"
FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
COLUMNS = {
    EVENTS: ("created", "type", "subject", "data"),
    AUDIT: ("created", "actor_name", "action", "target", "detail", "ip"),
}


@dataclass(frozen=True)
class Asked:
    """The filters; what is empty does not count."""

    show: str = EVENTS
    kind: str = ""
    text: str = ""
    who: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, query: Mapping[str, Any], show: str) -> Asked:
        """Read the filters of a page's or a call's query."""

        def take(*names: str) -> str:
            return next((str(query[n]).strip()[:100] for n in names if query.get(n)), "")

        return cls(
            show, take("type", "action"), take("q"), take("who"), take("since"), take("until")
        )


def rows(workspace: Workspace, asked: Asked) -> QuerySet[Any]:
    """Return the rows that fit, newest first; `until` is the last day that counts."""
    found: QuerySet[Any]
    if asked.show == AUDIT:
        found = workspace.audit_entries.all()
        kind, where = "action", Q(target__icontains=asked.text)
        if asked.who:
            found = found.filter(actor_name__icontains=asked.who)
    else:
        found = workspace.events.all()
        kind, where = "type", Q(subject__icontains=asked.text)
    if asked.kind:
        found = found.filter(**{kind: asked.kind})
    if asked.text:
        found = found.filter(where)
    if asked.since:
        found = found.filter(created__gte=_day(asked.since, "since"))
    if asked.until:
        found = found.filter(created__lt=_day(asked.until, "until") + timedelta(days=1))
    return found


def kinds(workspace: Workspace, show: str) -> list[str]:
    """Return the types or actions to choose from."""
    if show == AUDIT:
        return sorted(set(workspace.audit_entries.order_by().values_list("action", flat=True)))
    there = workspace.events.order_by().values_list("type", flat=True).distinct()
    return sorted({*events.TYPES, *there})


def _day(text: str, where: str) -> datetime:
    try:
        return timezone.make_aware(datetime.combine(date.fromisoformat(text), time()))
    except ValueError:
        raise StudioError(
            f"{text!r} is no day.", hint="Write it as 2026-11-21.", where=where
        ) from None


def written(found: QuerySet[Any], show: str, form: str) -> Iterator[str]:
    """Yield rows as CSV or as one JSON object a line, as they are read."""
    names = COLUMNS[show]
    if form == "csv":
        yield csvtext.row(names)
    for row in found.iterator(1000):
        values = {name: getattr(row, name) for name in names}
        values["created"] = row.created.isoformat()
        if form == "csv":
            yield csvtext.row(values.values())
        else:
            yield json.dumps(values, ensure_ascii=False) + "\n"
