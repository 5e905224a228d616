"""The fair order of waiting runs, as a pure function over plain values.

Workspaces share slots by their shares, people evenly within a workspace; then each person's own runs
go by priority and age. A run that cannot start says why in words. `reasons` keeps the queue's order.
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
    target: int = 0


@dataclass(frozen=True)
class Held:
    """Slots that a running run holds."""

    workspace: int
    user: int
    slots: int = 1
    person: str = ""
    target: int = 0


@dataclass
class Verdict:
    """Which runs may start now, and why each other one waits."""

    start: list[int] = field(default_factory=list)
    reasons: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """What a compute adds to its pool's limits: most nodes, GPUs of a node, why it runs nothing now."""

    name: str
    most: int | None = None
    gpus: int = 0
    refusal: str = ""


@dataclass(frozen=True)
class Limits:
    """Slots in all, quotas by workspace and (workspace, user), shares, and the computes of the pool."""

    slots: int
    pool: str = "local"
    workspaces: Mapping[int, int] = field(default_factory=dict)
    users: Mapping[tuple[int, int], int] = field(default_factory=dict)
    shares: Mapping[int, int] = field(default_factory=dict)
    targets: Mapping[int, Target] = field(default_factory=dict)
    gpus: int = 0

    @property
    def place(self) -> str:
        """Return the pool in words."""
        return "this server" if self.pool == "local" else self.pool


@dataclass
class Use:
    """Slots in use, counted in every way that a limit asks for."""

    slots: int = 0
    gpus: int = 0
    workspaces: Counter[int] = field(default_factory=Counter)
    members: Counter[tuple[int, int]] = field(default_factory=Counter)
    targets: Counter[int] = field(default_factory=Counter)
    people: dict[int, set[str]] = field(default_factory=dict)

    def add(self, run: Waiting | Held, limits: Limits) -> None:
        """Count one run that holds slots."""
        self.slots += run.slots
        self.workspaces[run.workspace] += run.slots
        self.members[run.workspace, run.user] += run.slots
        self.targets[run.target] += 1
        if isinstance(run, Held) and run.person:
            self.people.setdefault(run.workspace, set()).add(run.person)
        target = limits.targets.get(run.target)
        self.gpus += target.gpus if target else 0


def decide(waiting: Iterable[Waiting], held: Iterable[Held], limits: Limits) -> Verdict:
    """Choose the runs that start now: the workspace, then the person, with the fewest slots first."""
    use = Use()
    for each in held:
        use.add(each, limits)
    lines: dict[tuple[int, int], list[Waiting]] = {}
    for run in sorted(waiting, key=_rank):
        lines.setdefault((run.workspace, run.user), []).append(run)

    def turn(run: Waiting) -> tuple[float, int]:
        share = max(1, limits.shares.get(run.workspace, 1))
        return use.workspaces[run.workspace] / share, use.members[run.workspace, run.user]

    verdict = Verdict()
    heads = [(turn(line[0]), _rank(line[0]), key, 0) for key, line in lines.items()]
    heapq.heapify(heads)
    full = False
    while heads:
        known, rank, key, index = heapq.heappop(heads)
        run = lines[key][index]
        if (now := turn(run)) != known:
            # A colleague's run started meanwhile: this line's turn comes later than it seemed.
            heapq.heappush(heads, (now, rank, key, index))
            continue
        reason = _why_not(run, use, limits)
        if not reason and full:
            reason = f"waiting for its turn on {limits.pool}"
        # Nobody passes a run that only lacks free slots, or small runs would starve a big one.
        full = full or reason.startswith(WAITS_FOR_SLOT)
        if reason:
            verdict.reasons[run.id] = reason
        else:
            verdict.start.append(run.id)
            use.add(run, limits)
        if index + 1 < len(lines[key]):
            following = lines[key][index + 1]
            heapq.heappush(heads, (turn(following), _rank(following), key, index + 1))
    return verdict


def _rank(run: Waiting) -> tuple[int, float, int]:
    return -run.priority, -run.age, run.id


def _why_not(run: Waiting, use: Use, limits: Limits) -> str:
    target = limits.targets.get(run.target)
    if target is not None and (reason := _why_not_there(run, target, use, limits)):
        return reason
    if limits.slots == 0:
        return f"no node is attached to {limits.pool}"
    if run.slots > limits.slots:
        return f"it asks for {run.slots} slots, {limits.pool} has {limits.slots}"
    quota = limits.workspaces.get(run.workspace)
    if quota is not None and use.workspaces[run.workspace] + run.slots > quota:
        taken = use.workspaces[run.workspace]
        by = _listed(use.people.get(run.workspace, ()))
        return f"waiting for quota: {taken} of {quota} slots of the workspace in use{by}"
    mine = limits.users.get((run.workspace, run.user))
    if mine is not None and use.members[run.workspace, run.user] + run.slots > mine:
        taken = use.members[run.workspace, run.user]
        return f"waiting for quota: {taken} of {mine} slots of yours in use"
    if use.slots + run.slots > limits.slots:
        return f"{WAITS_FOR_SLOT}: {use.slots} of {limits.slots} in use on {limits.pool}"
    return ""


def _listed(people: Iterable[str]) -> str:
    """Name a few in words that stay the same while the same people hold slots."""
    names = sorted(people)
    shown, more = names[:3], len(names) - 3
    return f" by {', '.join(shown)}{f' and {more} more' if more > 0 else ''}" if shown else ""


def _why_not_there(run: Waiting, target: Target, use: Use, limits: Limits) -> str:
    if target.refusal:
        return target.refusal
    if target.gpus > limits.gpus:
        have = f"{limits.gpus} GPU{'s'[: limits.gpus > 1]}" if limits.gpus else "no GPU"
        return f"{have} on {limits.place}: a node of {target.name} needs {target.gpus}"
    if target.most is not None and use.targets[run.target] >= target.most:
        return f"waiting for a node of {target.name}: {target.most} of {target.most} in use"
    if target.gpus and use.gpus + target.gpus > limits.gpus:
        return f"waiting for a free GPU: {use.gpus} of {limits.gpus} in use on {limits.place}"
    return ""
