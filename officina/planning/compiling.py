"""Makes the command document of one step: every binding replaced by what it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from officina.documents.expressions import EXPRESSION, as_text, resolve, unknown_name
from officina.documents.vocabulary import FILE_TYPES
from officina.errors import StudioError
from officina.graph import component_name
from officina.planning.order import sources_of, steps_of

Document = dict[str, Any]
OutputsOf = Callable[[str, str], Mapping[str, Any]]

_STEP = "parent.jobs."


def compile_step(
    document: Mapping[str, Any], step: str, *, inputs: Mapping[str, Any], outputs_of: OutputsOf
) -> Document:
    """Return the canonical Command document of one step, every binding replaced by its value.

    `inputs` are the pipeline's inputs (canonical entries or plain values), `outputs_of(step,
    output)` gives the entry of a finished step's output with its `uri`. A module keeps its spec
    under "component" and has no command.
    """
    node = _node(document, step)
    component = component_spec(node.get("component"), step)
    values = {name: _entry(value) for name, value in (inputs or {}).items()}
    filled = _fill_inputs(step, node, component, values, outputs_of)

    def lookup(name: str) -> Any:
        return _plain(step, name, values, outputs_of)

    compiled: Document = {
        "jobType": "Command",
        "displayName": node.get("displayName") or component.get("display_name") or step,
        "experimentName": document.get("experimentName"),
        "description": node.get("description") or component.get("description"),
        "tags": {},
        "computeId": _compute(document, node, lookup),
        "environmentId": _environment(document, node, component),
        "codeId": component.get("code"),
        "command": component.get("command") or "",
        "inputs": filled,
        "outputs": _fill_outputs(document, node),
        "environmentVariables": _variables(document, node, component, lookup),
        "resources": {"instance_count": 1}
        | dict(component.get("resources") or {})
        | dict(node.get("resources") or {}),
        "limits": dict(component.get("limits") or {}) | dict(node.get("limits") or {}),
        "maxAttempts": node.get("maxAttempts") or document.get("maxAttempts") or 1,
        "component": component,
    }
    for key in ("distribution", "identity", "services"):
        if node.get(key) or component.get(key):
            compiled[key] = node.get(key) or component.get(key)
    includes = node.get("additionalIncludes") or component.get("additional_includes")
    return compiled | ({"additionalIncludes": includes} if includes else {})


def _node(document: Mapping[str, Any], step: str) -> Mapping[str, Any]:
    """Return a step's node; the pipeline is flattened only where this step touches a nested one."""
    jobs = document.get("jobs") or {}
    node: Mapping[str, Any] | None = jobs.get(step)
    near = [node, *(jobs.get(source) for source in sources_of(node))] if node else [None]
    if any(one is None or one.get("type") == "pipeline" for one in near):
        node = steps_of(document).get(step)
    if node is None:
        raise StudioError(
            f"the pipeline has no step '{step}'", where=f"jobs.{step}", code="not_found"
        )
    return node


def component_spec(component: Any, step: str) -> Document:
    """Return the spec of a node's component; a reference to a built-in module is looked up in the
    catalogue.
    """
    if isinstance(component, Mapping):
        return dict(component)
    text = str(component or "")
    if text.startswith("azureml://registries/officina/components/"):
        from officina.catalogue import Catalogue

        name, version = component_name(text)
        return dict(Catalogue().get(name, version if "/versions/" in text else None).to_spec())
    raise StudioError(
        f"the component '{text}' of step '{step}' is not at hand",
        where=f"jobs.{step}.component",
        hint="Submit the pipeline to a workspace where it is registered, or give its file.",
        code="not_found",
    )


def _entry(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping) and "jobInputType" in value:
        return value
    return {"jobInputType": "literal", "value": value}


def _fill_inputs(
    step: str,
    node: Mapping[str, Any],
    component: Mapping[str, Any],
    values: Mapping[str, Mapping[str, Any]],
    outputs_of: OutputsOf,
) -> Document:
    declared = component.get("inputs") or {}
    filled: Document = {}
    for name, entry in (node.get("inputs") or {}).items():
        if _is_blank(entry, declared.get(name) or {}, component):
            filled[name] = {"jobInputType": "literal", "value": None}
            continue
        got = _fill_input(step, name, entry, values, outputs_of)
        if got is not None:
            filled[name] = _in_declared_type(step, name, got, declared.get(name) or {})
    for name, spec in declared.items():
        if name not in filled and spec.get("default") is not None:
            filled[name] = {"jobInputType": "literal", "value": spec["default"]}
        elif name not in filled and not spec.get("optional") and component.get("type") != "module":
            raise StudioError(
                f"step '{step}' has no value for its input '{name}'",
                where=f"jobs.{step}.inputs.{name}",
                hint="Give it one, or mark it optional in the component.",
            )
    return filled


def _is_blank(
    entry: Mapping[str, Any], spec: Mapping[str, Any], component: Mapping[str, Any]
) -> bool:
    """Say whether a module's parameter was cleared on purpose: its default must not come back."""
    if component.get("type") != "module" or not spec.get("optional"):
        return False
    return entry.get("jobInputType") == "literal" and entry.get("value", "") is None


def _fill_input(
    step: str,
    name: str,
    entry: Mapping[str, Any],
    values: Mapping[str, Mapping[str, Any]],
    outputs_of: OutputsOf,
) -> Document | None:
    """Return one input with its binding replaced; None when an optional pipeline input was not
    given.
    """
    is_literal = entry.get("jobInputType") == "literal"
    text = entry.get("value") if is_literal else entry.get("uri")
    whole = EXPRESSION.fullmatch(text.strip()) if isinstance(text, str) and "${{" in text else None
    if whole is None:
        if isinstance(text, str) and "${{" in text:
            text = resolve(text, lambda found: _plain(step, found, values, outputs_of))
        if text is None:
            return None
        return {**entry, "value" if is_literal else "uri": text}
    source = _source(step, whole[1], values, outputs_of)
    mode = entry.get("mode") or source.get("mode") or "ro_mount"
    if source.get("jobInputType") == "literal":
        value = source.get("value")
        if value is None:
            return None
        if is_literal:
            return {"jobInputType": "literal", "value": value}
        return {"jobInputType": entry["jobInputType"], "uri": value, "mode": mode}
    if source.get("uri") is None:
        return None
    # What comes in says best whether it is a file or a folder; a module's own types are the
    # module's.
    gives, takes = source.get("jobInputType"), entry["jobInputType"]
    kind = gives if is_literal or (gives in FILE_TYPES and takes in FILE_TYPES) else takes
    return {"jobInputType": kind or "uri_folder", "uri": source["uri"], "mode": mode}


def _source(
    step: str, name: str, values: Mapping[str, Mapping[str, Any]], outputs_of: OutputsOf
) -> Mapping[str, Any]:
    """Return the entry that an expression names: a pipeline input, or an output of a finished
    step.
    """
    parts = name.split(".")
    if name in ("name", "output_name", "default_datastore"):  # known to the run, not to its plan
        return {"jobInputType": "literal", "value": f"${{{{{name}}}}}"}
    if parts[:2] == ["parent", "inputs"] and ".".join(parts[2:]) in values:
        return values[".".join(parts[2:])]
    if name.startswith(_STEP) and ".outputs." in name:
        source, _, output = name.removeprefix(_STEP).partition(".outputs.")
        try:
            found = outputs_of(source, output)
        except KeyError:
            raise StudioError(
                f"step '{source}' gave no output '{output}'",
                where=f"jobs.{step}",
                hint="Check that the step declares it.",
            ) from None
        return {
            "jobInputType": found.get("jobOutputType") or found.get("type"),
            "uri": found["uri"],
        }
    known = [f"parent.inputs.{one}" for one in values]
    raise unknown_name(name, known, f"jobs.{step}")


def _plain(
    step: str, name: str, values: Mapping[str, Mapping[str, Any]], outputs_of: OutputsOf
) -> Any:
    source = _source(step, name, values, outputs_of)
    return source.get("value") if source.get("jobInputType") == "literal" else source.get("uri")


def _in_declared_type(step: str, name: str, entry: Document, spec: Mapping[str, Any]) -> Document:
    if entry.get("jobInputType") != "literal" or not spec:
        return entry
    from officina.documents.parts import as_type

    kind = spec.get("type")
    try:
        value = as_type(entry["value"], kind)
    except ValueError:
        raise StudioError(
            f"the input '{name}' of step '{step}' is {entry['value']!r}, not of type {kind}",
            where=f"jobs.{step}.inputs.{name}",
        ) from None
    return {"jobInputType": "literal", "value": value}


def _fill_outputs(document: Mapping[str, Any], node: Mapping[str, Any]) -> Document:
    """Return the outputs with a binding to a pipeline output replaced by what that one asks for."""
    wanted = document.get("outputs") or {}
    filled = {}
    for name, entry in (node.get("outputs") or {}).items():
        match = EXPRESSION.fullmatch(str(entry.get("uri") or "").strip())
        entry = dict(entry)
        if match and match[1].startswith("parent.outputs."):
            entry.pop("uri")
            target = wanted.get(match[1].removeprefix("parent.outputs.")) or {}
            keys = ("uri", "mode", "assetName", "assetVersion")
            entry |= {key: target[key] for key in keys if target.get(key)}
        filled[name] = entry
    return filled


def _compute(
    document: Mapping[str, Any], node: Mapping[str, Any], lookup: Callable[[str], Any]
) -> str | None:
    settings = document.get("settings") or {}
    name = node.get("computeId") or settings.get("default_compute") or document.get("computeId")
    if isinstance(name, str) and "${{" in name:
        name = resolve(name, lookup)
    return str(name).removeprefix("azureml:") if name else None


def _environment(
    document: Mapping[str, Any], node: Mapping[str, Any], component: Mapping[str, Any]
) -> Any:
    settings = document.get("settings") or {}
    return (
        node.get("environmentId")
        or component.get("environment")
        or settings.get("default_environment")
        or settings.get("environment")
    )


def _variables(
    document: Mapping[str, Any],
    node: Mapping[str, Any],
    component: Mapping[str, Any],
    lookup: Callable[[str], Any],
) -> dict[str, str]:
    merged = (
        dict(document.get("environmentVariables") or {})
        | dict(component.get("environment_variables") or {})
        | dict(node.get("environmentVariables") or {})
    )
    return {
        key: as_text(resolve(value, lookup))
        if isinstance(value, str) and "${{parent" in value
        else value
        for key, value in merged.items()
    }
