"""Reads component specs: given in place, in a file of their own, or named in a registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from officina.documents import parallel
from officina.documents import vocabulary as words
from officina.documents.distribution import read_distribution
from officina.documents.parts import as_type, check_command, read_code, read_environment
from officina.documents.reading import Reading
from officina.documents.references import parse_reference
from officina.documents.yamlio import Pointer, load_located

MAX_NESTING = 8


def read_component(reading: Reading, value: Any, pointer: Pointer) -> Any:
    """Return a component spec (read from its file when it has one) or the reference to a registered
    component.
    """
    if isinstance(value, Mapping):
        return read_spec(reading, dict(value), pointer)
    text = reading.text(value, pointer, "the component")
    if not text:
        raise reading.error(
            pointer, "the component is empty", hint="Name a file or a registered component."
        )
    if not reading.reference(parse_reference, text, pointer).is_local:
        return text
    if len(reading.files) > MAX_NESTING:
        raise reading.error(pointer, f"components are nested deeper than {MAX_NESTING} levels")
    path = reading.file(text, pointer, "the component")
    inner = reading.inside(load_located(path), path)
    spec = inner.mapping(inner.located.data, (), "a component")
    return read_spec(inner, spec, ())


def read_spec(reading: Reading, raw: Mapping[str, Any], pointer: Pointer) -> dict[str, Any]:
    """Return a component spec in canonical form: snake_case, typed ports, version as text."""
    raw = reading.mapping(raw, pointer, "a component")
    kind = str(raw.get("type") or _kind_without_type(raw))
    if kind.lower() in ("commandcomponent", "pipelinecomponent"):
        kind = kind[: -len("component")].lower()
    if kind in words.UNSUPPORTED_KINDS:
        if not reading.runnable:
            return {**raw, "type": kind}
        raise unsupported(reading, kind, pointer)
    if kind.lower() in ("parallel", "parallelcomponent"):
        known = words.COMPONENT_KEYS | parallel.KEYS
        reading.known(raw, pointer, known, "a parallel component", others="ignored")
        raw, kind = parallel.as_command(reading, raw, pointer), "command"
    if kind not in ("command", "pipeline", "module"):
        raise reading.error(
            (*pointer, "type"),
            f"'{kind}' is not a kind of component",
            hint="Use command or pipeline.",
        )
    if kind != "module":
        # As azure-ai-ml does: a component may hold what only other tools read.
        reading.known(raw, pointer, words.COMPONENT_KEYS, "a component", others="ignored")
    spec: dict[str, Any] = {
        key: reading.text(raw[key], (*pointer, key), key)
        for key in ("name", "version", "display_name", "description")
        if raw.get(key) is not None
    }
    spec["type"] = kind
    spec["inputs"] = _ports(reading, raw.get("inputs"), (*pointer, "inputs"), inputs=True)
    spec["outputs"] = _ports(reading, raw.get("outputs"), (*pointer, "outputs"), inputs=False)
    if raw.get("tags"):
        spec["tags"] = reading.texts(raw["tags"], (*pointer, "tags"), "tags")
    if kind == "pipeline":
        from officina.documents.pipelines import Parent, read_nodes, read_settings

        spec["settings"] = read_settings(reading, raw.get("settings"), (*pointer, "settings"))
        spec["jobs"] = read_nodes(
            reading, raw.get("jobs"), (*pointer, "jobs"), Parent(spec["inputs"], spec["outputs"])
        )
    elif kind == "command":
        spec.update(_command_body(reading, raw, pointer, spec))
    else:
        spec.update({key: raw[key] for key in raw if key not in spec and key != "$schema"})
    spec["is_deterministic"] = bool(raw.get("is_deterministic", True))
    return spec


def _kind_without_type(raw: Mapping[str, Any]) -> str:
    """Return the kind of a component that does not say it; a prompt flow is known by its nodes."""
    if raw.get("jobs"):
        return "pipeline"
    schema = str(raw.get("$schema") or "").rsplit("/", 1)[-1].lower()
    is_flow = schema.startswith("flow.") or isinstance(raw.get("nodes"), list) or "flow" in raw
    return "flow" if is_flow and "command" not in raw else "command"


def _command_body(
    reading: Reading, raw: Mapping[str, Any], pointer: Pointer, spec: Mapping[str, Any]
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "code": read_code(reading, raw.get("code"), (*pointer, "code")),
        "environment": read_environment(reading, raw.get("environment"), (*pointer, "environment")),
        "command": check_command(
            reading,
            raw.get("command"),
            (*pointer, "command"),
            spec["inputs"],
            {**spec["outputs"], "artifacts": None},
            is_job=False,
        ),
    }
    kept = ("resources", "distribution", "additional_includes", "services", "identity", "parallel")
    for key in kept:
        if raw.get(key) is not None:
            body[key] = raw[key]
    if body.get("distribution"):
        body["distribution"] = read_distribution(
            reading, body["distribution"], (*pointer, "distribution")
        )
    if raw.get("environment_variables"):
        body["environment_variables"] = reading.texts(
            raw["environment_variables"],
            (*pointer, "environment_variables"),
            "environment_variables",
        )
    if raw.get("limits"):
        body["limits"] = reading.limits(raw["limits"], (*pointer, "limits"))
    return body


def _ports(
    reading: Reading, value: Any, pointer: Pointer, *, inputs: bool
) -> dict[str, dict[str, Any]]:
    ports = {}
    what = "inputs" if inputs else "outputs"
    for name, item in reading.mapping(value, pointer, what).items():
        here = (*pointer, name)
        if isinstance(item, str):
            item = {"type": item}
        entry = reading.mapping(item, here, f"the declaration of '{name}'")
        if "jobInputType" in entry or "jobOutputType" in entry:
            entry = {
                "type": entry.get("type", entry.get("jobInputType", entry.get("jobOutputType")))
            } | entry
        allowed = (
            (words.PORT_TYPES | words.LITERAL_TYPES)
            if inputs
            else (words.PORT_TYPES | {"string", "boolean"})
        )
        kind = reading.port_type(
            entry.get("type") or "uri_folder", (*here, "type"), allowed | {"number", "integer"}
        )
        ports[name] = (
            _port(reading, entry, kind, here) if inputs else {**_plain(entry, _OUT), "type": kind}
        )
    return ports


_IN = [
    "label",
    "default",
    "min",
    "max",
    "enum",
    "description",
    "optional",
    "mode",
    "help",
    "kinds",
    "multiple",
    "visible_when",
    "language",
]
_OUT = ["label", "description", "mode"]


def _plain(entry: Mapping[str, Any], keys: list[str]) -> dict[str, Any]:
    return {key: entry[key] for key in keys if entry.get(key) is not None}


def _port(
    reading: Reading, entry: Mapping[str, Any], kind: str, pointer: Pointer
) -> dict[str, Any]:
    result = {"type": kind, **_plain(entry, _IN)}
    if "optional" in result:
        result["optional"] = str(result["optional"]).lower() in ("true", "1")
    for key in ("default", "min", "max"):
        if key in result and kind in ("integer", "number", "boolean"):
            try:
                result[key] = as_type(result[key], kind)
            except ValueError:
                raise reading.error(
                    (*pointer, key), f"{key} {result[key]!r} is not of type {kind}"
                ) from None
    if "enum" in result and not isinstance(result["enum"], list):
        raise reading.error((*pointer, "enum"), "enum must be a list of values")
    return result


def unsupported(reading: Reading, kind: str, pointer: Pointer, step: str = "") -> Exception:
    """Return the error for a kind of job that comes in a later version."""
    owner = f"step '{step}': " if step else ""
    return reading.error(
        pointer,
        f'{owner}kind "{kind}" is not supported yet',
        hint="Command and pipeline jobs run today.",
    )
