"""Whoever comes while others are served goes along with the next, and hears of its own errors only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import OperationalError

from studio.lib.together import Together

MOST = 60  # seconds that a test waits before it gives up


class Gate:
    """A function of many items that holds its first group until it is let go."""

    def __init__(self, work: Callable[[Sequence[int]], Sequence[int | Exception]]) -> None:
        self.groups: list[list[int]] = []
        self.entered, self.open = threading.Event(), threading.Event()
        self._work = work
        self.together: Together[int, int] = Together(self._pass)

    def _pass(self, items: Sequence[int]) -> Sequence[int | Exception]:
        self.groups.append(list(items))
        if len(self.groups) == 1:
            self.entered.set()
            assert self.open.wait(MOST)
        return self._work(items)

    def call(self, first: int, *rest: int) -> dict[int, Future[int]]:
        """Call with the first item, then with all others while it is being worked on."""
        pool = ThreadPoolExecutor(1 + len(rest))
        calls = {first: pool.submit(self.together, first)}
        assert self.entered.wait(MOST)
        for number, item in enumerate(rest, 1):
            calls[item] = pool.submit(self.together, item)
            while len(self.together._waiting) < number:
                assert not calls[item].done()
        self.open.set()
        pool.shutdown()
        return calls


def test_who_comes_while_one_is_served_goes_along_with_the_next() -> None:
    gate = Gate(lambda items: [10 * item for item in items])
    calls = gate.call(1, 2, 3, 4)
    assert gate.groups == [[1], [2, 3, 4]]
    assert {item: call.result() for item, call in calls.items()} == {1: 10, 2: 20, 3: 30, 4: 40}
    assert gate.together(5) == 50


def test_an_error_is_that_of_its_own_item_alone() -> None:
    def work(items: Sequence[int]) -> list[int | Exception]:
        if 3 in items:
            raise ValueError("three")
        return [KeyError(item) if item == 4 else item for item in items]

    gate = Gate(work)
    calls = gate.call(1, 2, 3, 4)
    assert gate.groups == [[1], [2, 3, 4], [2], [3], [4]]
    assert calls[2].result() == 2
    with pytest.raises(ValueError, match="three"):
        calls[3].result()
    with pytest.raises(KeyError):
        calls[4].result()


def test_a_database_that_cannot_work_is_asked_once_for_all() -> None:
    def work(items: Sequence[int]) -> Sequence[int]:
        if len(items) > 1:
            raise OperationalError("locked")
        return items

    gate = Gate(work)
    calls = gate.call(1, 2, 3)
    assert gate.groups == [[1], [2, 3]]
    assert calls[1].result() == 1
    for item in (2, 3):
        with pytest.raises(OperationalError):
            calls[item].result()
