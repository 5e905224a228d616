"""One room a draft in each web process: edits of its canvases are checked, stored, and only then passed on.

The room keeps two documents. `stored` is what the database holds, and what newcomers are given. `trial` is ahead of it:
an edit is tried there first, because a CRDT cannot take an edit back; one that is refused costs a new trial document.
Rooms of other processes write to the same log: a hint over the channel layer, a gap in the numbers, or the next
look at the database makes this room read what it lacks.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import DatabaseError
from pycrdt import get_update, merge_updates

from designer import history, journal, shapes, wire
from designer.journal import Edit
from designer.presence import Presences
from designer.services import checking
from designer.ydoc import YDoc, careful, graph_of_state, new_doc
from officina.errors import StudioError

log = logging.getLogger(__name__)

PROCESS = uuid.uuid4().hex
# Edits of this time are stored together; the others see them so much later.
GATHER = 0.03
# The graph is kept so long after the last edit, and while edits go on at least so often.
QUIET = 0.3
SETTLE_WITHIN = 1.0
LOOK_EVERY = 10.0
RETRY_AFTER = 5.0
STORE_TRIES = (0.2, 0.5, 1.0, 2.0)
MOST_WAITING = 500


class Member(Protocol):
    """What a room needs of a socket."""

    user_id: int

    def send_frame(self, data: bytes) -> None: ...

    def say(self, message: dict[str, Any]) -> None: ...

    def end(self, code: int, message: str) -> None: ...


class Room:
    """The editors of one draft that are connected to this process."""

    def __init__(self, guid: str, pipeline_id: int) -> None:
        self.guid, self.pipeline_id = guid, pipeline_id
        self.presences = Presences()
        self.members: set[Member] = set()
        self.seq = self.state_seq = self.size = 0
        self.problems: dict[str, Any] | None = None
        self._stored: YDoc = new_doc()
        self._trial: YDoc = new_doc()
        self._watch = history.Watch(self._trial)
        # Tried and not yet stored, oldest first, each with the socket that it came from.
        self._waiting: deque[tuple[Edit, Member]] = deque()
        self._storing: list[tuple[Edit, Member]] = []
        self._lock = asyncio.Lock()
        self._wake, self._changed, self._room_to_wait = (asyncio.Event() for _ in range(3))
        self._room_to_wait.set()
        self.saved: dict[str, Any] | None = None
        self._told = -1
        self._last_author: int | None = None
        self._started = self.closed = self._unchecked = False
        self._tasks: list[asyncio.Task[None]] = []

    async def join(self, member: Member) -> bool:
        """Let a socket in, to be sent every edit that gets stored; False when the room was closed."""
        async with self._lock:
            if self.closed:
                return False
            if not self._started:
                stored = await _db(journal.read)(self.pipeline_id)
                self._take(stored)
                self._new_trial()
                self._started = True
                loop = asyncio.get_running_loop()
                self._tasks = [
                    loop.create_task(run())
                    for run in (self._store_forever, self._settle_forever, self._look_forever)
                ]
                self._changed.set()
            self.members.add(member)
            return True

    def leave(self, member: Member) -> list[wire.Presence]:
        """Let a socket go and return what to tell the others of its canvas."""
        self.members.discard(member)
        return self.presences.leave(member)

    async def close(self) -> None:
        """End the room once all it was given is stored and the graph kept."""
        try:
            await self._settle()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._watch.close()

    @property
    def is_idle(self) -> bool:
        return not (self.members or self._waiting or self._storing or self._lock.locked())

    # -- what sockets ask -----------------------------------------------------------------------

    def welcome(self) -> bytes:
        """Return the frame that asks a canvas for what the database lacks."""
        return wire.step1(self._stored.get_state())

    def missing(self, state: bytes) -> bytes:
        """Return the frame with what a canvas lacks of what is stored."""
        return wire.step2(careful(self._stored.get_update, state or b"\x00"))

    def is_news(self, update: bytes) -> bool:
        """Say whether an update holds anything that is not stored yet."""
        return careful(get_update, update, self._stored.get_state())[:1] != b"\x00"

    async def accept(self, member: Member, update: bytes) -> None:
        """Try a socket's update and queue it to be stored; one that cannot stand is refused."""
        await self._room_to_wait.wait()
        before = self._trial.get_state()
        touched = self._try(update)
        after = self._trial.get_state()
        if careful(get_update, update, after)[:1] != b"\x00":
            # It builds on edits that never came: their sender is asked for all that is lacking.
            member.send_frame(self.welcome())
        # Even an edit that shows nowhere must be kept when it is new: later ones build on it.
        if not touched and before == after:
            return
        edit = Edit(update, member.user_id, history.summary(touched))
        self._waiting.append((edit, member))
        if len(self._waiting) >= MOST_WAITING:
            self._room_to_wait.clear()
        self._wake.set()

    def _try(self, update: bytes) -> list[history.Touch]:
        try:
            shapes.check_size(self.size + len(update))
            careful(self._trial.apply_update, update)
            touched = self._watch.take()
            careful(shapes.check_touched, self._trial, touched)
        except StudioError:
            self._new_trial()
            raise
        self.size += len(update)
        return touched

    def _new_trial(self) -> None:
        self._watch.close()
        ahead = [edit.update for edit, _ in (*self._storing, *self._waiting)]
        self._trial = new_doc(self._stored.get_update(), *ahead)
        self._watch = history.Watch(self._trial)

    # -- storing --------------------------------------------------------------------------------

    async def _store_forever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                # A module that is dragged, by several people at once, must not be a write each time it moves.
                await asyncio.sleep(GATHER)
                async with self._lock:
                    await self._store_waiting()

    async def _store_waiting(self) -> None:
        self._storing = list(self._waiting)
        self._waiting.clear()
        self._room_to_wait.set()
        edits = _joined([edit for edit, _ in self._storing])
        try:
            seq = await self._append(edits)
            if seq - len(edits) != self.seq:
                await self._catch_up()
            for edit in edits:
                self._stored.apply_update(edit.update)
        except Exception as error:
            # Whatever it is, no edit may be passed on that is not stored, and the room must go on.
            self._give_up(error)
            return
        self.seq = max(self.seq, seq)
        done, self._storing = self._storing, []
        self._last_author = done[-1][0].author_id
        for edit, sender in done:
            self._pass_on(edit.update, without=sender)
        self._changed.set()
        await self.tell({"type": "draft.changed", "seq": self.seq, "origin": PROCESS})

    async def _append(self, edits: list[Edit]) -> int:
        for pause in STORE_TRIES:
            try:
                return await _db(journal.append)(self.pipeline_id, edits)
            except DatabaseError as error:
                log.warning("could not store edits of draft %s: %s", self.guid, error)
                await asyncio.sleep(pause)
        return await _db(journal.append)(self.pipeline_id, edits)

    def _give_up(self, error: Exception) -> None:
        """End every socket: the canvases keep what was not stored, and bring it when they return."""
        log.error("edits of draft %s were not stored", self.guid, exc_info=error)
        text = error.message if isinstance(error, StudioError) else "could not be stored, try again"
        self._storing = []
        self._waiting.clear()
        self._new_trial()
        for member in list(self.members):
            member.end(4409 if isinstance(error, StudioError) else 1011, text)

    # -- news from elsewhere --------------------------------------------------------------------

    async def heard_of(self, seq: int, *, checked: bool = False) -> None:
        """Read what was stored elsewhere; another room has it checked, a request leaves it to us."""
        if seq > self.seq and self._started:
            async with self._lock:
                if seq > self.seq:
                    await self._catch_up()
                    self._unchecked = self._unchecked or not checked
                    self._changed.set()

    async def _catch_up(self) -> None:
        stored = await _db(journal.read)(self.pipeline_id, after=self.seq)
        for update in self._take(stored):
            self._trial.apply_update(update)
            self._pass_on(update)
        self._watch.take()

    def _take(self, stored: journal.Stored) -> list[bytes]:
        for update in stored.updates:
            self._stored.apply_update(update)
        self.seq, self.state_seq = max(self.seq, stored.seq), stored.state_seq
        self.size += sum(map(len, stored.updates))
        return stored.updates

    async def _look_forever(self) -> None:
        """Look at the database itself now and then: hints can be lost."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.heard_of(await _db(journal.seq_of)(self.pipeline_id))
            except Exception:
                log.exception("could not look for edits of draft %s", self.guid)

    def _pass_on(self, update: bytes, without: Member | None = None) -> None:
        frame = wire.update(update)
        for member in list(self.members):
            if member is not without:
                member.send_frame(frame)

    async def announce(self, message: dict[str, Any]) -> None:
        """Send a JSON frame to the draft's sockets: here at once, elsewhere over the layer."""
        for member in list(self.members):
            member.say(message)
        await self.tell({"type": "draft.frame", "message": message, "origin": PROCESS})

    async def tell(self, event: dict[str, Any]) -> None:
        """Send an event to the draft's sockets in every process."""
        layer = get_channel_layer()
        try:
            await layer.group_send(journal.group_of(self.guid), event)
        except Exception as error:
            log.warning("could not tell the other canvases of %s: %s", self.guid, error)

    # -- the graph ------------------------------------------------------------------------------

    async def _settle_forever(self) -> None:
        while True:
            await self._changed.wait()
            waited = 0.0
            while self._changed.is_set() and waited < SETTLE_WITHIN:
                self._changed.clear()
                await asyncio.sleep(QUIET)
                waited += QUIET
            self._changed.clear()
            try:
                await self._settle()
            except Exception:
                log.exception("could not keep or check the graph of draft %s", self.guid)
                await asyncio.sleep(RETRY_AFTER)
                self._changed.set()

    async def _settle(self) -> None:
        """Keep the graph as of now, tell that it is saved, and what is wrong with it."""
        whole, seq, state = self._stored.get_update(), self.seq, self._stored.get_state()
        author = self._last_author
        # The sockets of all drafts share this loop, and a graph of 10,000 nodes takes most of a second.
        graph = await _free(graph_of_state)(whole)
        kept = seq > 0 and await _db(journal.materialise)(
            self.pipeline_id, graph=graph, seq=seq, author_id=author
        )
        if seq != self._told:
            # Whoever wrote the graph down, this is stored; also said where a reader or another room was first.
            at, by = await _db(journal.last_change)(self.pipeline_id)
            self._told, self.saved = seq, journal.saved(seq, by, state, at)
            await self.announce(self.saved)
        if seq - self.state_seq >= journal.FOLD_AFTER:
            await self._fold()
        if self.members and (kept or self._unchecked or self.problems is None):
            self._unchecked = False
            self.problems = await _free(checking.frame)(self.pipeline_id, graph)
            await self.announce(self.problems)

    async def _fold(self) -> None:
        state, seq = self._stored.get_update(), self.seq
        await _db(journal.fold)(self.pipeline_id, state=state, seq=seq)
        self.state_seq, self.size = seq, len(state)


