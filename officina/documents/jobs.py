"""Loads command and pipeline jobs, from Azure's YAML or the canonical JSON, into the canonical
document.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from officina.documents import vocabulary as words
from officina.documents.components import unsupported
from officina.documents.distribution import read_distribution
from officina.documents.nesting import flatten
from officina.documents.overrides import apply_overrides
from officina.documents.parts import (
    check_command,
    read_code,
    read_environment,
    read_inputs,
    read_outputs,
)
from officina.documents.pipelines import Parent, read_nodes, read_settings
from officina.documents.reading import LocalText, Reading, snake, spell_type
from officina.documents.recorded import recorded_job
from officina.documents.yamlio import MAX_BYTES, MAX_DEPTH, Located, Pointer, load_located
from officina.errors import StudioError

Document = dict[str, Any]


@dataclass(frozen=True)
class LocalRef:
    """A local file or folder that must be stored, and the place in the document that names it."""

    pointer: Pointer
    path: Path
    kind: Literal["code", "data"]


@dataclass(frozen=True)
class LoadedJob:
    """A job in canonical form, what was odd about it, and which local files it needs."""

    document: Document
    warnings: list[str] = field(default_factory=list)
    local: list[LocalRef] = field(default_factory=list)


def load_job(
    source: Path | str | Mapping[str, Any],
    *,
    base: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    flat: bool = True,
    runnable: bool = True,
) -> LoadedJob:
    """Return a command or pipeline job as its canonical document, with nested pipelines flattened.

    A one-line `str` that ends in .yml, .yaml or .json is a path, any other is the text. Files that
    the job refers to are read relative to its own folder (or `base`); without either, as on a
    server, a reference to one is an error. Without `runnable`, kinds that cannot run yet are read
    too, with a warning.
    """
    reading = open_source(source, base)
    reading.runnable = runnable
    raw = reading.mapping(reading.located.data, (), "a job")
    if overrides:
        raw = apply_overrides(raw, overrides)
    if (
        "properties" in raw
        and isinstance(raw["properties"], Mapping)
        and "jobType" in raw["properties"]
    ):
        raw = dict(raw["properties"])
    if "jobType" in raw:
        raw = _yaml_names(raw)
    kind = _kind(reading, raw)
    if kind in words.UNSUPPORTED_KINDS:
        document = recorded_job(reading, raw, kind, _heads(reading, raw))
    else:
        document = _pipeline(reading, raw) if kind == "pipeline" else _command(reading, raw)
    if kind == "pipeline" and flat:
        document = flatten(document, warnings=reading.warnings)
    local: list[LocalRef] = []
    document = collect_local(document, (), local)
    return LoadedJob(document, list(dict.fromkeys(reading.warnings)), local)


def replace(document: Any, pointer: Pointer, value: Any) -> Any:
    """Return a copy of the document with the value at the pointer replaced; the rest is shared."""
    if not pointer:
        return value
    head, *rest = pointer
    if isinstance(document, Mapping) and head in document:
        return {**document, head: replace(document[head], tuple(rest), value)}
    if isinstance(document, list) and isinstance(head, int) and 0 <= head < len(document):
        return [
            *document[:head],
            replace(document[head], tuple(rest), value),
            *document[head + 1 :],
        ]
    raise StudioError(
        f"the document has no '{head}'", where=".".join(map(str, pointer)), code="not_found"
    )


def open_source(source: Path | str | Mapping[str, Any], base: Path | None) -> Reading:
    """Return the reading of a file, a text or a mapping; a mapping's size and depth are bounded."""
    if isinstance(source, Mapping):
        try:
            size = len(json.dumps(source, default=str))
        except (ValueError, RecursionError):
            raise StudioError("the document contains itself or is nested too deeply") from None
        if size > MAX_BYTES:
            raise StudioError(
                f"the document is larger than {MAX_BYTES // 1024} KiB", code="too_large"
            )
        if _is_deeper(source, MAX_DEPTH * 2):
            raise StudioError("the document is nested too deeply", code="too_large")
        return Reading(Located(dict(source), "document"), base)
    if (
        isinstance(source, str)
        and "\n" not in source
        and source.strip().endswith((".yml", ".yaml", ".json"))
    ):
        source = Path(source)
    if isinstance(source, Path):
        path = source.resolve()
        return Reading(load_located(path, name=str(source)), base or path.parent, files=(path,))
    return Reading(load_located(source), base)


def _is_deeper(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for item in level
            for inner in (item.values() if isinstance(item, Mapping) else item)
            if isinstance(inner, Mapping | list)
        ]
        if not level:
            return False
    return True


