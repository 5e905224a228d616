"""The binary frames of y-websocket: reading and writing them, and the awareness states in them."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from officina.errors import StudioError

SYNC, AWARENESS, QUERY_AWARENESS = 0, 1, 3
STEP1, STEP2, UPDATE = 0, 1, 2
MAX_STATES = 8
MAX_STATE = 8 * 2**10


class Frame(NamedTuple):
    """One message: its type, for sync messages which one, and what it carries."""

    type: int
    sync: int
    body: bytes


class Presence(NamedTuple):
    """Where one canvas is: a Yjs client with the clock of its state; no state means that it left."""

    client: int
    clock: int
    state: dict[str, Any] | None


class Reader:
    """Reads the numbers and strings that lib0 writes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def number(self) -> int:
        value = shift = 0
        while True:
            if self.at >= len(self.data) or shift > 63:
                raise _broken()
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def bytes(self) -> bytes:
        size = self.number()
        if size > len(self.data) - self.at:
            raise _broken()
        self.at += size
        return self.data[self.at - size : self.at]


def number(value: int) -> bytes:
    """Return a number as lib0 writes it."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _sized(data: bytes) -> bytes:
    return number(len(data)) + data


def read_frame(data: bytes) -> Frame:
    """Return a frame taken apart; raises StudioError for one that cannot be."""
    reader = Reader(data)
    kind = reader.number()
    if kind == QUERY_AWARENESS:
        return Frame(kind, 0, b"")
    if kind not in (SYNC, AWARENESS):
        raise StudioError(f"There is no message type {kind}.", where="frame")
    sync = reader.number() if kind == SYNC else 0
    if sync not in (STEP1, STEP2, UPDATE):
        raise StudioError(f"There is no sync message {sync}.", where="frame")
    body = reader.bytes()
    if kind == SYNC:
        _check_counts(body, is_state=sync == STEP1)
    return Frame(kind, sync, body)


def _check_counts(body: bytes, *, is_state: bool) -> None:
    """Refuse what announces more than it can hold, before memory is set aside for it."""
    if not body:
        return
    reader = Reader(body)
    clients, least = reader.number(), 2 if is_state else 3
    if clients * least > len(body) or (clients and not is_state and reader.number() > len(body)):
        raise StudioError("The message announces more than it holds.", where="frame")


def step1(state: bytes) -> bytes:
    return bytes((SYNC, STEP1)) + _sized(state)


def step2(update: bytes) -> bytes:
    return bytes((SYNC, STEP2)) + _sized(update)


def update(data: bytes) -> bytes:
    return bytes((SYNC, UPDATE)) + _sized(data)


def awareness(presences: list[Presence]) -> bytes:
    """Return the frame that tells where these canvases are."""
    body = number(len(presences))
    for each in presences:
        text = json.dumps(each.state, separators=(",", ":"))
        body += number(each.client) + number(each.clock) + _sized(text.encode())
    return bytes((AWARENESS,)) + _sized(body)


def read_awareness(body: bytes) -> list[Presence]:
    """Return the states in an awareness message of one canvas."""
    reader = Reader(body)
    count = reader.number()
    if count > MAX_STATES:
        raise StudioError(f"A message may carry {MAX_STATES} states.", where="awareness")
    found = []
    for _ in range(count):
        client, clock, raw = reader.number(), reader.number(), reader.bytes()
        if len(raw) > MAX_STATE:
            raise StudioError("An awareness state may have 8 KiB.", where="awareness")
        try:
            state = json.loads(raw)
        except (ValueError, RecursionError):
            raise _broken() from None
        found.append(Presence(client, clock, state if isinstance(state, dict) else None))
    return found


def _broken() -> StudioError:
    return StudioError("The message is not one of the y-websocket protocol.", where="frame")
