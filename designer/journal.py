"""The stored truth of a draft: its state, the log of edits after it, and the graph made of both.

Every writer goes through `append`, which numbers edits under the lock of the draft's row: edits become visible in
the order of their numbers, so a reader that has seen number n finds all before it.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from django.utils import timezone
from pycrdt import TransactionEvent

from designer import history, shapes
from designer.models import Pipeline, PipelineUpdate
from designer.ydoc import YDoc, flat_of, graph_from, new_doc
from officina.errors import StudioError

log = logging.getLogger(__name__)

# After so many edits the log is folded into the state.
FOLD_AFTER = 200
READ_TRIES = 5


@dataclass(frozen=True)
class Edit:
    """One update of someone, with what it changed."""

    update: bytes
    author_id: int | None
    summary: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Stored:
    """What a reader lacks: updates to apply in order, after which it stands at `seq`."""

    seq: int
    state_seq: int
    updates: list[bytes]


def group_of(guid: str) -> str:
    """Return the channel group that every socket of a draft joins."""
    return f"pipeline.{guid}"


def read(pipeline_id: int, *, after: int = 0) -> Stored:
    """Return what was stored after an edit, the state itself where the log no longer has it."""
    for _ in range(READ_TRIES):
        row = Pipeline.objects.only("seq", "state", "state_seq").get(pk=pipeline_id)
        base = max(after, row.state_seq)
        edits = PipelineUpdate.objects.filter(
            pipeline_id=pipeline_id, seq__gt=base, seq__lte=row.seq
        )
        updates = [bytes(each) for each in edits.order_by("seq").values_list("update", flat=True)]
        # Between the two queries the log may have been folded: then there is a newer state to read.
        if len(updates) == row.seq - base and all(updates):
            state = [bytes(row.state)] if after < row.state_seq else []
            return Stored(row.seq, row.state_seq, state + updates)
    raise StudioError(
        "The draft changed too fast to be read.", hint="Try again.", code="unavailable"
    )


def seq_of(pipeline_id: int) -> int:
    """Return the number of the last stored edit."""
    return Pipeline.objects.values_list("seq", flat=True).get(pk=pipeline_id)


def document(pipeline: Pipeline) -> YDoc:
    """Return the draft's document as stored now."""
    return new_doc(*read(pipeline.pk).updates)


@transaction.atomic
def append(pipeline_id: int, edits: list[Edit]) -> int:
    """Store edits and return the number of the last one; a deleted draft takes none."""
    row = Pipeline.objects.select_for_update().only("seq", "deleted_at").get(pk=pipeline_id)
    if row.deleted_at is not None:
        raise StudioError(
            "The pipeline was deleted.", hint="Restore it from the archive first.", code="conflict"
        )
    now = timezone.now()
    PipelineUpdate.objects.bulk_create(
        PipelineUpdate(
            pipeline_id=pipeline_id,
            seq=row.seq + place,
            update=edit.update,
            author_id=edit.author_id,
            at=now,
            summary=edit.summary,
        )
        for place, edit in enumerate(edits, 1)
    )
    seq = row.seq + len(edits)
    Pipeline.objects.filter(pk=pipeline_id).update(seq=seq)
    return seq


def materialise(
    pipeline_id: int, *, graph: dict[str, Any], seq: int, author_id: int | None
) -> bool:
    """Keep the graph as of an edit, unless a newer one is there already."""
    changes: dict[str, Any] = {"graph": graph, "revision": seq, "modified": timezone.now()}
    if author_id is not None:
        changes["modified_by_id"] = author_id
    return Pipeline.objects.filter(pk=pipeline_id, revision__lt=seq).update(**changes) == 1


@transaction.atomic
def fold(pipeline_id: int, *, state: bytes, seq: int) -> None:
    """Put the log up to an edit into the state; its rows stay as history without their bytes."""
    row = Pipeline.objects.select_for_update().only("state_seq").get(pk=pipeline_id)
    if row.state_seq >= seq:
        return
    Pipeline.objects.filter(pk=pipeline_id).update(state=state, state_seq=seq)
    history.thin(pipeline_id, seq)


