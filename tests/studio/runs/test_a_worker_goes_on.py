"""A worker goes on with the next run by itself, unless its time is over or it was told to stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from studio.compute.models import Node
from studio.lib import stopping
from studio.runs import services
from studio.runs.models import Run
from studio.runs.services import leases, monitoring

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two_runs(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]],
    messages: list[tuple[int, int]],
) -> list[Run]:  # fmt: skip
    """Two runs on a node with one slot: a message was sent for the first alone."""
    Node.objects.update(slots=1)
    runs = [submit(command("echo one")), submit(command("echo two"))]
    assert [pk for pk, _ in messages] == [runs[0].pk]
    return runs


def statuses(runs: list[Run]) -> list[str]:
    return [Run.objects.get(pk=run.pk).status for run in runs]


def test_the_next_run_needs_no_message(
    two_runs: list[Run], messages: list[tuple[int, int]]
) -> None:
    pk, fence = messages.pop()
    services.execute(run_id=pk, fence=fence)
    assert statuses(two_runs) == ["Completed", "Completed"]
    assert messages == []


def test_when_its_time_is_over_the_broker_has_its_turn(
    two_runs: list[Run], messages: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitoring, "GO_ON_FOR", 0.0)
    pk, fence = messages.pop()
    services.execute(run_id=pk, fence=fence)
    assert statuses(two_runs) == ["Completed", "Preparing"]
    assert [pk for pk, _ in messages] == [two_runs[1].pk]


def test_a_worker_that_was_told_to_stop_begins_nothing_new(
    two_runs: list[Run], messages: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "_flag", bytearray(1))
    stopping.ask()
    pk, fence = messages.pop()
    services.execute(run_id=pk, fence=fence)
    assert statuses(two_runs) == ["Completed", "Preparing"]
    assert len(messages) == 1


def test_a_clock_that_is_set_makes_no_living_worker_dead(
    two_runs: list[Run], messages: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pk, fence = messages.pop()
    assert leases.take(run_id=pk, fence=fence)
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: 0.0)
    assert leases.dead_owners() == []
    other = f"{leases.owner_name()}0"
    Run.objects.filter(pk=pk).update(lease_owner=other)
    assert leases.dead_owners() == [other]
