"""Translates between the canonical document and the `properties` that Azure's REST API carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from officina.documents import vocabulary as words

Document = dict[str, Any]

_NODE = {
    "displayName": "display_name",
    "environmentVariables": "environment_variables",
    "forceRerun": "force_rerun",
    "dependsOn": "depends_on",
    "maxAttempts": "max_attempts",
    "queueSettings": "queue_settings",
    "additionalIncludes": "additional_includes",
}
_CANONICAL = {rest: name for name, rest in _NODE.items()}


def to_rest(document: Mapping[str, Any]) -> Document:
    """Return the REST properties of a canonical document: modes by their REST names, snake_case
    inside nodes.
    """
    result = dict(document)
    for group in ("inputs", "outputs"):
        if group in result:
            result[group] = {
                name: _modes(entry, words.MODES) for name, entry in result[group].items()
            }
    if result.get("limits"):
        result["limits"] = _durations(
            {"jobLimitsType": "Command", **result["limits"]}, to_text=True
        )
    if result.get("resources"):
        result["resources"] = _rename(result["resources"], _RESOURCES)
    if "jobs" in result:
        result["jobs"] = {step: _node_to_rest(step, node) for step, node in result["jobs"].items()}
    return result


def from_rest(properties: Mapping[str, Any]) -> Document:
    """Return the canonical document of REST properties; `from_rest(to_rest(d)) == d`."""
    result = dict(properties)
    for group in ("inputs", "outputs"):
        if group in result:
            result[group] = {
                name: _modes(entry, _YAML_MODES) for name, entry in (result[group] or {}).items()
            }
    if result.get("limits"):
        result["limits"] = _durations(
            {
                key: item
                for key, item in result["limits"].items()
                if key != "jobLimitsType" and item is not None
            },
            to_text=False,
        )
    if result.get("resources"):
        result["resources"] = _rename(
            result["resources"], {rest: name for name, rest in _RESOURCES.items()}
        )
    if "jobs" in result:
        result["jobs"] = {
            step: _node_from_rest(node) for step, node in (result["jobs"] or {}).items()
        }
    return result


_YAML_MODES = {rest: name for name, rest in words.MODES.items()}
_RESOURCES = {
    "instance_count": "instanceCount",
    "instance_type": "instanceType",
    "shm_size": "shmSize",
    "docker_args": "dockerArgs",
    "max_instance_count": "maxInstanceCount",
}


def _modes(entry: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(entry, Mapping) or not entry.get("mode"):
        return entry
    return {**entry, "mode": names.get(entry["mode"], entry["mode"])}


def _rename(entry: Mapping[str, Any], names: Mapping[str, str]) -> Document:
    return {names.get(key, key): item for key, item in entry.items()}


def _durations(limits: Document, *, to_text: bool) -> Document:
    timeout = limits.get("timeout")
    if to_text and isinstance(timeout, int):
        return {**limits, "timeout": f"PT{timeout}S"}
    if not to_text and isinstance(timeout, str):
        from officina.documents.reading import Reading
        from officina.documents.yamlio import Located

        return {**limits, "timeout": Reading(Located(None, "limits"), None).seconds(timeout, ())}
    return limits


def _node_to_rest(step: str, node: Mapping[str, Any]) -> Document:
    result: Document = {"name": step} | {_NODE.get(key, key): item for key, item in node.items()}
    if isinstance(result.get("component"), str):
        result["componentId"] = result.pop("component")
    result["inputs"] = {
        name: _port_to_rest(entry, "input") for name, entry in (node.get("inputs") or {}).items()
    }
    result["outputs"] = {
        name: _port_to_rest(entry, "output") for name, entry in (node.get("outputs") or {}).items()
    }
    if result.get("limits"):
        result["limits"] = _durations(result["limits"], to_text=True)
    return result


def _node_from_rest(node: Mapping[str, Any]) -> Document:
    result: Document = {
        _CANONICAL.get(key, key): item
        for key, item in node.items()
        if key not in ("name", "_source")
    }
    if "componentId" in result:
        result["component"] = result.pop("componentId")
    result["inputs"] = {
        name: _port_from_rest(entry, "Input") for name, entry in (node.get("inputs") or {}).items()
    }
    result["outputs"] = {
        name: _port_from_rest(entry, "Output")
        for name, entry in (node.get("outputs") or {}).items()
    }
    if result.get("limits"):
        result["limits"] = _durations(result["limits"], to_text=False)
    return result


def _port_to_rest(entry: Mapping[str, Any], side: str) -> Document:
    names = {"jobInputType": "job_input_type", "jobOutputType": "job_output_type"}
    return dict(_modes(_rename(entry, names), words.MODES))


def _port_from_rest(entry: Any, side: str) -> Document:
    kind = f"job{side}Type"
    if not isinstance(entry, Mapping):
        entry = {"value": entry}
    names = {"job_input_type": "jobInputType", "job_output_type": "jobOutputType"}
    result = dict(_modes(_rename(entry, names), _YAML_MODES))
    if side == "Output" and (result.get("type") == "literal" or result.get(kind) == "literal"):
        return {
            kind: "uri_folder",
            "mode": result.get("mode") or "rw_mount",
            "uri": result.get("value"),
        }
    value = result.get("value")
    if side == "Input" and isinstance(value, str) and value.startswith("${{parent.jobs."):
        return {kind: "uri_folder", "uri": value, "mode": result.get("mode") or "ro_mount"}
    if side == "Output" and not result:
        return {kind: "uri_folder", "mode": "rw_mount"}
    result.setdefault(kind, "literal" if side == "Input" else "uri_folder")
    return result
