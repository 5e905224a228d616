"""What a canvas's socket lets through, to whom, and how it says no."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.test import Client
from django.utils import timezone
from pycrdt import Map

from designer import consumers, shapes, wire
from designer.models import Pipeline
from designer.services import drafts, versions
from designer.ydoc import YDoc, graph_of, new_doc, root
from studio.asgi import application
from studio.workspaces import services
from studio.workspaces.models import ApiToken, Membership
from tests.cast import run_token_of, token_of
from tests.designer.test_drafts_over_http import GRAPH

pytestmark = pytest.mark.django_db(transaction=True)
# Only what hangs takes so many seconds.
LIMIT = 60


class Scene(NamedTuple):
    """A draft, and a token for each of the cast."""

    cast: Any
    draft: Pipeline
    tokens: dict[str, str]


@pytest.fixture
def scene(transactional_db: Any, cast: Any) -> Iterator[Scene]:
    draft = drafts.create_draft(workspace=cast.lab, user=cast.owner, name="Churn", graph=GRAPH)
    people = ("owner", "contributor", "reader", "outsider")
    yield Scene(cast, draft, {who: token_of(getattr(cast, who)) for who in people})


class Canvas:
    """One socket, as a program sees it."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self.connection = ApplicationCommunicator(application, scope)
        self.doc: YDoc = new_doc()
        self.texts: list[dict[str, Any]] = []
        self.presences: list[wire.Presence] = []

    async def say(self, data: bytes | str) -> None:
        key = "text" if isinstance(data, str) else "bytes"
        await self.connection.send_input({"type": "websocket.receive", key: data})

    async def next(self) -> dict[str, Any]:
        message = await self.connection.receive_output(timeout=LIMIT)
        if message.get("text"):
            self.texts.append(json.loads(message["text"]))
        elif message.get("bytes"):
            frame = wire.read_frame(message["bytes"])
            if frame.type == wire.AWARENESS:
                self.presences += wire.read_awareness(frame.body)
            elif frame.sync != wire.STEP1:
                self.doc.apply_update(frame.body)
        return dict(message)

    async def text(self, kind: str) -> dict[str, Any]:
        """Wait for a JSON frame of this type."""
        for _ in range(500):
            for found in self.texts:
                if found["type"] == kind:
                    self.texts.remove(found)
                    return found
            await self.next()
        raise AssertionError(f"no {kind} frame")

    async def saved(self, revision: int) -> dict[str, Any]:
        """Wait until so much is said to be stored; what a room opens with may be told before."""
        while (found := await self.text("saved"))["revision"] < revision:
            pass
        return found

    async def closed(self) -> tuple[int, str]:
        for _ in range(50):
            message = await self.next()
            if message["type"] == "websocket.close":
                return message["code"], message.get("reason") or ""
        raise AssertionError("not closed")

    async def sync(self) -> None:
        """Ask for what is missing and wait for the answer."""
        await self.say(wire.step1(self.doc.get_state()))
        for _ in range(500):
            message = await self.next()
            if (message.get("bytes") or b"")[:2] == bytes((wire.SYNC, wire.STEP2)):
                return
        raise AssertionError("no answer")

    async def hang_up(self) -> None:
        await self.connection.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.connection.wait(LIMIT)


def scope_of(scene: Scene, who: str, **headers: str) -> dict[str, Any]:
    given = {"host": "localhost", "authorization": f"Bearer {scene.tokens.get(who, who)}"} | headers
    return {
        "type": "websocket",
        "path": f"/ws/w/lab/pipelines/{scene.draft.guid}/",
        "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in given.items() if v],
        "subprotocols": [],
    }


@asynccontextmanager
async def canvas(scene: Scene, who: str, **headers: str) -> AsyncIterator[Canvas]:
    found = Canvas(scope_of(scene, who, **headers))
    await found.connection.send_input({"type": "websocket.connect"})
    assert (await found.next())["type"] == "websocket.accept"
    await found.sync()
    try:
        yield found
    finally:
        await found.hang_up()


async def refused(scene: Scene, who: str, **headers: str) -> int:
    """Return the code with which a socket is closed at once."""
    found = Canvas(scope_of(scene, who, **headers))
    await found.connection.send_input({"type": "websocket.connect"})
    return (await found.closed())[0]


def change(doc: YDoc, **params: Any) -> bytes:
    """Return the update that sets parameters of the node `split`."""
    before = doc.get_state()
    with doc.transaction():
        for name, value in params.items():
            root(doc, "nodes")["split"]["params"][name] = value
    return doc.get_update(before)


async def kept(scene: Scene) -> dict[str, Any]:
    pipeline = await Pipeline.objects.aget(pk=scene.draft.pk)
    return dict(pipeline.graph)


