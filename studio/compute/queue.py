"""The fair order of waiting runs, as a pure function over plain values.

People share slots evenly, then each person's own runs go by priority and age. A run that cannot
start says why in words. `reasons` keeps the order of the queue.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

WAITS_FOR_SLOT = "waiting for a free slot"


@dataclass(frozen=True)
class Waiting:
    """One queued run, as the queue needs to see it."""

    id: int
    workspace: int
    user: int
    priority: int
    age: float
    slots: int = 1


@dataclass(frozen=True)
class Held:
    """Slots that a running run holds."""

    workspace: int
    user: int
    slots: int = 1
    label: str = ""


@dataclass
class Verdict:
    """Which runs may start now, and why each other one waits."""

    start: list[int] = field(default_factory=list)
    reasons: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    """Slots in all, and quotas by workspace and by (workspace, user)."""

    slots: int
    pool: str = "local"
    workspaces: Mapping[int, int] = field(default_factory=dict)
    users: Mapping[tuple[int, int], int] = field(default_factory=dict)


def decide(waiting: Iterable[Waiting], held: Iterable[Held], limits: Limits) -> Verdict:
    """Choose the runs that start now: the person with the fewest slots goes first."""
    held = list(held)
    used = sum(h.slots for h in held)
    by_user: Counter[int] = Counter()
    by_workspace: Counter[int] = Counter()
    by_member: Counter[tuple[int, int]] = Counter()
    for h in held:
        by_user[h.user] += h.slots
        by_workspace[h.workspace] += h.slots
        by_member[h.workspace, h.user] += h.slots
    verdict = Verdict()
    lines: dict[int, list[Waiting]] = {}
    for run in sorted(waiting, key=lambda w: (-w.priority, -w.age, w.id)):
        lines.setdefault(run.user, []).append(run)
    heads = [(by_user[user], *_rank(line[0]), user, 0) for user, line in lines.items()]
    heapq.heapify(heads)
    full = False
    while heads:
        _, _, _, _, user, index = heapq.heappop(heads)
        run = lines[user][index]
        reason = _why_not(run, used, by_workspace, by_member, limits)
        if not reason and full:
            reason = f"waiting for its turn on {limits.pool}"
        # Nobody passes a run that only lacks free slots, or small runs would starve a big one.
        full = full or reason.startswith(WAITS_FOR_SLOT)
        if reason:
            verdict.reasons[run.id] = reason
        else:
            verdict.start.append(run.id)
            used += run.slots
            by_user[user] += run.slots
            by_workspace[run.workspace] += run.slots
            by_member[run.workspace, user] += run.slots
        if index + 1 < len(lines[user]):
            following = lines[user][index + 1]
            heapq.heappush(heads, (by_user[user], *_rank(following), user, index + 1))
    return verdict


def _rank(run: Waiting) -> tuple[int, float, int]:
    return -run.priority, -run.age, run.id


def _why_not(
    run: Waiting,
    used: int,
    by_workspace: Counter[int],
    by_member: Counter[tuple[int, int]],
    limits: Limits,
) -> str:
    if limits.slots == 0:
        return f"no node is attached to {limits.pool}"
    if run.slots > limits.slots:
        return f"it asks for {run.slots} slots, {limits.pool} has {limits.slots}"
    quota = limits.workspaces.get(run.workspace)
    if quota is not None and by_workspace[run.workspace] + run.slots > quota:
        taken = by_workspace[run.workspace]
        return f"waiting for quota: {taken} of {quota} slots of the workspace in use"
    mine = limits.users.get((run.workspace, run.user))
    if mine is not None and by_member[run.workspace, run.user] + run.slots > mine:
        taken = by_member[run.workspace, run.user]
        return f"waiting for quota: {taken} of {mine} slots of yours in use"
    if used + run.slots > limits.slots:
        return f"{WAITS_FOR_SLOT}: {used} of {limits.slots} in use on {limits.pool}"
    return ""
