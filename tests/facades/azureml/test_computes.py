"""Computes through the protocol: what is made of a document, and what is refused in words."""

from __future__ import annotations

from typing import Any

from studio.compute.models import ComputeTarget
from tests.cast import bearer, token_of
from tests.facades.azureml.test_access import LAB, lab

__all__ = ["lab"]


def instance(**details: Any) -> dict[str, Any]:
    size = {"vmSize": "Standard_DS3_v2", "idleTimeBeforeShutdown": "PT30M"}
    return {"properties": {"computeType": "ComputeInstance", "properties": {**size, **details}}}


def test_an_instance_with_times_of_its_own_is_refused_not_made_without_them(lab: Any) -> None:
    client = bearer(token_of(lab.owner))
    times = {"computeStartStop": [{"action": "Stop", "triggerType": "Cron"}]}
    refused = client.put(f"{LAB}/computes/mine", instance(schedules=times), format="json")
    assert refused.status_code == 400
    assert "idle_time_before_shutdown" in refused.content.decode()
    assert not ComputeTarget.objects.filter(workspace=lab.lab, name="mine").exists()
    for nothing in ({}, {"schedules": None}, {"schedules": {"computeStartStop": []}}):
        made = client.put(f"{LAB}/computes/mine", instance(**nothing), format="json")
        assert made.status_code == 201, made.content