async def test_an_edit_reaches_the_others_and_is_saved_under_its_authors_name(
    scene: Scene,
) -> None:
    async with canvas(scene, "contributor") as carl, canvas(scene, "owner") as olga:
        assert graph_of(carl.doc) == GRAPH
        await carl.say(wire.update(change(carl.doc, fraction=0.25)))
        saved = await olga.saved(2)
        assert (saved["by"], saved["revision"]) == ("Carl", 2)
        assert graph_of(olga.doc) == graph_of(carl.doc) == await kept(scene)
        problems = await olga.text("problems")
        assert {"problems", "columns"} <= problems.keys()
    row = await scene.draft.updates.select_related("author").alatest("seq")
    assert row.author == scene.cast.contributor
    assert row.summary[0]["fields"] == ["params.fraction"]


async def test_a_reader_is_told_no_and_nothing_is_written(scene: Scene) -> None:
    async with canvas(scene, "reader") as rita, canvas(scene, "owner") as olga:
        await rita.say(wire.update(change(rita.doc, fraction=0.25)))
        told = await rita.text("refused")
        assert told["code"] == "forbidden"
        assert "designer.write" in told["hint"]
        await rita.say(wire.step2(rita.doc.get_update()))
        assert (await rita.text("refused"))["code"] == "forbidden"
        await rita.say(wire.awareness([wire.Presence(7, 1, {"cursor": {"x": 1, "y": 2}})]))
        while not olga.presences:
            await olga.next()
        assert graph_of(olga.doc) == GRAPH
    assert await scene.draft.updates.acount() == 1


async def test_an_outsider_a_stranger_and_a_runs_token_stay_out(scene: Scene) -> None:
    assert await refused(scene, "outsider") == 4404
    assert await refused(scene, "oft_wrong") == 4401
    token = await database_sync_to_async(run_token_of)(scene.cast.owner, scene.cast.lab, "2" * 32)
    assert await refused(scene, token) == 4403
    await database_sync_to_async(drafts.delete_draft)(pipeline=scene.draft, user=scene.cast.owner)
    assert await refused(scene, "owner") == 4404


async def test_a_page_of_another_site_gets_no_socket(scene: Scene) -> None:
    def cookie() -> str:
        client = Client()
        client.force_login(scene.cast.owner)
        return f"sessionid={client.cookies['sessionid'].value}"

    session = await database_sync_to_async(cookie)()
    ours = {"authorization": "", "cookie": session, "origin": "http://localhost"}
    async with canvas(scene, "owner", **ours) as olga:
        assert graph_of(olga.doc) == GRAPH
    for headers in (
        {**ours, "origin": "https://evil.example"},
        {**ours, "origin": ""},
        {**ours, "origin": "", "authorization": "Basic b2xnYTp4"},
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
    ):
        found = Canvas(scope_of(scene, "owner", **headers))
        await found.connection.send_input({"type": "websocket.connect"})
        message = await found.next()
        assert message["type"] == "websocket.close", headers


async def test_a_removed_member_is_cut_and_a_new_role_is_known_at_once(scene: Scene) -> None:
    def member() -> Membership:
        rows = Membership.objects.select_related("user", "workspace", "custom_role")
        return rows.get(user=scene.cast.contributor)

    async with canvas(scene, "contributor") as carl:
        carls = await database_sync_to_async(member)()
        owner = scene.cast.owner
        await database_sync_to_async(services.change_role)(member=carls, role="Reader", actor=owner)
        assert (await carl.text("pong"))["canWrite"] is False
        await carl.say(wire.update(change(carl.doc, fraction=0.25)))
        assert (await carl.text("refused"))["code"] == "forbidden"
        await database_sync_to_async(services.remove_member)(member=carls, actor=owner)
        assert (await carl.closed())[0] == 4404
    assert await kept(scene) == GRAPH


async def test_a_revoked_token_is_noticed_though_nobody_tells_the_socket(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with canvas(scene, "contributor") as carl:
        monkeypatch.setattr(consumers, "ASK_AGAIN_AFTER", 0.0)
        await ApiToken.objects.filter(user=scene.cast.contributor).aupdate(
            revoked_at=timezone.now()
        )
        await carl.say(wire.update(change(carl.doc, fraction=0.25)))
        assert (await carl.closed())[0] == 4401
    assert await kept(scene) == GRAPH


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"", 4400),
        (b"\x05", 4400),
        (b"\x00\x02\xff\xff\xff\xff\x0f", 4400),
        (b"\x01\x03abc", 4400),
        (wire.step1(b"\xff\xff"), 4400),
        (wire.update(b"\xff\xff\xff\xff\x0f\x01"), 4400),
        (wire.update(b"\x01\x01\x01\x00\x99"), 4422),
        (wire.update(b"\x00" * (shapes.MAX_UPDATE + 1)), 4413),
        ("no json", 4400),
        ("[" * 100_000, 4400),
    ],
)
async def test_a_bad_frame_closes_the_socket_with_a_reason(
    scene: Scene, frame: bytes | str, code: int
) -> None:
    async with canvas(scene, "contributor") as carl, canvas(scene, "owner") as olga:
        await carl.say(frame)
        closed, reason = await carl.closed()
        assert closed == code
        assert reason
        await olga.say(wire.update(change(olga.doc, fraction=0.25)))
        assert (await olga.saved(2))["by"] == "Olga"


