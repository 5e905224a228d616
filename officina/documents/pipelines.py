"""Reads the steps of a pipeline into canonical nodes with a component each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from officina.documents import parallel
from officina.documents import vocabulary as words
from officina.documents.components import read_component, read_spec, unsupported
from officina.documents.distribution import read_distribution
from officina.documents.expressions import EXPRESSION
from officina.documents.parts import (
    coerce,
    data_address,
    read_environment,
    read_inputs,
    read_outputs,
    type_of_literal,
)
from officina.documents.reading import Reading, nearest
from officina.documents.recorded import recorded_node
from officina.documents.yamlio import Pointer
from officina.errors import StudioError
from officina.graph import REGISTRY, component_name

Node = dict[str, Any]


@dataclass(frozen=True)
class Parent:
    """The inputs and outputs of the pipeline around a step, which give its bindings their types."""

    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


def read_settings(reading: Reading, value: Any, pointer: Pointer) -> dict[str, Any]:
    """Return the pipeline settings; an unknown one is a warning, because Azure ignores it."""
    settings: dict[str, Any] = {}
    for key, item in reading.mapping(value, pointer, "settings").items():
        if key not in words.SETTINGS_KEYS:
            reading.warn(
                (*pointer, key),
                f"the setting '{key}' is not known and is ignored. {nearest(key, _SHOWN)}",
            )
        elif item is not None and key != "_source":
            settings[key] = item
    if "default_compute" in settings:
        settings["default_compute"] = reading.compute(
            settings["default_compute"], (*pointer, "default_compute")
        )
    if "default_datastore" in settings:
        settings["default_datastore"] = str(settings["default_datastore"]).removeprefix("azureml:")
    return settings


_SHOWN = words.SETTINGS_KEYS - {"_source", "environment", "on_init", "on_finalize"}


def read_nodes(reading: Reading, value: Any, pointer: Pointer, parent: Parent) -> dict[str, Node]:
    """Return the canonical nodes of a pipeline job or pipeline component."""
    jobs = reading.mapping(value, pointer, "jobs")
    if not jobs:
        raise reading.error(
            pointer, "the pipeline has no steps", hint="Add at least one under 'jobs:'."
        )
    nodes = {}
    for step, raw in jobs.items():
        here = (*pointer, step)
        node = reading.mapping(raw, here, f"step '{step}'")
        nodes[step] = _read_node(reading, step, node, here, parent, set(jobs))
    return nodes


def _read_node(
    reading: Reading,
    step: str,
    raw: Node,
    pointer: Pointer,
    parent: Parent,
    steps: set[str],
) -> Node:
    raw = _from_rest(raw)
    kind = str(raw.get("type") or "command").lower()
    if kind in words.UNSUPPORTED_KINDS:
        if not reading.runnable:
            return recorded_node(reading, raw, kind, pointer, step)
        raise unsupported(reading, kind, pointer, step)
    if kind == "parallel":
        raw, kind = _parallel(reading, raw, pointer), "command"
    given = raw.pop("parallel", None) if raw.get("component") is not None else None
    if kind not in ("command", "pipeline", "component", "module"):
        raise reading.error(
            (*pointer, "type"),
            f"step '{step}': '{kind}' is not a kind of step",
            hint="Use command.",
        )
    others: Literal["refused", "ignored"] = "ignored" if raw.get("component") else "refused"
    known = words.NODE_KEYS | {"parallel"}
    reading.known(raw, pointer, known, f"step '{step}'", others=others)
    raw = _old_bindings(reading, raw, pointer, steps)
    inputs = read_inputs(reading, raw.get("inputs"), (*pointer, "inputs"))
    outputs = read_outputs(reading, raw.get("outputs"), (*pointer, "outputs"))
    if raw.get("component") is not None:
        try:
            component = read_component(reading, raw["component"], (*pointer, "component"))
        except Exception as error:
            if hasattr(error, "message") and step not in error.message:
                error.message = f"step '{step}': {error.message}"
            raise
        if isinstance(component, Mapping) and component["type"] in words.UNSUPPORTED_KINDS:
            raw = {**raw, "component": component}
            return recorded_node(reading, raw, str(component["type"]), pointer, step)
    else:
        outputs = _types_of_outputs(outputs, parent)
        component = _inline(reading, step, raw, pointer, inputs, outputs, parent)
    if given and isinstance(component, Mapping):
        component = parallel.with_settings(reading, component, given, pointer)
    kind = (
        component["type"]
        if isinstance(component, Mapping)
        else ("pipeline" if kind == "pipeline" else "command")
    )
    node: Node = {"type": "pipeline" if kind == "pipeline" else "command", "component": component}
    node["inputs"] = _typed_inputs(reading, inputs, component, parent, (*pointer, "inputs"))
    node["outputs"] = _typed_outputs(outputs, component)
    node.update(_node_extras(reading, raw, pointer, component))
    return node


def _parallel(reading: Reading, raw: Node, pointer: Pointer) -> Node:
    """Return a parallel step as a command; one that has a component keeps what it sets anew."""
    known = words.NODE_KEYS | parallel.KEYS
    if raw.get("component") is None:
        reading.known(raw, pointer, known, "a parallel step")
        return parallel.as_command(reading, raw, pointer)
    given = {key: raw[key] for key in (*parallel.SETTINGS, "resources") if key in raw}
    rest = {key: item for key, item in raw.items() if key not in parallel.KEYS | {"resources"}}
    return {**rest, "type": "command", "parallel": given}


def _from_rest(raw: Node) -> Node:
    """Return a node with YAML key names; REST and stored documents use some camelCase ones."""
    return {
        _REST.get(key, key): item
        for key, item in raw.items()
        if key not in ("_source", "name") or "command" in raw
    }


_REST = {
    "displayName": "display_name",
    "componentId": "component",
    "computeId": "compute",
    "environmentId": "environment",
    "codeId": "code",
    "environmentVariables": "environment_variables",
    "forceRerun": "force_rerun",
    "dependsOn": "depends_on",
    "maxAttempts": "max_attempts",
    "queueSettings": "queue_settings",
    "additionalIncludes": "additional_includes",
    "experimentName": "experiment_name",
    "isDeterministic": "is_deterministic",
}


def _old_bindings(reading: Reading, raw: Node, pointer: Pointer, steps: set[str]) -> Node:
    """Read `${{inputs.x}}` and `${{jobs.s.outputs.o}}` of early schema versions as bindings to the
    parent.
    """
    result = dict(raw)
    for group in ("inputs", "outputs"):
        entries = raw.get(group)
        if not isinstance(entries, Mapping):
            continue
        changed = {}
        for name, item in entries.items():
            match = EXPRESSION.fullmatch(item.strip()) if isinstance(item, str) else None
            if match and match[1].split(".")[0] in ("inputs", "jobs", "outputs"):
                reading.warn(
                    (*pointer, group, name),
                    f"'{item}' is an early spelling; it is read as 'parent.{match[1]}'",
                )
                item = f"${{{{parent.{match[1]}}}}}"
            changed[name] = item
        result[group] = changed
    return result


def _inline(
    reading: Reading,
    step: str,
    raw: Node,
    pointer: Pointer,
    inputs: Node,
    outputs: Node,
    parent: Parent,
) -> Node:
    """Return the component that a step written in place amounts to."""
    keys = [
        "code",
        "environment",
        "command",
        "resources",
        "distribution",
        "additional_includes",
        "is_deterministic",
        "services",
        "parallel",
    ]
    spec: Node = {key: raw[key] for key in keys if raw.get(key) is not None}
    spec |= {"name": step, "type": "command", "inputs": {}, "outputs": {}}
    if raw.get("display_name"):
        spec["display_name"] = raw["display_name"]
    for name, entry in inputs.items():
        spec["inputs"][name] = {"type": _type_of(entry, parent)}
    for name, entry in outputs.items():
        spec["outputs"][name] = {"type": entry["jobOutputType"]}
    return read_spec(reading, spec, pointer)


def _types_of_outputs(outputs: Node, parent: Parent) -> Node:
    """Return the outputs of a step written in place: one that is bound has the pipeline's type."""
    result = {}
    for name, entry in outputs.items():
        match = EXPRESSION.fullmatch(str(entry.get("uri") or "").strip())
        bound = parent.outputs.get(match[1].removeprefix("parent.outputs.")) if match else None
        kind = (bound or {}).get("jobOutputType") or (bound or {}).get("type")
        result[name] = {**entry, "jobOutputType": kind or entry["jobOutputType"]}
    return result


