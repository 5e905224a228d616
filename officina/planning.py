"""Plans a pipeline: what depends on what, what may start, what each step runs, and whether its
result is known.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from officina.documents.expressions import EXPRESSION, as_text, resolve, unknown_name
from officina.documents.nesting import flatten, is_nested
from officina.documents.vocabulary import FILE_TYPES
from officina.errors import StudioError
from officina.graph import component_name, topological

Document = dict[str, Any]
OutputsOf = Callable[[str, str], Mapping[str, Any]]

COMPLETED = "Completed"
FAILED = frozenset({"Failed", "Canceled"})
_STEP = "parent.jobs."


def steps_of(document: Mapping[str, Any]) -> Document:
    """Return the steps of a pipeline document by name, nested pipelines flattened to
    `parent/child`.
    """
    jobs = (flatten(dict(document)) if is_nested(document) else document).get("jobs")
    return dict(jobs or {})


def dependencies(document: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return for each step the steps it waits for: those whose outputs it takes, and its
    `dependsOn`.
    """
    steps = steps_of(document)
    return {
        step: {name for name in sources_of(node) if name in steps} for step, node in steps.items()
    }


def sources_of(node: Mapping[str, Any]) -> set[str]:
    """Return the steps that a node names, whether they exist or not."""
    found = set(node.get("dependsOn") or ())
    for entry in (node.get("inputs") or {}).values():
        found.update(step for step, _ in bound_outputs(entry))
    for value in (node.get("environmentVariables") or {}).values():
        found.update(step for step, _ in bound_outputs({"value": value}))
    return found


