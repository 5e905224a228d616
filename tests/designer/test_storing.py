"""An edit is passed on only once it is stored; what cannot be stored stays with its author."""

from __future__ import annotations

from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError

from designer import collaboration, journal, wire
from designer.models import Pipeline
from designer.services import drafts
from designer.ydoc import graph_of
from tests.designer.test_drafts_over_http import GRAPH
from tests.designer.test_sockets import Scene, canvas, change, kept, scene

__all__ = ["scene"]
pytestmark = pytest.mark.django_db(transaction=True)


class Faulty:
    """Stands for a database that fails a number of times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
        self.left, self.real = times, journal.append
        monkeypatch.setattr(journal, "append", self)
        monkeypatch.setattr(collaboration, "STORE_TRIES", (0.01, 0.01))

    def __call__(self, *given: Any) -> int:
        if self.left:
            self.left -= 1
            raise OperationalError("database is locked")
        return self.real(*given)


async def test_a_database_that_fails_once_is_tried_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with canvas(scene, "contributor") as carl, canvas(scene, "owner") as olga:
        faulty = Faulty(monkeypatch, times=2)
        await carl.say(wire.update(change(carl.doc, fraction=0.25)))
        await olga.text("saved")
        assert faulty.left == 0
        assert graph_of(olga.doc) == graph_of(carl.doc) == await kept(scene)


async def test_what_was_never_stored_is_seen_by_nobody_and_comes_back_with_its_author(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with canvas(scene, "contributor") as carl, canvas(scene, "owner") as olga:
        Faulty(monkeypatch, times=3)
        await carl.say(wire.update(change(carl.doc, fraction=0.25)))
        assert (await carl.closed())[0] == 1011
        assert (await olga.closed())[0] == 1011
        assert graph_of(olga.doc) == GRAPH
    async with canvas(scene, "contributor") as again, canvas(scene, "owner") as olga:
        await again.say(wire.step2(carl.doc.get_update()))
        await olga.text("saved")
        assert graph_of(olga.doc) == graph_of(carl.doc) == await kept(scene)


async def test_edits_of_many_are_kept_in_few_rows_each_under_its_author(scene: Scene) -> None:
    async with canvas(scene, "contributor") as carl, canvas(scene, "owner") as olga:
        for number in range(100):
            await carl.say(wire.update(change(carl.doc, fraction=number / 100)))
        await olga.say(wire.update(change(olga.doc, seed=5)))
        while (await olga.text("saved"))["revision"] < 3:
            pass
        await carl.sync()
        await olga.sync()
        assert graph_of(olga.doc) == graph_of(carl.doc)
    rows = [row async for row in scene.draft.updates.select_related("author").order_by("seq")]
    assert len(rows) < 50
    assert {row.author.email.split("@")[0] for row in rows if row.author} == {"olga", "carl"}


async def test_a_room_reads_on_where_the_log_was_folded_behind_its_back(scene: Scene) -> None:
    def go_on() -> None:
        pipeline = Pipeline.objects.get(pk=scene.draft.pk)
        for number in range(5):
            graph = {**GRAPH, "settings": {"experiment": f"e{number}"}}
            pipeline = drafts.save_draft(pipeline=pipeline, user=scene.cast.owner, graph=graph)
        doc = journal.document(pipeline)
        journal.fold(pipeline.pk, state=doc.get_update(), seq=pipeline.seq)

    async with canvas(scene, "reader") as rita:
        await database_sync_to_async(go_on)()
        while (await rita.text("saved"))["revision"] < 6:
            pass
        await rita.sync()
        assert graph_of(rita.doc)["settings"] == {"experiment": "e4"}
    assert not await scene.draft.updates.exclude(update=b"").aexists()
