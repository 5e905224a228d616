"""The fair queue decides over plain values."""

from __future__ import annotations

from studio.compute.queue import Held, Limits, Waiting, decide


def waiting(id: int, user: int, *, priority: int = 0, age: float = 0.0, slots: int = 1) -> Waiting:
    return Waiting(id, workspace=1, user=user, priority=priority, age=age, slots=slots)


def test_a_person_with_many_runs_does_not_hold_up_another() -> None:
    busy = [waiting(i, user=1, age=100 - i) for i in range(50)]
    verdict = decide([*busy, waiting(99, user=2, age=1)], [], Limits(slots=2))
    assert verdict.start == [0, 99]


def test_who_holds_fewer_slots_goes_first() -> None:
    verdict = decide(
        [waiting(1, user=1, age=9), waiting(2, user=2, age=1)],
        [Held(workspace=1, user=1)],
        Limits(slots=2),
    )
    assert verdict.start == [2]
    assert verdict.reasons[1] == "waiting for a free slot: 2 of 2 in use on local"


def test_priority_goes_before_age_within_one_person() -> None:
    runs = [waiting(1, user=1, age=9), waiting(2, user=1, age=1, priority=5)]
    assert decide(runs, [], Limits(slots=1)).start == [2]


def test_shares_stay_even_over_many_rounds() -> None:
    runs = [waiting(u * 1000 + i, user=u, age=i) for u in range(4) for i in range(25)]
    started = decide(runs, [], Limits(slots=40)).start
    assert sorted(sum(1 for i in started if i // 1000 == u) for u in range(4)) == [10] * 4


def test_a_big_run_is_not_starved_by_small_ones() -> None:
    runs = [waiting(1, user=1, age=9, slots=3), waiting(2, user=2, age=1)]
    verdict = decide(runs, [Held(workspace=1, user=3)], Limits(slots=3))
    assert verdict.start == []
    assert verdict.reasons[2] == "waiting for its turn on local"


def test_a_quota_holds_its_own_people_only_and_says_so() -> None:
    limits = Limits(slots=4, workspaces={1: 1})
    other = Waiting(2, workspace=2, user=2, priority=0, age=0)
    held = [Held(workspace=1, user=1, person="olga"), Held(workspace=2, user=2, person="otto")]
    verdict = decide([waiting(1, user=1), other], held, limits)
    assert verdict.start == [2]
    told = "waiting for quota: 1 of 1 slots of the workspace in use"
    assert verdict.reasons[1] == f"{told} by olga"
    crowd = [Held(workspace=1, user=n, slots=0, person=name) for n, name in enumerate("edcba")]
    verdict = decide([waiting(1, user=1)], [*held, *crowd], limits)
    assert verdict.reasons[1] == f"{told} by a, b, c and 3 more"


def test_one_persons_quota_is_told_apart() -> None:
    limits = Limits(slots=4, users={(1, 1): 1})
    verdict = decide([waiting(1, user=1)], [Held(workspace=1, user=1)], limits)
    assert verdict.reasons[1] == "waiting for quota: 1 of 1 slots of yours in use"


def test_a_pool_without_nodes_says_so() -> None:
    verdict = decide([waiting(1, user=1)], [], Limits(slots=0, pool="gpu-pool"))
    assert verdict.reasons[1] == "no node is attached to gpu-pool"


def test_a_run_larger_than_the_pool_says_so_and_holds_up_nobody() -> None:
    verdict = decide([waiting(1, user=1, slots=9), waiting(2, user=2)], [], Limits(slots=2))
    assert verdict.start == [2]
    assert verdict.reasons[1] == "it asks for 9 slots, local has 2"