def bound_outputs(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the (step, output) pairs that an input entry refers to."""
    text = entry.get("uri") if entry.get("uri") is not None else entry.get("value")
    if not isinstance(text, str) or _STEP not in text:
        return []
    pairs = []
    for name in EXPRESSION.findall(text):
        if name.startswith(_STEP):
            step, _, output = name.removeprefix(_STEP).partition(".outputs.")
            pairs.append((step, output))
    return pairs


def order(document: Mapping[str, Any]) -> list[str]:
    """Return the steps so that each comes after what it waits for; a loop is a StudioError."""
    return topological(dependencies(document))


def ready(document: Mapping[str, Any], statuses: Mapping[str, str]) -> list[str]:
    """Return the steps that may start now, in document order.

    A step is ready when all it waits for is Completed. After a failure nothing new starts, unless
    the pipeline has `continue_on_step_failure`: then whatever does not depend on the failed step
    goes on.
    """
    if _stops(document, statuses):
        return []
    return [
        step
        for step, sources in dependencies(document).items()
        if statuses.get(step, "NotStarted") == "NotStarted"
        and all(statuses.get(source) == COMPLETED for source in sources)
    ]


def doomed(document: Mapping[str, Any], statuses: Mapping[str, str]) -> set[str]:
    """Return the steps that have not started and never can, because something failed before them."""
    waits = dependencies(document)
    waiting = {step for step in waits if statuses.get(step, "NotStarted") == "NotStarted"}
    if _stops(document, statuses):
        return waiting
    lost = {step for step, status in statuses.items() if status in FAILED}
    while more := {step for step in waiting - lost if waits[step] & lost}:
        lost |= more
    return lost & waiting


def _stops(document: Mapping[str, Any], statuses: Mapping[str, str]) -> bool:
    settings = document.get("settings") or {}
    return not settings.get("continue_on_step_failure") and any(
        status in FAILED for status in statuses.values()
    )


def output_bindings(document: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (step, output, pipeline output) for each pipeline output that a step fills."""
    found = []
    for step, node in steps_of(document).items():
        for output, entry in (node.get("outputs") or {}).items():
            for name in EXPRESSION.findall(str(entry.get("uri") or "")):
                if name.startswith("parent.outputs."):
                    found.append((step, output, name.removeprefix("parent.outputs.")))
    for name, entry in (document.get("outputs") or {}).items():
        found += [(step, output, name) for step, output in bound_outputs({"uri": entry.get("uri")})]
    return found


def compile_step(
    document: Mapping[str, Any], step: str, *, inputs: Mapping[str, Any], outputs_of: OutputsOf
) -> Document:
    """Return the canonical Command document of one step, every binding replaced by its value.

    `inputs` are the pipeline's inputs (canonical entries or plain values), `outputs_of(step,
    output)` gives the entry of a finished step's output with its `uri`. A module keeps its spec
    under "component" and has no command.
    """
    steps = steps_of(document)
    if step not in steps:
        raise StudioError(
            f"the pipeline has no step '{step}'", where=f"jobs.{step}", code="not_found"
        )
    node = steps[step]
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
    if name in ("name", "default_datastore"):  # known to the run, not to its plan
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


# What people change about a component without changing what it does.
_COSMETIC = frozenset(
    ("display_name", "description", "tags", "label", "help", "category", "summary", "doc")
    + ("comment", "position", "icon")
)
_ELSEWHERE = frozenset(
    ["code", "environment", "code_digest", "properties", "creation_context", "$schema", "id"]
)


def key_parts(
    *,
    component: Mapping[str, Any],
    code_digest: str,
    environment_key: str,
    params: Mapping[str, Any],
    inputs: Mapping[str, str],
) -> Document:
    """Return all that decides a step's result, as the plain data that `step_key` hashes.

    A module is what its name and version say; a command is its text, ports and code, whatever it is
    called.
    """
    drop = _COSMETIC | _ELSEWHERE
    if component.get("type") != "module":
        drop |= {"name", "version", "is_deterministic", "resources", "limits"}
    return {
        "component": _stripped({k: v for k, v in component.items() if k not in drop}),
        "code": code_digest,
        "environment": environment_key,
        "params": dict(params),
        "inputs": dict(inputs),
    }


def _stripped(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {"inputs", "outputs"}
        return {
            str(key): {name: _without_texts(port) for name, port in item.items()}
            if key in kept and isinstance(item, Mapping)
            else item
            for key, item in value.items()
            if item is not None
        }
    return value


def _without_texts(port: Any) -> Any:
    if not isinstance(port, Mapping):
        return port
    return {key: item for key, item in port.items() if key not in _COSMETIC}


def step_key(
    *,
    component: Mapping[str, Any],
    code_digest: str,
    environment_key: str,
    params: Mapping[str, Any],
    inputs: Mapping[str, str],
) -> str:
    """Return the SHA-256 under which a step's result can be found again; names and positions do not
    count.
    """
    parts = key_parts(
        component=component,
        code_digest=code_digest,
        environment_key=environment_key,
        params=params,
        inputs=inputs,
    )
    text = json.dumps(
        parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def explain_key(old_parts: Mapping[str, Any], new_parts: Mapping[str, Any]) -> list[str]:
    """Return in words what changed between two steps' keys: `input changed: test_size 0.2 ->
    0.3`.
    """
    lines = _differences(
        "input", old_parts.get("params") or {}, new_parts.get("params") or {}, _value
    )
    lines += _differences(
        "data", old_parts.get("inputs") or {}, new_parts.get("inputs") or {}, _short
    )
    for part in ("code", "environment"):
        old, new = old_parts.get(part), new_parts.get(part)
        if old != new:
            lines.append(f"{part} changed: {_short(old)} -> {_short(new)}")
    old, new = old_parts.get("component") or {}, new_parts.get("component") or {}
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            shown = isinstance(old.get(key), str) and isinstance(new.get(key), str)
            detail = f": {_value(old[key])} -> {_value(new[key])}" if shown else ""
            lines.append(f"component {key} changed{detail}")
    return lines


def _differences(
    what: str, old: Mapping[str, Any], new: Mapping[str, Any], spell: Callable[[Any], str]
) -> list[str]:
    lines = []
    for name in sorted({*old, *new}):
        if name not in old:
            lines.append(f"{what} added: {name} {spell(new[name])}")
        elif name not in new:
            lines.append(f"{what} removed: {name}")
        elif old[name] != new[name] or type(old[name]) is not type(new[name]):
            lines.append(f"{what} changed: {name} {spell(old[name])} -> {spell(new[name])}")
    return lines


def _value(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _short(value: Any) -> str:
    text = str(value).removeprefix("tree:") if value else "none"
    return text[:12] if len(text) == 64 else _value(text)