def _joined(edits: list[Edit]) -> list[Edit]:
    """Return edits with neighbours of one author made into one: a row each would be many."""
    joined: list[list[Edit]] = []
    for edit in edits:
        if joined and joined[-1][0].author_id == edit.author_id:
            joined[-1].append(edit)
        else:
            joined.append([edit])
    return [
        same[0]
        if len(same) == 1
        else Edit(
            merge_updates(*(e.update for e in same)),
            same[0].author_id,
            history.joined(*(e.summary for e in same)),
        )
        for same in joined
    ]


def _db(function: Any) -> Any:
    return database_sync_to_async(function)


def _free(function: Any) -> Any:
    """Run what takes long beside the one thread that the sockets share."""
    return database_sync_to_async(function, thread_sensitive=False)


_rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Room]] = WeakKeyDictionary()


async def enter(guid: str, pipeline_id: int, member: Member) -> Room:
    """Return the draft's room of this process with the socket in it."""
    rooms = _rooms.setdefault(asyncio.get_running_loop(), {})
    while True:
        room = rooms.get(guid)
        if room is None:
            room = rooms[guid] = Room(guid, pipeline_id)
        if await room.join(member):
            return room


async def close_if_empty(room: Room) -> None:
    """Give up a room that nobody is in; what it was given is stored first."""
    rooms = _rooms.setdefault(asyncio.get_running_loop(), {})
    while not room.is_idle:
        if room.members:
            return
        await asyncio.sleep(0.05)
    if rooms.get(room.guid) is room:
        del rooms[room.guid]
        room.closed = True
        try:
            await room.close()
        except Exception:
            # All edits are stored; whoever reads the draft next makes the graph of them.
            log.exception("could not close the room of draft %s", room.guid)
