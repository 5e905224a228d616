"""Loads the YAML of a compute into the `properties` of Azure's REST resource."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from officina.documents.jobs import open_source
from officina.documents.overrides import set_paths

_WORDS = """$schema name type description tags location size tier min_instances max_instances
idle_time_before_scale_down idle_time_before_shutdown ssh_public_access_enabled ssh_settings
network_settings identity schedules setup_scripts resource_id namespace created_on
create_on_behalf_of enable_node_public_ip enable_root_access enable_sso state nodes slots
kind pool provisioning_state idle_time_before_shutdown_minutes properties address ssh_port
replicas machines hourly scheduler master subnet custom_applications enable_os_patching
release_quota_on_stop auto_pause_settings scale_settings spark_version node_count node_family
node_size provisioning_errors services os_image_metadata last_operation"""
KEYS = frozenset(_WORDS.split())
_AZURE = {
    "amlcompute": "AmlCompute",
    "computeinstance": "ComputeInstance",
    "virtualmachine": "VirtualMachine",
    "kubernetes": "Kubernetes",
    "synapsespark": "SynapseSpark",
}
_INNER = {
    "size": "vmSize",
    "tier": "vmPriority",
    "idle_time_before_shutdown": "idleTimeBeforeShutdown",
    "namespace": "namespace",
    "address": "address",
    "ssh_port": "sshPort",
    "replicas": "replicas",
    "machines": "machines",
    "hourly": "hourly",
    "scheduler": "schedulerAddress",
    "master": "master",
}
_SCALE = {"min_instances": "minNodeCount", "max_instances": "maxNodeCount"}


def load_compute(
    source: Path | str | Mapping[str, Any], overrides: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return `{"name", "properties", "description", "tags"}` of a compute's file or mapping."""
    reading = open_source(source, None)
    raw = set_paths(reading.mapping(reading.located.data, (), "a compute"), overrides or {})
    reading.known(raw, (), KEYS, "a compute")
    if not raw.get("name"):
        raise reading.error((), "the compute has no name", hint="Add 'name:', or give --name.")
    kind = str(raw.get("type") or "amlcompute")
    inner = {key: raw[name] for name, key in _INNER.items() if raw.get(name) is not None}
    scale: dict[str, Any] = {
        key: raw[name] for name, key in _SCALE.items() if raw.get(name) is not None
    }
    if raw.get("idle_time_before_scale_down") is not None:
        here = ("idle_time_before_scale_down",)
        seconds = str(raw[here[0]])
        scale["nodeIdleTimeBeforeScaleDown"] = (
            f"PT{reading.seconds(seconds, here)}S" if seconds != "0" else "PT0S"
        )
    if raw.get("idle_time_before_shutdown_minutes") is not None:
        inner["idleTimeBeforeShutdown"] = f"PT{int(raw['idle_time_before_shutdown_minutes'])}M"
    if scale:
        inner["scaleSettings"] = scale
    properties: dict[str, Any] = {
        "computeType": _AZURE.get(kind.lower(), kind), "properties": inner,
    }  # fmt: skip
    if raw.get("resource_id"):
        properties["resourceId"] = str(raw["resource_id"])
    if raw.get("description"):
        properties["description"] = reading.text(raw["description"], ("description",), "it")
    return {
        "name": str(raw["name"]),
        "properties": properties,
        "tags": reading.texts(raw.get("tags"), ("tags",), "tags"),
    }