def refresh(pipeline: Pipeline) -> Pipeline:
    """Bring `graph` and `revision` up to the log; a web process may have died before it did."""
    pipeline.refresh_from_db(fields=["graph", "revision", "seq"])
    if pipeline.revision < pipeline.seq:
        stored = read(pipeline.pk)
        graph = graph_from(flat_of(new_doc(*stored.updates)))
        materialise(pipeline.pk, graph=graph, seq=stored.seq, author_id=None)
        pipeline.graph, pipeline.revision, pipeline.seq = graph, stored.seq, stored.seq
    return pipeline


def edit(
    pipeline: Pipeline, *, user: Any, change: Callable[[YDoc], None], revision: int | None = None
) -> Pipeline:
    """Change the draft as one more editor would; open canvases see it on commit.

    With a `revision`, a draft that has gone on since is a conflict.
    """
    with transaction.atomic():
        row = Pipeline.objects.select_for_update().get(pk=pipeline.pk)
        if revision is not None and revision != row.seq:
            raise stale(revision, row)
        stored = read(row.pk)
        doc = new_doc(*stored.updates)
        update, summary = recorded(doc, change)
        if update:
            flat = flat_of(doc)
            shapes.check(flat)
            shapes.check_size(sum(map(len, stored.updates)) + len(update))
            seq = append(row.pk, [Edit(update, user.pk, summary)])
            materialise(row.pk, graph=graph_from(flat), seq=seq, author_id=user.pk)
            if seq - row.state_seq >= FOLD_AFTER:
                fold(row.pk, state=doc.get_update(), seq=seq)
            tell(row.guid, {"type": "draft.changed", "seq": seq})
            frame(row.guid, saved(seq, user.name, doc.get_state(), timezone.now()))
    row.refresh_from_db()
    return refresh(row)


def recorded(
    doc: YDoc, change: Callable[[YDoc], None]
) -> tuple[bytes | None, list[dict[str, Any]]]:
    """Make a change in one transaction and return its update, None when it changed nothing."""
    updates: list[bytes] = []

    def keep(event: TransactionEvent) -> None:
        updates.append(event.update)

    watch = history.Watch(doc)
    subscription = doc.observe(keep)
    with doc.transaction():
        change(doc)
    doc.unobserve(subscription)
    touched = watch.take()
    watch.close()
    return (updates[0], history.summary(touched)) if updates and touched else (None, [])


def stale(revision: int, row: Pipeline) -> StudioError:
    return StudioError(
        f"The draft has changed since revision {revision}: it is at revision {row.seq}"
        f" by {row.modified_by.name}.",
        hint="Read it again, make your change on that, and save with its revision.",
        where="revision",
        code="conflict",
    )


def last_change(pipeline_id: int) -> tuple[datetime, str]:
    """Return when the graph was last kept, and after whose edit."""
    rows = Pipeline.objects.select_related("modified_by").defer("graph", "state")
    found = rows.get(pk=pipeline_id)
    return found.modified, found.modified_by.name


def saved(seq: int, by: str, state: bytes, at: datetime) -> dict[str, Any]:
    """Return the frame that says what is stored: a canvas finds its own clock in `state`."""
    return {
        "type": "saved",
        "revision": seq,
        "at": at.isoformat(),
        "by": by,
        "state": base64.b64encode(state).decode(),
    }


def tell(guid: str, event: dict[str, Any]) -> None:
    """Send an event to every open canvas of a draft on commit; without the broker it is lost."""
    transaction.on_commit(lambda: _send(guid, event), robust=True)


def frame(guid: str, message: dict[str, Any]) -> None:
    """Send a JSON frame such as {"type": "run", "guid": ...} to every open canvas on commit."""
    tell(guid, {"type": "draft.frame", "message": message})


def _send(guid: str, event: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)(group_of(guid), event)
    except Exception as error:
        # Open canvases catch up with the next edit; the truth is in the database.
        log.warning("could not tell the canvases of %s: %s", guid, error)
