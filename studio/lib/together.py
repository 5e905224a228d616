"""Calls that come at the same time are done at once: who waits for the one before goes along with the next.

Nobody waits for company: the first begins alone and at once. What comes while it works is what the next one takes
along, so one transaction, with one wait for the disk, serves as many callers as there are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from django.db import InterfaceError, OperationalError

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Turn(Generic[Item, Result]):
    """One caller's item, what came of it, and the latch that the caller waits at.

    Who is given a group, itself at its head, does the work of all of them.
    """

    __slots__ = ("error", "group", "item", "latch", "result")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.group: list[_Turn[Item, Result]] = []
        self.result: Result | None = None
        self.error: BaseException | None = None
        self.latch = threading.Lock()
        self.latch.acquire()


class Together(Generic[Item, Result]):
    """A function of many items, called with one by each of many threads.

    `work` takes the items in the order in which they came, and returns a result for each: an exception is that of
    its own item alone. When it raises instead, nothing of it may have happened; then each item is tried by itself,
    so that nobody gets another's error. An answer of the database that it cannot work now is everybody's. Up to
    `at_once` groups are worked on side by side.
    """

    def __init__(
        self, work: Callable[[Sequence[Item]], Sequence[Result | Exception]], *, at_once: int = 1
    ) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._waiting: list[_Turn[Item, Result]] = []
        self._free = at_once

    def __call__(self, item: Item) -> Result:
        """Return what came of the item, or raise its error."""
        own: _Turn[Item, Result] = _Turn(item)
        with self._lock:
            if self._free:
                # Then nobody waits.
                self._free -= 1
                own.group = [own]
            else:
                self._waiting.append(own)
        if not own.group:
            own.latch.acquire()
        if own.group:
            self._lead(own)
        if own.error is not None:
            raise own.error
        return own.result  # type: ignore[return-value]

    def _lead(self, own: _Turn[Item, Result]) -> None:
        """Do all that this turn was given, and give the first of those that came meanwhile all of them."""
        try:
            self._do(own.group)
        except BaseException as error:
            for turn in own.group:
                turn.error = error
            raise
        finally:
            with self._lock:
                waiting, self._waiting = self._waiting, []
                self._free += not waiting
            if waiting:
                waiting[0].group = waiting
                waiting[0].latch.release()
            for turn in own.group[1:]:
                turn.latch.release()

    def _do(self, turns: list[_Turn[Item, Result]]) -> None:
        try:
            found = self._work([turn.item for turn in turns])
        except (OperationalError, InterfaceError) as error:
            for turn in turns:
                turn.error = error
        except Exception as error:
            if len(turns) == 1:
                turns[0].error = error
                return
            for turn in turns:
                self._do([turn])
        else:
            for turn, result in zip(turns, found, strict=True):
                if isinstance(result, Exception):
                    turn.error = result
                else:
                    turn.result = result
