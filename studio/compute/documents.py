"""A compute as Azure's document, and back: `properties` of the REST resource, camelCase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from officina.errors import StudioError
from studio.compute.kinds import Kind, find_kind
from studio.compute.models import ComputeTarget

SCALE = ("minNodeCount", "maxNodeCount", "nodeIdleTimeBeforeScaleDown")


def as_document(target: ComputeTarget, *, busy: int = 0) -> dict[str, Any]:
    """Return the `properties`; `busy` is the number of runs that it works on."""
    row = target.kind_row
    return {
        "computeType": row.azure,
        "description": target.description,
        "provisioningState": "Succeeded",
        "provisioningErrors": None,
        "isAttachedCompute": row.own_pool,
        "disableLocalAuth": True,
        "createdOn": target.created.isoformat(),
        "modifiedOn": target.changed.isoformat(),
        "resourceId": target.config.get("resource_id") or None,
        "properties": _own(target, row, busy),
    }


def _own(target: ComputeTarget, row: Kind, busy: int) -> dict[str, Any]:
    config = target.config
    own = {param.key: config.get(param.name) for param in row.params if param.key not in SCALE}
    own = {key: value for key, value in own.items() if value not in (None, "")}
    own.pop("resourceId", None)
    subnet = own.pop("subnet", None)
    if subnet:
        own["subnet"] = {"id": subnet}
    if target.kind == "cluster":
        own |= _cluster(target, busy)
    elif target.kind == "instance":
        own |= _instance(target)
    return own


def _cluster(target: ComputeTarget, busy: int) -> dict[str, Any]:
    config = target.config
    nodes = max(target.nodes, busy)
    states = ("preparing", "running", "idle", "unusable", "leaving", "preempted")
    counts = {f"{state}NodeCount": 0 for state in states}
    counts |= {"runningNodeCount": busy, "idleNodeCount": nodes - busy}
    return {
        "osType": "Linux",
        "vmPriority": "Dedicated",
        "scaleSettings": {
            "minNodeCount": config["min_nodes"],
            "maxNodeCount": config["max_nodes"],
            "nodeIdleTimeBeforeScaleDown": duration(config["idle_seconds"]),
        },
        "allocationState": "Steady",
        "allocationStateTransitionTime": target.changed.isoformat(),
        "currentNodeCount": nodes,
        "targetNodeCount": max(busy, config["min_nodes"]),
        "nodeStateCounts": counts,
        "errors": [],
    }


def _instance(target: ComputeTarget) -> dict[str, Any]:
    person = target.person
    return {
        "state": "Stopped" if target.stopped else "Running",
        "idleTimeBeforeShutdown": duration(target.config["idle_seconds"]),
        "computeInstanceAuthorizationType": "personal",
        "createdBy": {"userName": str(target.created_by or "")},
        "personalComputeInstanceSettings": {
            "assignedUser": {"objectId": str(person.pk), "tenantId": ""} if person else None
        },
        "applications": [],
        "errors": [],
    }


def from_document(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return `kind`, `config` and `description` of a document's `properties`.

    Keys that mean nothing here (SSH settings of nodes, identities, network switches) are left out.
    """
    if not properties.get("computeType"):
        raise StudioError(
            "A compute needs `properties.computeType`.", where="properties.computeType",
            hint="AmlCompute, ComputeInstance, VirtualMachine, Kubernetes, SynapseSpark, ...",
        )  # fmt: skip
    inner = dict(properties.get("properties") or {})
    inner |= dict(inner.get("scaleSettings") or {})
    if isinstance(inner.get("subnet"), Mapping):
        inner["subnet"] = inner["subnet"].get("id")
    if properties.get("resourceId"):
        inner["resourceId"] = properties["resourceId"]
    kind = find_kind(str(properties["computeType"]))
    if kind.name == "ssh" and not inner.get("address"):
        kind = find_kind("machine")
    config = {param.name: inner[param.key] for param in kind.params if param.key in inner}
    return {
        "kind": kind.name,
        "config": {name: value for name, value in config.items() if value is not None},
        "description": str(properties.get("description") or ""),
    }


def duration(seconds: int) -> str:
    """Write seconds as an ISO 8601 duration: 150 -> PT2M30S."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    text = "".join(f"{n}{letter}" for n, letter in ((hours, "H"), (minutes, "M"), (rest, "S")) if n)
    return f"PT{text or '0S'}"