def _type_of(entry: Mapping[str, Any], parent: Parent) -> str:
    if entry["jobInputType"] != "literal":
        return str(entry["jobInputType"])
    value = entry.get("value")
    match = EXPRESSION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return str(entry.get("type") or type_of_literal(value))
    return _type_of_binding(match[1], parent) or "string"


def _type_of_binding(name: str, parent: Parent) -> str | None:
    """Return the type that a binding brings, as far as the pipeline itself tells."""
    parts = name.split(".")
    if parts[:2] == ["parent", "jobs"] or parts[:2] == ["parent", "outputs"]:
        return "uri_folder"
    source = parent.inputs.get(".".join(parts[2:])) if parts[:2] == ["parent", "inputs"] else None
    if not isinstance(source, Mapping):
        return None
    if source.get("jobInputType", "literal") != "literal":
        return str(source["jobInputType"])
    if source.get("type"):
        return str(source["type"])
    return type_of_literal(source.get("value"))


def _typed_inputs(
    reading: Reading,
    inputs: Node,
    component: Any,
    parent: Parent,
    pointer: Pointer,
) -> Node:
    """Return inputs with bindings and literals in the types that the component declares."""
    declared = component.get("inputs") or {} if isinstance(component, Mapping) else {}
    declared = declared or _ports_of_module(component)
    result = {}
    for name, entry in inputs.items():
        spec = declared.get(name) or {}
        kind = spec.get("type")
        if entry["jobInputType"] != "literal":
            # The declared mode counts when the step gives none; read_input has put in the default
            # already.
            result[name] = entry
            continue
        value = entry.get("value")
        match = EXPRESSION.fullmatch(value.strip()) if isinstance(value, str) else None
        if match:
            kind = kind or entry.get("type") or _type_of_binding(match[1], parent)
        if isinstance(value, str) and kind in words.PORT_TYPES:
            mode = spec.get("mode") or "ro_mount"
            uri = value.strip() if match else data_address(reading, value, (*pointer, name))
            result[name] = {"jobInputType": str(kind), "uri": uri, "mode": mode}
        else:
            result[name] = {
                "jobInputType": "literal",
                "value": coerce(reading, value, kind, (*pointer, name)),
            }
    return result


