"""The socket of one canvas: y-websocket's binary frames in and out, and JSON frames with news."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from designer import wire
from designer.access import color_of, initials_of, pipeline_of
from designer.collaboration import PROCESS, Room, close_if_empty, enter
from designer.journal import group_of
from designer.shapes import MAX_UPDATE
from officina.errors import StudioError
from studio.workspaces import access
from studio.workspaces.live import user_group

REFUSED = {"unauthenticated": 4401, "forbidden": 4403, "not_found": 4404, "conflict": 4409}
BROKEN, BAD_EDIT, TOO_LARGE = 4400, 4422, 4413
# Not one of ours: whoever reads too slowly should come again.
TOO_SLOW = 1013
# A canvas that sends faster is read more slowly, not cut: one that types is far below it.
FRAMES_A_SECOND = 200
BURST = 400
MOST_UNSENT = 2_000
END_OF_FRAMES = None
# A session that ended or a token that was revoked elsewhere is seen after this at the latest.
ASK_AGAIN_AFTER = 30.0


class DraftConsumer(AsyncWebsocketConsumer):
    """One person's canvas on one draft."""

    room: Room | None = None
    groups_joined: tuple[str, ...] = ()
    user_id = 0
    can_write = False

    async def connect(self) -> None:
        self.frames: asyncio.Queue[bytes | str | None] = asyncio.Queue()
        self.tokens, self.refilled = float(BURST), time.monotonic()
        self.admitted = time.monotonic()
        self.sender: asyncio.Task[None] | None = None
        try:
            guid, pipeline_id = await database_sync_to_async(self.admit)()
            for group in self.groups_joined:
                await self.channel_layer.group_add(group, self.channel_name)
            self.room = await enter(guid, pipeline_id, self)
        except StudioError as error:
            # Accepting first lets the browser see the code that says why.
            await self.accept()
            await self.send(json.dumps({"type": "error", "error": error.as_json()}))
            await self.close(code=REFUSED.get(error.code, BROKEN))
            return
        await self.accept()
        self.sender = asyncio.create_task(self.send_forever())
        self.send_frame(self.room.welcome())
        if present := self.room.presences.present():
            self.send_frame(wire.awareness(present))
        await self.room.tell({"type": "draft.who", "origin": PROCESS})
        if self.room.problems is not None:
            self.frames.put_nowait(json.dumps(self.room.problems))

    def admit(self) -> tuple[str, int]:
        """Read afresh who this is and what they may do; raises for those who may not look."""
        kwargs = self.scope["url_route"]["kwargs"]
        workspace = access.for_scope(self.scope, kwargs["workspace"], "designer.read")
        pipeline = pipeline_of(workspace, kwargs["guid"])
        user, _ = access.user_of_scope(self.scope)
        self.user_id = user.pk
        self.can_write = "designer.write" in access.allowed(user, workspace)
        self.identity = {
            "name": user.name,
            "initials": initials_of(user.name),
            "color": color_of(user),
            "id": user.pk,
        }
        self.groups_joined = (group_of(pipeline.guid), user_group(user.pk))
        return pipeline.guid, pipeline.pk

    async def disconnect(self, code: int) -> None:
        if self.sender is not None:
            self.sender.cancel()
        for group in self.groups_joined:
            await self.channel_layer.group_discard(group, self.channel_name)
        if self.room is not None:
            room, self.room = self.room, None
            await self.spread(room, room.leave(self))
            if not room.members:
                # Not awaited: the server gives a closed socket little time.
                _keep(asyncio.create_task(close_if_empty(room)))

    # -- outwards: what a slow reader has not taken yet waits here, not in the room ------------------

    def send_frame(self, data: bytes | str) -> None:
        if self.frames.qsize() > MOST_UNSENT:
            self.end(TOO_SLOW, "too far behind")
        else:
            self.frames.put_nowait(data)

    def end(self, code: int, message: str) -> None:
        """Close the socket after what is waiting to be sent."""
        self.ending = (code, message)
        self.frames.put_nowait(END_OF_FRAMES)

    async def send_forever(self) -> None:
        while (frame := await self.frames.get()) is not END_OF_FRAMES:
            if isinstance(frame, str):
                await self.send(text_data=frame)
            else:
                await self.send(bytes_data=frame)
        code, message = self.ending
        await self.close(code=code, reason=message[:120])

    def say(self, message: dict[str, Any]) -> None:
        self.send_frame(json.dumps(message, default=str))

    # -- inwards -----------------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.room is None:
            return
        await self.slow_down()
        try:
            if time.monotonic() - self.admitted > ASK_AGAIN_AFTER:
                await self.check_again()
            if bytes_data is not None:
                await self.on_frame(self.room, bytes_data)
            else:
                await self.on_text(text_data or "")
        except StudioError as error:
            self.say({"type": "error", "error": error.as_json()})
            self.end(TOO_LARGE if error.code == "too_large" else BROKEN, error.message)

    async def slow_down(self) -> None:
        now = time.monotonic()
        self.tokens = min(BURST, self.tokens + (now - self.refilled) * FRAMES_A_SECOND) - 1
        self.refilled = now
        if self.tokens < 0:
            await asyncio.sleep(-self.tokens / FRAMES_A_SECOND)

    async def on_frame(self, room: Room, data: bytes) -> None:
        if len(data) > MAX_UPDATE:
            raise StudioError(
                f"A message may have {MAX_UPDATE >> 20} MiB, this one has {len(data) / 2**20:.0f}.",
                hint="Register the data as a data asset and read it from there.",
                where="frame",
                code="too_large",
            )
        frame = wire.read_frame(data)
        if frame.type == wire.QUERY_AWARENESS:
            self.send_frame(wire.awareness(room.presences.present()))
        elif frame.type == wire.AWARENESS:
            given = wire.read_awareness(frame.body)
            await self.spread(room, room.presences.take(self, given, self.identity))
        elif frame.sync == wire.STEP1:
            self.send_frame(room.missing(frame.body))
            if room.saved is not None:
                # A frame may have been lost with the broker: who asks is told again what is stored.
                self.say(room.saved)
        else:
            await self.on_update(room, frame)

    async def on_update(self, room: Room, frame: wire.Frame) -> None:
        if not self.can_write:
            # Every provider answers the welcome, also one that has nothing to say.
            if frame.sync == wire.UPDATE or room.is_news(frame.body):
                error = StudioError(
                    "You may look at this pipeline, not change it.",
                    hint="Ask an owner of the workspace for a role with designer.write.",
                    code="forbidden",
                )
                self.say({"type": "refused", **error.as_json()})
            return
        try:
            await room.accept(self, frame.body)
        except StudioError as error:
            # Its document now differs from everyone's for good: it must start from a new one.
            self.say({"type": "refused", **error.as_json()})
            self.end(BAD_EDIT, error.message)

    async def on_text(self, text: str) -> None:
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise StudioError("A text frame is a JSON object.", where="frame")
        if content.get("type") == "ping":
            await self.check_again()

    async def check_again(self) -> None:
        """Cut a person whose membership ended, and know a changed role."""
        self.admitted = time.monotonic()
        try:
            await database_sync_to_async(self.admit)()
        except StudioError as error:
            self.can_write = False
            self.end(REFUSED.get(error.code, BROKEN), error.message)
        else:
            self.say({"type": "pong", "canWrite": self.can_write})

    # -- awareness and news ------------------------------------------------------------------------

    async def spread(self, room: Room, presences: list[wire.Presence]) -> None:
        """Pass on where this canvas is, here at once and to the other processes by the layer."""
        if not presences:
            return
        frame = wire.awareness(presences)
        for member in list(room.members):
            if member is not self:
                member.send_frame(frame)
        await room.tell({"type": "draft.awareness", "data": frame, "origin": PROCESS})

    async def draft_awareness(self, event: dict[str, Any]) -> None:
        if event["origin"] != PROCESS and self.room is not None:
            self.room.presences.hear(wire.read_awareness(wire.read_frame(event["data"]).body))
            self.send_frame(event["data"])

    async def draft_who(self, event: dict[str, Any]) -> None:
        """Tell a newcomer of another process where this canvas is."""
        if event["origin"] == PROCESS or self.room is None:
            return
        if own := self.room.presences.of(self):
            data = wire.awareness(own)
            await self.room.tell({"type": "draft.awareness", "data": data, "origin": PROCESS})

    async def draft_changed(self, event: dict[str, Any]) -> None:
        if event.get("origin") != PROCESS and self.room is not None:
            await self.room.heard_of(event["seq"], checked="origin" in event)

    async def draft_frame(self, event: dict[str, Any]) -> None:
        message = event["message"]
        if event.get("origin") == PROCESS:
            return
        if self.room is not None and message["type"] == "problems":
            self.room.problems = message
        self.say(message)

    async def draft_deleted(self, event: dict[str, Any]) -> None:
        self.end(REFUSED["not_found"], "The pipeline was deleted.")

    async def live_revoked(self, event: dict[str, Any]) -> None:
        await self.check_again()


_background: set[asyncio.Task[None]] = set()


def _keep(task: asyncio.Task[None]) -> None:
    # The loop holds tasks weakly.
    _background.add(task)
    task.add_done_callback(_background.discard)