def _kind(reading: Reading, raw: Mapping[str, Any]) -> str:
    schema = str(raw.get("$schema") or "").rsplit("/", 1)[-1].split(".")[0].lower()
    if schema.endswith("component") and "jobs" not in raw and "experiment_name" not in raw:
        raise reading.error(
            (), "this is a component, not a job", hint="Refer to it from a pipeline's 'component:'."
        )
    kind = str(
        raw.get("type")
        or words.KIND_OF_SCHEMA.get(schema)
        or ("pipeline" if "jobs" in raw else "command")
    )
    kind = kind.lower().removesuffix("job").strip("_")
    if kind in words.UNSUPPORTED_KINDS:
        if not reading.runnable:
            return kind
        raise unsupported(reading, kind, ("type",))
    if kind not in ("command", "pipeline"):
        raise reading.error(
            ("type",), f"'{kind}' is not a kind of job", hint="Use command or pipeline."
        )
    return kind


def _heads(reading: Reading, raw: Mapping[str, Any]) -> Document:
    heads: Document = {
        canonical: reading.text(raw.get(key), (key,), key) for key, canonical in words.HEADS.items()
    }
    heads["tags"] = reading.texts(raw.get("tags"), ("tags",), "tags")
    if raw.get("name") is not None:
        heads["name"] = reading.text(raw["name"], ("name",), "the name")
    heads["computeId"] = reading.compute(raw.get("compute"), ("compute",))
    for key, canonical in words.EXTRAS.items():
        if raw.get(key):
            heads[canonical] = raw[key]
    if heads.get("distribution"):
        heads["distribution"] = read_distribution(reading, heads["distribution"], ("distribution",))
    return heads


def _command(reading: Reading, raw: Mapping[str, Any]) -> Document:
    reading.known(raw, (), words.COMMAND_JOB_KEYS, "a command job")
    inputs = read_inputs(reading, raw.get("inputs"), ("inputs",))
    for name, entry in inputs.items():
        if isinstance(entry.get("value"), list | dict):
            kind = spell_type(entry["value"])
            raise reading.error(("inputs", name), f"an input must be a plain value, not {kind}")
    outputs = read_outputs(reading, raw.get("outputs"), ("outputs",))
    environment = read_environment(reading, raw.get("environment"), ("environment",))
    if environment is None:
        reading.warn((), "no environment is given; the studio's default one is used")
    resources = reading.mapping(raw.get("resources"), ("resources",), "resources")
    return {
        "jobType": "Command",
        **_heads(reading, raw),
        "environmentId": environment,
        "codeId": read_code(reading, raw.get("code"), ("code",)),
        "command": check_command(
            reading, raw.get("command"), ("command",), inputs, {**outputs, "artifacts": None}
        ),
        "inputs": inputs,
        "outputs": outputs,
        "environmentVariables": reading.texts(
            raw.get("environment_variables"), ("environment_variables",), "environment_variables"
        ),
        "resources": {"instance_count": 1} | {snake(key): item for key, item in resources.items()},
        "limits": reading.limits(raw.get("limits"), ("limits",)),
        "maxAttempts": _attempts(reading, raw.get("max_attempts")),
    }


def _attempts(reading: Reading, value: Any) -> int:
    if value is None:
        return 1
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100:
        raise reading.error(("max_attempts",), "max_attempts must be a whole number from 1 to 100")
    return value


def _pipeline(reading: Reading, raw: Mapping[str, Any]) -> Document:
    reading.known(raw, (), words.PIPELINE_JOB_KEYS, "a pipeline job")
    for key in ("schedule", "trigger"):
        if raw.get(key):
            reading.warn((key,), f"'{key}' inside a job is not used; make a schedule of its own")
    inputs = read_inputs(reading, raw.get("inputs"), ("inputs",))
    outputs = read_outputs(reading, raw.get("outputs"), ("outputs",))
    return {
        "jobType": "Pipeline",
        **_heads(reading, raw),
        "inputs": inputs,
        "outputs": outputs,
        "settings": read_settings(reading, raw.get("settings"), ("settings",)),
        "environmentVariables": reading.texts(
            raw.get("environment_variables"), ("environment_variables",), "environment_variables"
        ),
        "jobs": read_nodes(reading, raw.get("jobs"), ("jobs",), Parent(inputs, outputs)),
    }


def _yaml_names(raw: Mapping[str, Any]) -> Document:
    """Return a canonical or REST document under YAML's key names, which the reader reads."""
    result = {_YAML.get(key, key): item for key, item in raw.items() if key not in _IGNORED}
    result["type"] = str(raw["jobType"]).lower()
    return result


_YAML = {
    **{canonical: key for key, canonical in {**words.HEADS, **words.EXTRAS}.items()},
    "computeId": "compute",
    "environmentId": "environment",
    "codeId": "code",
    "environmentVariables": "environment_variables",
    "maxAttempts": "max_attempts",
}
_IGNORED = {
    "jobType",
    "status",
    "services",
    "isArchived",
    "componentId",
    "parentJobName",
    "notificationSetting",
    "component",
}


def collect_local(value: Any, pointer: Pointer, local: list[LocalRef]) -> Any:
    """Return the document in plain types and list the local files that its texts name."""
    if isinstance(value, LocalText):
        local.append(LocalRef(pointer, value.path, value.kind))
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {key: collect_local(item, (*pointer, key), local) for key, item in value.items()}
    if isinstance(value, list):
        return [collect_local(item, (*pointer, index), local) for index, item in enumerate(value)]
    return value
