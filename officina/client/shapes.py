"""Answers of the studio in the words that `az ml` prints, so that its scripts' queries find them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Row = dict[str, Any]
_TYPE = {"data": "dataType", "model": "modelType", "component": "type"}
_PATH = {"data": "dataUri", "model": "modelUri"}
_NAMES = {"condaFile": "conda_file", "osType": "os_type", "inferenceConfig": "inference_config"}


def shape_version(row: Mapping[str, Any]) -> Row:
    """Return a version of an asset: its document's keys beside name, version and who made it."""
    document: Row = dict(row.get("document") or {})
    kind = str(row["kind"])
    shaped: Row = {"name": row["name"], "version": str(row["version"]), "id": row["reference"]}
    if kind in _TYPE:
        shaped["type"] = document.get(_TYPE[kind])
    if kind in _PATH:
        shaped["path"] = document.get(_PATH[kind]) or (row.get("tree") and f"tree:{row['tree']}")
    hidden = {_TYPE.get(kind, ""), _PATH.get(kind, ""), "name", "version", "description", "tags"}
    for key, value in document.items():
        if key not in hidden:
            shaped[_NAMES.get(key, key)] = value
    shaped |= {
        key: row.get(key)
        for key in ("description", "tags", "properties", "stage", "labels", "size")
    }
    shaped["job_name"] = row.get("run_guid") or None
    shaped["is_archived"] = row.get("archived", False)
    shaped["creation_context"] = {
        "created_at": row.get("created"),
        "created_by": row.get("created_by"),
        "last_modified_at": row.get("changed"),
    }
    return shaped


def shape_asset(row: Mapping[str, Any]) -> Row:
    """Return an asset of a list, without a version's document."""
    return {
        "name": row["name"],
        "latest version": row.get("latest"),
        "versions": row.get("versions"),
        "description": row.get("description"),
        "tags": row.get("tags"),
        "stage": row.get("stage"),
        "size": row.get("size"),
        "is_archived": row.get("archived", False),
        "creation_context": {
            "created_at": row.get("created"), "last_modified_at": row.get("changed"),
        },
    }  # fmt: skip


def shape_job(run: Mapping[str, Any], address: str) -> Row:
    """Return a run with Azure's names beside the studio's own."""
    return {
        **run,
        "experiment_name": run.get("experiment"),
        "type": run.get("kind"),
        "is_archived": run.get("archived", False),
        "id": f"azureml:{run.get('name')}",
        "services": {"Studio": {"endpoint": address, "type": "Studio"}},
        "creation_context": {"created_at": run.get("created"), "created_by": run.get("owner")},
    }


def shape_compute(row: Mapping[str, Any]) -> Row:
    """Return a compute in the keys of its YAML."""
    outer = dict(row.get("properties") or {})
    inner = dict(outer.get("properties") or {})
    scale = dict(inner.get("scaleSettings") or {})
    shaped = {
        "name": row["name"],
        "type": str(outer.get("computeType") or row["kind"]).lower(),
        "provisioning_state": outer.get("provisioningState"),
        "state": inner.get("state") or row.get("state"),
        "size": inner.get("vmSize"),
        "min_instances": scale.get("minNodeCount"),
        "max_instances": scale.get("maxNodeCount"),
        "idle_time_before_scale_down": scale.get("nodeIdleTimeBeforeScaleDown"),
        "tier": str(inner.get("vmPriority") or "").lower() or None,
        "description": row.get("description"),
        "tags": row.get("tags"),
        "created_on": row.get("created"),
        "slots": row.get("slots"),
        "nodes": row.get("nodes"),
        "kind": row.get("kind"),
        "pool": row.get("pool"),
    }
    return {key: value for key, value in shaped.items() if value is not None}
