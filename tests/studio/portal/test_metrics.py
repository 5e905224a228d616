"""`/metrics` tells whoever may see runs how many there are and what waits, and nobody else anything."""

from __future__ import annotations

from typing import Any

from django.test import Client

from studio.compute.models import ComputeTarget, Node
from studio.compute.services import beat_node
from studio.runs.models import Experiment, Run
from studio.workspaces.models import Membership
from tests.cast import bearer, run_token_of, token_of


def scraped(secret: str) -> dict[str, float]:
    answer = bearer(secret).get("/metrics")
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_runs_queue_and_storage_are_told_by_workspace(cast: Any) -> None:
    ComputeTarget.objects.create(workspace=cast.lab, name="far", pool="far-1")
    for name, pool in (("mine", "far-1"), ("theirs", "far-2")):
        beat_node()
        Node.objects.create(name=name, pool=pool, slots=4, seen=Node.objects.get(pool="local").seen)
    for workspace in (cast.lab, cast.elsewhere):
        experiment = Experiment.objects.create(workspace=workspace, name="Default")
        for number, status in enumerate(["Queued", "Queued", "Running", "Completed"]):
            Run.objects.create(
                workspace=workspace, experiment=experiment, name=f"r{number}", kind="command",
                owner=cast.owner, status=status, slots=2,
            )  # fmt: skip
    told = scraped(token_of(cast.reader))
    assert told['officina_runs{workspace="lab",status="Queued"}'] == 2
    assert told['officina_runs{workspace="lab",status="Failed"}'] == 0
    assert told['officina_queue_depth{workspace="lab",compute=""}'] == 2
    assert told['officina_slots_busy{workspace="lab"}'] == 2
    assert told['officina_node_slots{node="mine",pool="far-1"}'] == 4
    assert told['officina_stored_bytes{workspace="lab"}'] == 0
    assert told['officina_up{part="database"}'] == 1
    assert not [name for name in told if "elsewhere" in name or "theirs" in name]
    bound = scraped(token_of(cast.outsider, workspace=cast.lab))
    assert not [name for name in bound if "workspace=" in name]


def test_whoever_may_see_no_runs_reads_none_and_strangers_nothing(cast: Any) -> None:
    assert Client().get("/metrics").status_code == 401
    assert bearer("oft_nothing").get("/metrics").status_code == 401
    job = run_token_of(cast.contributor, cast.lab, "0" * 32)
    assert bearer(job).get("/metrics").status_code == 403
    role = cast.lab.custom_roles.create(name="Guest", operations=["workspace.read"])
    Membership.objects.filter(user=cast.reader).update(role="Guest", custom_role=role)
    assert not [name for name in scraped(token_of(cast.reader)) if "workspace=" in name]