def _ports_of_module(component: Any) -> Node:
    """Return the data inputs of a built-in module, so that what is given for them is data.

    Its parameters are left as they are: the checks say what is wrong with them, field by field.
    """
    if not isinstance(component, str) or not component.startswith(REGISTRY):
        return {}
    from officina.catalogue import Catalogue

    name, version = component_name(component)
    try:
        spec = Catalogue().get(name, version if "/versions/" in component else None).to_spec()
    except StudioError:
        return {}  # the checks name the nearest one
    return {key: port for key, port in spec["inputs"].items() if port["type"] in words.PORT_TYPES}


def _typed_outputs(outputs: Node, component: Any) -> Node:
    """Return every output that the component declares, in its type, with what the step says about
    it.
    """
    declared = component.get("outputs") or {} if isinstance(component, Mapping) else {}
    result = {
        name: {"jobOutputType": spec["type"], "mode": spec.get("mode") or "rw_mount"}
        for name, spec in declared.items()
    }
    for name, entry in outputs.items():
        kind = declared[name]["type"] if name in declared else entry["jobOutputType"]
        result[name] = {**entry, "jobOutputType": kind}
    return result


def _node_extras(reading: Reading, raw: Node, pointer: Pointer, component: Any) -> Node:
    node: Node = {}
    for key in ("display_name", "description", "comment"):
        if raw.get(key) is not None:
            node[words.HEADS.get(key, key)] = reading.text(raw[key], (*pointer, key), key)
    if isinstance(raw.get("position"), Mapping):
        node["position"] = dict(raw["position"])
    if raw.get("compute") is not None:
        node["computeId"] = reading.compute(raw["compute"], (*pointer, "compute"))
    if raw.get("environment") is not None and raw.get("component") is not None:
        node["environmentId"] = read_environment(
            reading, raw["environment"], (*pointer, "environment")
        )
    if raw.get("environment_variables"):
        here = (*pointer, "environment_variables")
        node["environmentVariables"] = reading.texts(
            raw["environment_variables"], here, "environment_variables"
        )
    if raw.get("limits"):
        node["limits"] = reading.limits(raw["limits"], (*pointer, "limits"))
    settings = raw.get("settings") or {}
    force = raw.get(
        "force_rerun", settings.get("force_rerun") if isinstance(settings, Mapping) else None
    )
    if force is not None:
        node["forceRerun"] = bool(force)
    if raw.get("depends_on"):
        after = raw["depends_on"]
        node["dependsOn"] = [after] if isinstance(after, str) else [str(one) for one in after]
    if raw.get("max_attempts") is not None:
        node["maxAttempts"] = max(1, int(raw["max_attempts"]))
    if raw.get("resources"):
        node["resources"] = reading.mapping(raw["resources"], (*pointer, "resources"), "resources")
    if raw.get("distribution"):
        raw["distribution"] = read_distribution(
            reading, raw["distribution"], (*pointer, "distribution")
        )
    for key, canonical in words.EXTRAS.items():
        if raw.get(key) and (
            key in ("identity", "queue_settings", "properties") or raw.get("component") is not None
        ):
            node[canonical] = raw[key]
    return node