def no_component(doc: YDoc) -> None:
    root(doc, "nodes")["odd"] = Map({"x": 1})


def unknown_field(doc: YDoc) -> None:
    root(doc, "nodes")["split"]["password"] = "x"


def huge_value(doc: YDoc) -> None:
    root(doc, "nodes")["split"]["params"]["data"] = "x" * (shapes.MAX_VALUE + 1)


def not_a_number(doc: YDoc) -> None:
    root(doc, "nodes")["split"]["x"] = float("nan")


def bad_edge(doc: YDoc) -> None:
    root(doc, "edges")["split"] = {"source": "enter", "sourceHandle": "x"}


@pytest.mark.parametrize("spoil", [no_component, unknown_field, huge_value, not_a_number, bad_edge])
async def test_an_edit_that_makes_no_graph_is_refused_and_the_others_go_on(
    scene: Scene, spoil: Any
) -> None:
    async with canvas(scene, "contributor") as carl, canvas(scene, "owner") as olga:
        before = carl.doc.get_state()
        with carl.doc.transaction():
            spoil(carl.doc)
        await carl.say(wire.update(carl.doc.get_update(before)))
        told = await carl.text("refused")
        assert told["message"]
        assert (await carl.closed())[0] == 4422
        await olga.say(wire.update(change(olga.doc, fraction=0.25)))
        await olga.saved(2)
        assert graph_of(olga.doc) == await kept(scene)
    assert await scene.draft.updates.acount() == 2


async def test_an_edit_whose_ground_is_missing_is_asked_for_again(scene: Scene) -> None:
    async with canvas(scene, "contributor") as carl, canvas(scene, "owner") as olga:
        change(carl.doc, fraction=0.25)  # made, and lost on the way
        await carl.say(wire.update(change(carl.doc, seed=7)))
        asked = b""
        while asked[:2] != bytes((wire.SYNC, wire.STEP1)):
            asked = (await carl.next()).get("bytes") or b""
        await carl.say(wire.step2(carl.doc.get_update(wire.read_frame(asked).body)))
        await olga.saved(2)
        params = graph_of(olga.doc)["nodes"][1]["params"]
        assert params == {"fraction": 0.25, "seed": 7}
        assert graph_of(olga.doc) == await kept(scene)


async def test_nobody_can_pose_as_another_and_who_leaves_is_gone(scene: Scene) -> None:
    async with canvas(scene, "owner") as olga:
        async with canvas(scene, "contributor") as carl:
            state = {"user": {"name": "Olga", "color": "red"}, "cursor": {"x": 1, "y": 2}}
            await carl.say(wire.awareness([wire.Presence(7, 1, state)]))
            while not olga.presences:
                await olga.next()
            told = olga.presences.pop()
            assert told.state is not None
            assert told.state["user"]["name"] == "Carl"
            assert told.state["cursor"] == {"x": 1, "y": 2}
            async with canvas(scene, "reader") as rita:
                await rita.sync()
                assert [each.client for each in rita.presences] == [7]
                await rita.say(wire.awareness([wire.Presence(7, 9, {"cursor": None})]))
                await rita.sync()
        while not olga.presences:
            await olga.next()
        assert olga.presences == [wire.Presence(7, 2, None)]


async def test_what_happens_over_http_shows_on_open_canvases(scene: Scene) -> None:
    async with canvas(scene, "reader") as rita:
        owner, draft = scene.cast.owner, scene.draft
        await database_sync_to_async(versions.create_version)(pipeline=draft, user=owner)
        other = {**GRAPH, "settings": {"experiment": "other"}}
        await database_sync_to_async(drafts.save_draft)(pipeline=draft, user=owner, graph=other)
        assert (await rita.saved(2))["by"] == "Olga"
        assert graph_of(rita.doc) == other
        await database_sync_to_async(versions.restore_version)(pipeline=draft, user=owner, number=1)
        assert (await rita.text("restored"))["version"] == 1
        await rita.saved(3)
        assert graph_of(rita.doc) == GRAPH
        await database_sync_to_async(drafts.change_draft)(pipeline=draft, user=owner, name="Better")
        assert (await rita.text("renamed"))["name"] == "Better"
        await database_sync_to_async(drafts.delete_draft)(pipeline=draft, user=owner)
        assert (await rita.closed())[0] == 4404
