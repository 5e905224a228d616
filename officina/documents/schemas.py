"""JSON schemas of our documents for editors, made from the same words that the reader knows."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from officina.documents import assets, computes, distribution, parallel
from officina.documents import vocabulary as words

Schema = dict[str, Any]
_DRAFT = "http://json-schema.org/draft-07/schema#"
_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_TEXTS: Schema = {"type": "object", "additionalProperties": _TEXT}
_ANY_TEXT: Schema = {"type": "string"}


def _object(keys: Iterable[str], known: Schema, required: Iterable[str] = ()) -> Schema:
    properties = {key: known.get(key, {}) for key in sorted(keys) if not key.startswith("_")}
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return found | ({"required": sorted(required)} if required else {})


def _input() -> Schema:
    types = sorted(words.PORT_TYPES | words.LITERAL_TYPES)
    known: Schema = {
        "type": {"enum": types},
        "mode": {"enum": sorted(words.MODES)},
        "path": _ANY_TEXT,
        "optional": {"type": "boolean"},
    }
    return {"anyOf": [_TEXT, {"type": "null"}, _object(words.INPUT_KEYS, known)]}


def _output() -> Schema:
    known: Schema = {
        "type": {"enum": sorted(words.FILE_TYPES | {"string", "boolean"})},
        "mode": {"enum": sorted(words.MODES)},
        "path": _ANY_TEXT,
    }
    return {"anyOf": [_ANY_TEXT, {"type": "null"}, _object(words.OUTPUT_KEYS, known)]}


def _parts() -> Schema:
    environment = {"conda_file": {"type": ["string", "object"]}, "image": _ANY_TEXT}
    limits = {"timeout": {"type": ["integer", "string"]}}
    return {
        "$schema": _ANY_TEXT,
        "name": _ANY_TEXT,
        "version": {"type": ["string", "number"]},
        "display_name": _ANY_TEXT,
        "description": _ANY_TEXT,
        "experiment_name": _ANY_TEXT,
        "command": _ANY_TEXT,
        "code": {"type": ["string", "object"]},
        "compute": {"type": ["string", "object"]},
        "tags": _TEXTS,
        "environment_variables": _TEXTS,
        "inputs": {"type": "object", "additionalProperties": _input()},
        "outputs": {"type": "object", "additionalProperties": _output()},
        "environment": {"anyOf": [_ANY_TEXT, _object(words.ENVIRONMENT_KEYS, environment)]},
        "limits": _object(words.LIMIT_KEYS, limits),
        "distribution": {
            "type": "object", "properties": {"type": {"enum": sorted(distribution.KINDS)}},
        },
        "resources": {"type": "object"},
        "services": {"type": "object"},
        "max_attempts": {"type": "integer", "minimum": 1, "maximum": 100},
        "force_rerun": {"type": "boolean"},
        "settings": _object(words.SETTINGS_KEYS, {"continue_on_step_failure": {"type": "boolean"}}),
        "task": _object(parallel.TASK_KEYS, {"entry_script": _ANY_TEXT}),
        "partition_keys": {"type": ["array", "string"]},
    }  # fmt: skip


def schemas() -> dict[str, Schema]:
    """Return each schema by its file's name, as `$schema` names it."""
    known = _parts()
    step = _object(words.NODE_KEYS | parallel.KEYS, {**known, "component": {}})
    step["properties"]["type"] = {
        "enum": ["command", "parallel", "pipeline", *sorted(words.UNSUPPORTED_KINDS)]
    }
    steps = {"type": "object", "minProperties": 1, "additionalProperties": step}
    found = {
        "commandJob": _object(words.COMMAND_JOB_KEYS, known, ["command"]),
        "pipelineJob": _object(words.PIPELINE_JOB_KEYS, {**known, "jobs": steps}, ["jobs"]),
        "commandComponent": _object(words.COMPONENT_KEYS, known, ["command", "name"]),
        "pipelineComponent": _object(words.COMPONENT_KEYS, {**known, "jobs": steps}, ["jobs"]),
        "data": _object(assets.DATA_KEYS, {**known, "path": _ANY_TEXT}, ["name", "path"]),
        "model": _object(assets.MODEL_KEYS, {**known, "path": _ANY_TEXT}, ["name", "path"]),
        "environment": _object(words.ENVIRONMENT_KEYS, {**known, "conda_file": {}}, ["name"]),
        "amlCompute": _object(computes.KEYS, known, ["name"]),
    }
    return {
        f"{name}.schema.json": {"$schema": _DRAFT, "title": name, **schema}
        for name, schema in found.items()
    }


def write(folder: Path) -> None:
    """Write the schemas into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(json.dumps(schema, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
