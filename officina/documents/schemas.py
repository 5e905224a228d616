"""JSON schemas of our documents for editors, made from the same words that the reader knows."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from officina.data import importing_document as imports
from officina.documents import assets, computes, distribution, parallel, schedules
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


def _import(known: Schema) -> Schema:
    source = _object(
        imports.YAML_SOURCE_KEYS - {"stored_procedure", "stored_procedure_params"},
        {
            "type": {"enum": [imports.DATABASE, imports.FILES]},
            "query": _ANY_TEXT,
            "table": _ANY_TEXT,
            "path": _ANY_TEXT,
            "connection": {"type": "string", "pattern": "^azureml:"},
        },
    )
    switches = {key: {"type": "boolean"} for key in ("only_if_changed", "enforce_rules")}
    own = {"type": {"enum": list(imports.TYPES)}, "path": _ANY_TEXT, "source": source, **switches}
    return _object(imports.YAML_KEYS, {**known, **own}, ["name", "source"])


def _trigger() -> Schema:
    def some(values: Schema) -> Schema:
        return {"anyOf": [values, {"type": "array", "items": values}]}

    def whole(least: int, most: int) -> Schema:
        return some({"type": "integer", "minimum": least, "maximum": most})

    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    pattern = {
        "hours": whole(0, 23), "minutes": whole(0, 59), "month_days": whole(-1, 31),
        "week_days": some(_either_case(days)), "weekdays": some(_either_case(days)),
    }  # fmt: skip
    known = {
        "type": {"enum": ["recurrence", "cron"]},
        "expression": _ANY_TEXT,
        "frequency": _either_case(("minute", "hour", "day", "week", "month")),
        "interval": {"type": "integer", "minimum": 1},
        "schedule": _object(schedules.PATTERN_KEYS, pattern),
        "start_time": _ANY_TEXT,
        "end_time": _ANY_TEXT,
        "time_zone": _ANY_TEXT,
    }
    either = [{"required": ["frequency"]}, {"required": ["expression"]}]
    return _object(schedules.TRIGGER_KEYS, known) | {"anyOf": either}


def _either_case(values: Iterable[str]) -> Schema:
    return {"enum": [spelt for value in values for spelt in (value, value.title())]}


def _schedule(known: Schema) -> Schema:
    endpoint = _object(
        ("endpoint", "version", "parameters"),
        {"endpoint": _ANY_TEXT, "version": _TEXT, "parameters": {"type": "object"}}, ["endpoint"],
    )  # fmt: skip
    own = {
        "is_enabled": {"type": "boolean"},
        "trigger": _trigger(),
        # A file, or the document itself; a job may also be one to run again.
        "create_job": {"type": ["string", "object"]},
        "import_data": {"anyOf": [_ANY_TEXT, _import(known)]},
        "invoke_pipeline": {"anyOf": [_ANY_TEXT, endpoint]},
        "properties": {"type": "object"},
    }
    keys = schedules.KEYS - {"create_monitor"}
    one = [{"required": [key]} for key in schedules.ACTIONS]
    return _object(keys, {**known, **own}, ["name", "trigger"]) | {"oneOf": one}


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
        "dataImport": _import(known),
        "schedule": _schedule(known),
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
