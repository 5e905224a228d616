"""Who changed what: which parts of a draft an update touched, in words that a person can read later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from pycrdt import Map, Subscription

from designer.models import PipelineUpdate
from designer.ydoc import ROOTS, YDoc, root

# One person's edits within this time become one line of history once the log is folded.
ONE_SITTING = timedelta(minutes=5)
KEPT_LINES = 2_000
MOST_CHANGES = 100
PLACE = frozenset({"x", "y", "width", "height"})


class Touch(NamedTuple):
    """One thing that an update changed: ("nodes", "split_data", "changed", "params.fraction")."""

    root: str
    id: str
    action: str
    field: str = ""


class Watch:
    """Notes what the updates applied to a document touch."""

    def __init__(self, doc: YDoc) -> None:
        self._touched: list[Touch] = []
        self._maps = [(name, root(doc, name)) for name in ROOTS]
        self._subscriptions: list[tuple[Map[Any], Subscription]] = [
            (each, each.observe_deep(self._note_for(name))) for name, each in self._maps
        ]

    def take(self) -> list[Touch]:
        """Return what was touched since the last call."""
        touched, self._touched = self._touched, []
        return touched

    def close(self) -> None:
        for each, subscription in self._subscriptions:
            each.unobserve(subscription)
        self._subscriptions = []

    def _note_for(self, name: str) -> Any:
        def note(events: Any, *_: Any) -> None:
            for event in events:
                path = [str(part) for part in event.path]
                keys = getattr(event, "keys", None) or {"": {"action": "update"}}
                for key, change in keys.items():
                    self._touched.append(_touch(name, path, str(key), str(change["action"])))

        return note


def _touch(name: str, path: list[str], key: str, action: str) -> Touch:
    if path:
        return Touch(name, path[0], "changed", ".".join([*path[1:], key]))
    if name == "settings":
        return Touch(name, key, "changed")
    return Touch(name, key, {"add": "added", "delete": "removed"}.get(action, "changed"))


def summary(touched: list[Touch]) -> list[dict[str, Any]]:
    """Return one entry per thing that was touched, with the fields that changed."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for touch in touched:
        entry = found.setdefault(
            (touch.root, touch.id),
            {"what": touch.root, "id": touch.id, "action": touch.action, "fields": []},
        )
        _add(entry, touch.action, [touch.field] if touch.field else [])
    return _finished(list(found.values()))


def joined(*summaries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return several summaries, oldest first, as one."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in (entry for each in summaries for entry in each):
        key = (entry["what"], entry["id"])
        if key not in found:
            found[key] = {**entry, "fields": list(entry["fields"])}
        else:
            _add(found[key], entry["action"], entry["fields"])
    return _finished(list(found.values()))


def _add(entry: dict[str, Any], action: str, fields: list[str]) -> None:
    if action == "removed" and entry["action"] == "added":
        entry["action"] = "removed"
    elif action != "changed" and entry["action"] != "added":
        entry["action"] = action
    elif action == "changed" and entry["action"] == "moved":
        entry["action"] = "changed"
    entry["fields"] = [*dict.fromkeys([*entry["fields"], *fields])]


def _finished(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for entry in entries:
        if entry["action"] == "changed" and entry["fields"] and PLACE.issuperset(entry["fields"]):
            entry["action"] = "moved"
    return entries[:MOST_CHANGES]


def thin(pipeline_id: int, seq: int) -> None:
    """Drop the bytes of edits that are in the state, and join the lines of one sitting."""
    rows = PipelineUpdate.objects.filter(pipeline_id=pipeline_id, seq__lte=seq)
    rows.exclude(update=b"").update(update=b"")
    kept: PipelineUpdate | None = None
    changed: list[PipelineUpdate] = []
    gone: list[int] = []
    for row in rows.order_by("-seq")[:KEPT_LINES]:
        if kept is not None and kept.author_id == row.author_id and kept.at - row.at < ONE_SITTING:
            kept.summary = joined(row.summary, kept.summary)
            gone.append(row.pk)
            if not changed or changed[-1] is not kept:
                changed.append(kept)
        else:
            kept = row
    PipelineUpdate.objects.bulk_update(changed, ["summary"])
    PipelineUpdate.objects.filter(pk__in=gone).delete()
