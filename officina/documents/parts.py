"""Reads the parts that commands, nodes and components share: inputs, outputs, environment, code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from officina.documents import vocabulary as words
from officina.documents.expressions import EXPRESSION, references_in
from officina.documents.reading import Reading
from officina.documents.references import parse_reference
from officina.documents.yamlio import Pointer, load_located, refuse_not_finite
from officina.errors import StudioError
from officina.finite import is_finite

Entry = dict[str, Any]


def read_inputs(reading: Reading, value: Any, pointer: Pointer) -> dict[str, Entry]:
    """Return the canonical inputs of a job: literals with type, data with address and mode."""
    inputs = {}
    for name, item in reading.mapping(value, pointer, "inputs").items():
        if name in ("type", "mode") and isinstance(item, str) and len(item) < 30 and item in _STRAY:
            reading.warn(
                (*pointer, name),
                f"'{name}: {item}' directly under inputs is taken as an input called '{name}'",
            )
        inputs[name] = read_input(reading, item, (*pointer, name))
    return inputs


_STRAY = words.PORT_TYPES | words.LITERAL_TYPES | set(words.MODES)


def read_input(reading: Reading, value: Any, pointer: Pointer) -> Entry:
    """Return one canonical input from a literal, a binding or a mapping of type, path and mode."""
    if not isinstance(value, Mapping):
        return literal(reading, value, pointer)
    item = {str(key): entry for key, entry in value.items()}
    if "jobInputType" in item or "job_input_type" in item:
        return _canonical_input(reading, item, pointer)
    reading.known(item, pointer, words.INPUT_KEYS, "an input")
    item = _old_input(reading, item, pointer)
    path = reading.text(item.get("path"), (*pointer, "path"), "the path")
    kind = item.get("type")
    if kind is not None:
        kind = reading.port_type(kind, (*pointer, "type"))
    if kind in words.LITERAL_TYPES or (kind is None and path is None):
        given = item.get("value", item.get("default", path))
        result = literal(reading, coerce(reading, given, kind, pointer), pointer)
        return result | ({"type": kind} if kind else {}) | _words(item)
    if path is None:
        given = item.get("value", item.get("default"))
        path = reading.text(given, pointer, "the path")
    result = {
        "jobInputType": kind or "uri_folder",
        "uri": data_address(reading, path, (*pointer, "path")),
    }
    result["mode"] = reading.mode(item.get("mode"), (*pointer, "mode")) or "ro_mount"
    if item.get("optional"):
        result["optional"] = True
    return result | _words(item)


def _canonical_input(reading: Reading, item: Entry, pointer: Pointer) -> Entry:
    kind = str(item.get("jobInputType", item.get("job_input_type")))
    known = {
        "jobInputType",
        "job_input_type",
        "value",
        "uri",
        "mode",
        "type",
        "optional",
        "description",
        "default",
    }
    reading.known(item, pointer, known | {"pathOnCompute"}, "an input")
    if kind.lower() == "literal":
        result = literal(reading, item.get("value"), (*pointer, "value"))
        return result | ({"type": item["type"]} if item.get("type") else {}) | _words(item)
    kind = reading.port_type(kind, (*pointer, "jobInputType"), words.PORT_TYPES)
    uri = reading.text(item.get("uri"), (*pointer, "uri"), "the address")
    result = {"jobInputType": kind, "uri": data_address(reading, uri, (*pointer, "uri"))}
    result["mode"] = reading.mode(item.get("mode"), (*pointer, "mode")) or "ro_mount"
    return result | ({"optional": True} if item.get("optional") else {}) | _words(item)


def _words(item: Entry) -> Entry:
    return {"description": str(item["description"])} if item.get("description") else {}


def _old_input(reading: Reading, item: Entry, pointer: Pointer) -> Entry:
    """Read the spellings of earlier schema versions: dataset.local_path, data, file, folder."""
    for key in ("dataset", "data", "file", "folder", "local_path", "datastore"):
        if item.get(key) is None or item.get("path") is not None:
            continue
        old = item[key]
        if isinstance(old, Mapping):
            old = old.get("local_path") or old.get("path") or old.get("paths")
            if isinstance(old, list) and old and isinstance(old[0], Mapping):
                old = old[0].get("file") or old[0].get("folder")
        reading.warn(pointer, f"'{key}' is an early spelling; it is read as 'path'")
        kind = {"file": "uri_file"}.get(key, "uri_folder")
        item = {"type": kind, **item, "path": old}
    return item


def literal(reading: Reading, value: Any, pointer: Pointer) -> Entry:
    """Return the canonical form of a value; NaN and infinity are refused, wherever they are in it.

    Lists and mappings are for modules, whose column parameters take them.
    """
    if isinstance(value, Mapping | list):
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            literal(reading, item, (*pointer, key))
    refuse_not_finite(value, reading.located.where(pointer))
    return {"jobInputType": "literal", "value": value}


def coerce(reading: Reading, value: Any, kind: str | None, pointer: Pointer) -> Any:
    """Return a literal in its declared type; what does not fit is an error with its place."""
    if value is None or (isinstance(value, str) and EXPRESSION.search(value)):
        return value
    problem = f"{value!r} is not of the declared type {kind}"
    try:
        return as_type(value, kind)
    except ValueError:
        raise reading.error(pointer, problem, hint=f"Give a value of type {kind}.") from None


def as_type(value: Any, kind: str | None) -> Any:
    """Return a literal as the declared type (texts from a command line or REST become numbers);
    ValueError if it is not.
    """
    if kind in ("integer", "number", "boolean") and not isinstance(value, bool | int | float | str):
        raise ValueError(value)
    if kind == "integer":
        if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
            raise ValueError(value)
        return int(value)
    if kind == "number":
        if isinstance(value, bool):
            raise ValueError(value)
        number = value if isinstance(value, int) else float(value)
        if not is_finite(number):
            raise ValueError(value)
        return number
    if kind == "boolean":
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("true", "1", "yes", "false", "0", "no"):
            return str(value).lower() in ("true", "1", "yes")
        raise ValueError(value)
    if kind == "columns" and isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            return json.loads(value)  # Azure's YAML has no mappings as values
        except (ValueError, RecursionError):
            return value
    if kind == "string" and isinstance(value, bool | int | float):
        return str(value)
    return value


def data_address(reading: Reading, text: str | None, pointer: Pointer) -> str | None:
    return None if text is None else reading.local(text, pointer, "data")


def read_outputs(reading: Reading, value: Any, pointer: Pointer) -> dict[str, Entry]:
    """Return the canonical outputs; a name alone (`world:`) is a writable folder."""
    outputs = {}
    for name, item in reading.mapping(value, pointer, "outputs").items():
        outputs[name] = read_output(reading, item, (*pointer, name))
    return outputs


def read_output(reading: Reading, value: Any, pointer: Pointer) -> Entry:
    if value is None:
        return {"jobOutputType": "uri_folder", "mode": "rw_mount"}
    if isinstance(value, str):
        if value in words.MODES:
            return {"jobOutputType": "uri_folder", "mode": value}
        return {"jobOutputType": "uri_folder", "mode": "rw_mount", "uri": value}
    item = reading.mapping(value, pointer, "an output")
    kind, path = (
        item.get("jobOutputType", item.get("job_output_type", item.get("type"))),
        item.get("uri", item.get("path")),
    )
    if kind == "literal" or (
        kind is None and "value" in item
    ):  # how the Azure client sends a bound output
        return {"jobOutputType": "uri_folder", "mode": "rw_mount", "uri": item.get("value")}
    rest = {"jobOutputType", "job_output_type", "uri", "assetName", "assetVersion", "value"}
    reading.known(item, pointer, words.OUTPUT_KEYS | rest, "an output")
    result: Entry = {
        "jobOutputType": reading.port_type(
            kind or "uri_folder", (*pointer, "type"), words.PORT_TYPES
        ),
        "mode": reading.mode(item.get("mode"), (*pointer, "mode")) or "rw_mount",
    }
    if path is not None and not isinstance(path, Mapping):
        result["uri"] = reading.text(path, (*pointer, "path"), "the path")
    for key, rest_key in (("name", "assetName"), ("version", "assetVersion")):
        given = item.get(rest_key, item.get(key))
        if given is not None:
            result[rest_key] = reading.text(given, (*pointer, key), key)
    return result


def read_environment(reading: Reading, value: Any, pointer: Pointer) -> Any:
    """Return an environment reference as text, or an inline environment with its conda file read
    in.
    """
    if value is None:
        return None
    if isinstance(value, str):
        if reading.reference(parse_reference, value, pointer).is_local:
            if not value.startswith(("file:", "./", "../", "/")) and not value.endswith(
                (".yml", ".yaml")
            ):
                return value  # a bare name: the registry of environments decides
            path = reading.file(value, pointer, "the environment")
            inner = reading.inside(load_located(path), path)
            return read_environment(inner, inner.located.data, ())
        return value
    item = reading.mapping(value, pointer, "the environment")
    item = {
        snake_key: entry
        for key, entry in item.items()
        if (snake_key := _ENVIRONMENT_REST.get(key, key))
    }
    reading.known(item, pointer, words.ENVIRONMENT_KEYS, "the environment")
    result = {key: entry for key, entry in item.items() if entry is not None and key != "$schema"}
    if "version" in result:
        result["version"] = reading.text(result["version"], (*pointer, "version"), "the version")
    if isinstance(result.get("conda_file"), str) and not _is_text(result["conda_file"]):
        path = reading.file(result["conda_file"], (*pointer, "conda_file"), "the conda file")
        result["conda_file"] = load_located(path).data
    build = result.get("build")
    if isinstance(build, Mapping) and isinstance(build.get("path") or build.get("local_path"), str):
        context = str(build.get("path") or build.get("local_path"))
        rest = {key: entry for key, entry in build.items() if key != "local_path"}
        result["build"] = {
            **rest,
            "path": reading.local(context, (*pointer, "build", "path"), "code"),
        }
    return result


_ENVIRONMENT_REST = {
    "condaFile": "conda_file",
    "osType": "os_type",
    "inferenceConfig": "inference_config",
}


def _is_text(conda_file: str) -> bool:
    """Say whether a conda file is given as its content (REST sends it so) instead of a path."""
    return "\n" in conda_file or conda_file.lstrip().startswith("{")


def read_code(reading: Reading, value: Any, pointer: Pointer) -> str | None:
    """Return the code address, marked when it is a local folder."""
    if isinstance(value, Mapping) and value.get("local_path"):
        reading.warn(pointer, "'code.local_path' is an early spelling; it is read as 'code'")
        value = value["local_path"]
    text = reading.text(value, pointer, "code")
    return reading.local(text, pointer, "code") if text else None


def type_of_literal(value: Any) -> str:
    """Return the parameter type that fits a value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "number" if isinstance(value, float) else "string"


def check_command(
    reading: Reading,
    command: Any,
    pointer: Pointer,
    inputs: Any,
    outputs: Any,
    *,
    is_job: bool = True,
) -> str:
    """Return the command after checking that each name in it is an input or output that exists.

    A component that is only read, not run, may name others: Azure says nothing before it runs.
    """
    text = reading.text(command, pointer, "the command")
    if not text or not text.strip():
        raise reading.error(
            pointer, "there is no command", hint="Add 'command:' with what is to be run."
        )
    known = [f"inputs.{name}" for name in inputs] + [f"outputs.{name}" for name in outputs]
    for name in references_in(text):
        group = name.split(".")[0]
        if group in ("inputs", "outputs") and name not in known:
            from officina.documents.expressions import unknown_name

            error = unknown_name(name, known)
            error.where = reading.located.where(pointer)
            if is_job or reading.runnable:
                raise error
            reading.warn(pointer, f"{error.message}; it cannot run so")
        if group == "search_space":
            raise StudioError(
                "'${{search_space...}}' belongs to a sweep, which is not supported yet",
                where=reading.located.where(pointer),
            )
    return text
