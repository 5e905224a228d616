"""One workspace floods the queue; the other's run waits one job at most, and all say why they wait."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from studio.compute import services as computes
from studio.compute.models import Node
from studio.portal.waits import expected_starts
from studio.runs import live, tasks
from studio.runs.models import Experiment, Run, Status
from studio.runs.services import dispatch, queue_view
from studio.workspaces.models import Membership, User, Workspace

pytestmark = pytest.mark.django_db(transaction=True)
FLOOD = 500


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.execute, "delay", lambda run, fence: None)
    monkeypatch.setattr(live, "send", lambda group, message: None)
    Node.objects.create(name="one", slots=2, seen=timezone.now(), facts={})


def team(name: str, people: int = 1) -> tuple[Workspace, list[User]]:
    workspace = Workspace.objects.create(name=name)
    users = [
        User.objects.create_user(f"{name}{i}@example.org", "correct horse") for i in range(people)
    ]
    for user in users:
        Membership.objects.create(workspace=workspace, user=user, role="Contributor")
    return workspace, users


def queue(workspace: Workspace, user: User, count: int, *, compute: str = "local") -> list[Run]:
    target = computes.resolve(workspace=workspace, name=compute)
    experiment, _ = Experiment.objects.get_or_create(workspace=workspace, name="flood")
    first = Run.objects.filter(workspace=workspace).count()
    return Run.objects.bulk_create(
        Run(
            workspace=workspace, experiment=experiment, name=f"r{first + i}", kind=Run.COMMAND,
            owner=user, compute=target, status=Status.QUEUED, queued=timezone.now(), document={},
        )
        for i in range(count)
    )  # fmt: skip


def end_one(run: Run) -> None:
    """Do what the end of a job does to the queue."""
    Run.objects.filter(pk=run.pk).update(status=Status.COMPLETED, ended=timezone.now())
    dispatch()


@pytest.mark.parametrize("people", [1, 10])
def test_the_other_teams_run_starts_when_the_next_job_ends(people: int) -> None:
    flooding, crowd = team("flooding", people)
    for user in crowd:
        queue(flooding, user, FLOOD // people)
    assert dispatch() == 2
    calm, [only] = team("calm")
    [mine] = queue(calm, only, 1)
    assert dispatch() == 0
    end_one(Run.objects.held().order_by("pk")[0])
    mine.refresh_from_db()
    assert mine.status == Status.PREPARING


def test_every_waiting_run_says_why() -> None:
    flooding, [user] = team("flooding")
    queue(flooding, user, FLOOD)
    dispatch()
    waiting = Run.objects.filter(status=Status.QUEUED)
    assert waiting.count() == FLOOD - 2
    assert not waiting.filter(reason="").exists()
    reasons = set(waiting.values_list("reason", flat=True))
    assert any("2 of 2 in use" in reason for reason in reasons)


def test_a_full_cluster_does_not_hold_up_another_compute_of_the_same_person() -> None:
    lab, [user] = team("lab")
    computes.create(workspace=lab, name="small", kind="cluster", config={"max_nodes": 1}, user=user)
    queue(lab, user, FLOOD, compute="small")
    [other] = queue(lab, user, 1)
    assert dispatch() == 2
    other.refresh_from_db()
    assert other.status == Status.PREPARING
    reasons = set(Run.objects.filter(status=Status.QUEUED).values_list("reason", flat=True))
    assert "waiting for a node of small: 1 of 1 in use" in reasons


def test_a_gpu_job_waits_and_says_that_there_is_none() -> None:
    lab, [user] = team("lab")
    size = {"size": "Standard_NC6s_v3"}
    computes.create(workspace=lab, name="gpus", kind="cluster", config=size, user=user)
    queue(lab, user, 1, compute="gpus")
    assert dispatch() == 0
    assert Run.objects.get().reason == "no GPU on this server: a node of gpus needs 1"
    Node.objects.update(facts={"gpus": 1})
    assert dispatch() == 1


def test_a_stopped_instance_keeps_its_runs_waiting_until_it_starts() -> None:
    lab, [user] = team("lab")
    box = computes.create(workspace=lab, name="box", kind="instance", user=user)
    computes.stop(target=box, user=user)
    queue(lab, user, 1, compute="box")
    assert dispatch() == 0
    assert Run.objects.get().reason == "box is stopped: start it"
    computes.start(target=box, user=user)
    assert dispatch() == 1


def test_a_larger_share_gets_more_slots() -> None:
    Node.objects.update(slots=6)
    heavy, [one] = team("heavy")
    light, [two] = team("light")
    boss = User.objects.create_superuser("boss@example.org", "correct horse battery")
    computes.set_quota(workspace=heavy, share=2, user=boss)
    queue(heavy, one, 20)
    queue(light, two, 20)
    dispatch()
    held = Run.objects.held().order_by().values_list("workspace__name", flat=True)
    assert sorted(held) == ["heavy"] * 4 + ["light"] * 2


def test_starts_are_foreseen_from_how_long_such_runs_took() -> None:
    lab, [user] = team("lab")
    done = queue(lab, user, 1)[0]
    now = timezone.now()
    Run.objects.filter(pk=done.pk).update(
        status=Status.COMPLETED, started=now - timedelta(seconds=60), ended=now
    )
    queue(lab, user, 4)
    dispatch()
    Run.objects.held().update(started=now)
    running = list(Run.objects.held())
    waiting = [run for run, _ in queue_view()]
    starts = expected_starts(running, waiting, 2, now=now)
    assert [round((starts[run.pk] - now).total_seconds()) for run in waiting] == [60, 60]


def test_names_of_pools_reach_the_broker_as_queues() -> None:
    assert computes.queue_of("local") == "jobs"
    assert computes.queue_of("lab.bench") == "jobs.lab.bench"


def test_a_cluster_grows_with_its_runs_and_shrinks_when_idle() -> None:
    lab, [user] = team("lab")
    config: dict[str, Any] = {"max_nodes": 2, "idle_seconds": 60}
    small = computes.create(workspace=lab, name="small", kind="cluster", config=config, user=user)
    start = timezone.now()
    computes.settle({small.pk: 2}, now=start)
    small.refresh_from_db()
    assert small.nodes == 2
    computes.settle({}, now=start)
    computes.settle({}, now=start + timedelta(seconds=59))
    small.refresh_from_db()
    assert small.nodes == 2
    computes.settle({}, now=start + timedelta(seconds=61))
    small.refresh_from_db()
    assert small.nodes == 0


def test_an_idle_instance_stops_by_itself() -> None:
    lab, [user] = team("lab")
    box = computes.create(
        workspace=lab, name="box", kind="instance", config={"idle_seconds": 60}, user=user
    )
    start = timezone.now()
    computes.settle({box.pk: 1}, now=start)
    computes.settle({}, now=start)
    computes.settle({}, now=start + timedelta(seconds=61))
    # A form that was opened before is saved now: it must not switch the instance on again.
    computes.update(target=box, description="mine", user=user)
    box.refresh_from_db()
    assert (box.stopped, box.description) == (True, "mine")
