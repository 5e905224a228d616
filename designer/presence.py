"""Who is on the canvas: the awareness states of the sockets here, and of those in other processes."""

from __future__ import annotations

import time
from typing import Any

from designer.wire import MAX_STATES, Presence
from officina.errors import StudioError

# Clients say every 15 s that they are there, and forget the others after 30 s.
FORGOTTEN_AFTER = 30.0


class Presences:
    """The states of one draft's canvases; only newer ones replace what is known."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Presence, float]] = {}
        self._owners: dict[int, object] = {}

    def take(self, owner: object, given: list[Presence], user: dict[str, Any]) -> list[Presence]:
        """Accept what a socket says of its own canvas, under the name that it signed in with."""
        taken = []
        for each in given:
            held_by = self._owners.get(each.client)
            if held_by is not None and held_by is not owner:
                continue  # a provider also echoes what it has heard of others
            if each.state is not None and self._owners.setdefault(each.client, owner) is owner:
                self._check_count(owner)
                each = each._replace(state={**each.state, "user": user})
            elif held_by is None:
                continue
            if self._keep(each):
                taken.append(each)
        return taken

    def hear(self, given: list[Presence]) -> None:
        """Accept what another process says of its sockets."""
        for each in given:
            self._keep(each)

    def leave(self, owner: object) -> list[Presence]:
        """Forget a socket's canvases and return the states that tell the others."""
        gone = [client for client, held_by in self._owners.items() if held_by is owner]
        told = []
        for client in gone:
            del self._owners[client]
            known = self._known.pop(client, None)
            if known is not None and known[0].state is not None:
                told.append(Presence(client, known[0].clock + 1, None))
        return told

    def of(self, owner: object) -> list[Presence]:
        """Return what is known of a socket's own canvas."""
        return [
            self._known[client][0]
            for client, held_by in self._owners.items()
            if held_by is owner and client in self._known
        ]

    def present(self) -> list[Presence]:
        """Return who is there now."""
        limit = time.monotonic() - FORGOTTEN_AFTER
        self._known = {
            client: (each, at)
            for client, (each, at) in self._known.items()
            if at > limit or client in self._owners
        }
        return [each for each, _ in self._known.values() if each.state is not None]

    def _keep(self, each: Presence) -> bool:
        known = self._known.get(each.client)
        newer = known is None or each.clock > known[0].clock
        leaves = known is not None and each.clock == known[0].clock and each.state is None
        if newer or leaves:
            self._known[each.client] = (each, time.monotonic())
            return True
        return False

    def _check_count(self, owner: object) -> None:
        if sum(held_by is owner for held_by in self._owners.values()) > MAX_STATES:
            raise StudioError("One socket is one canvas.", where="awareness")
