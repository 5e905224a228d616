"""Flattens pipeline components: a step of a nested pipeline becomes the step `parent/child`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from officina.documents.expressions import EXPRESSION
from officina.errors import StudioError

Document = dict[str, Any]
ComponentOf = Callable[[str], Mapping[str, Any]]


def is_nested(document: Mapping[str, Any]) -> bool:
    """Say whether a pipeline document still holds pipeline components."""
    return any(node.get("type") == "pipeline" for node in (document.get("jobs") or {}).values())


def flatten(
    document: Document,
    *,
    component_of: ComponentOf | None = None,
    warnings: list[str] | None = None,
) -> Document:
    """Return the pipeline with nested pipelines replaced by their steps, bindings joined up.

    `component_of` gives the spec of a registered pipeline component; without it a reference to one
    is an error.
    """
    if not is_nested(document):
        return document
    warnings = warnings if warnings is not None else []
    jobs: Document = {}
    joins: dict[str, str] = {}  # "P.outputs.o" -> "P/s.outputs.y"
    for step, node in document["jobs"].items():
        if node.get("type") != "pipeline":
            jobs[step] = node
            continue
        inner = _spec(step, node, component_of)
        inner = flatten(dict(inner), component_of=component_of, warnings=warnings)
        inlined, outer = _inline(step, node, inner, warnings)
        jobs.update(inlined)
        joins.update(outer)
    groups = {
        step: [name for name in jobs if name.startswith(f"{step}/")] for step in document["jobs"]
    }
    jobs = {step: _after_groups(_rebind(node, joins), groups) for step, node in jobs.items()}
    return {**document, "jobs": jobs}


def _spec(
    step: str, node: Mapping[str, Any], component_of: ComponentOf | None
) -> Mapping[str, Any]:
    spec = node.get("component")
    if isinstance(spec, str) and component_of is not None:
        spec = component_of(spec)
    if not isinstance(spec, Mapping) or not spec.get("jobs"):
        raise StudioError(
            f"the pipeline component of step '{step}' cannot be read here",
            where=f"jobs.{step}.component",
            hint="Register it first, or give its file.",
            code="not_found",
        )
    return spec


def _inline(
    step: str, node: Mapping[str, Any], inner: Mapping[str, Any], warnings: list[str]
) -> tuple[Document, dict[str, str]]:
    """Return the inner steps under their long names, and where the outputs of the whole come
    from.
    """
    given = node.get("inputs") or {}
    for name in set(given) - set(inner.get("inputs") or {}):
        warnings.append(
            f"jobs.{step}.inputs.{name}: the pipeline component does not declare it; it is ignored"
        )
    inputs = {name: _declared(spec) for name, spec in (inner.get("inputs") or {}).items()} | {
        name: entry for name, entry in given.items() if name in (inner.get("inputs") or {})
    }
    outer: dict[str, str] = {}
    jobs: Document = {}
    for child, raw in inner["jobs"].items():
        long = f"{step}/{child}"
        entry = dict(raw)
        entry["inputs"] = _inner_inputs(step, raw.get("inputs") or {}, inputs)
        entry["outputs"] = {}
        for name, output in (raw.get("outputs") or {}).items():
            match = EXPRESSION.fullmatch(str(output.get("uri") or ""))
            output = dict(output)
            if match and match[1].startswith("parent.outputs."):
                whole = match[1].removeprefix("parent.outputs.")
                outer[f"{step}.outputs.{whole}"] = f"{long}.outputs.{name}"
                output.pop("uri")
                bound = (node.get("outputs") or {}).get(whole) or {}
                output |= {
                    key: bound[key]
                    for key in ("uri", "assetName", "assetVersion")
                    if bound.get(key)
                }
            entry["outputs"][name] = output
        _inherit(entry, node, inner, inputs)
        if raw.get("dependsOn"):
            entry["dependsOn"] = [f"{step}/{one}" for one in raw["dependsOn"]] + list(
                node.get("dependsOn") or []
            )
        jobs[long] = entry
    return jobs, outer


def _declared(spec: Mapping[str, Any]) -> Document:
    return {"jobInputType": "literal", "value": spec.get("default")}


def _inherit(
    entry: Document, node: Mapping[str, Any], inner: Mapping[str, Any], inputs: Mapping[str, Any]
) -> None:
    settings = inner.get("settings") or {}
    compute = entry.get("computeId") or settings.get("default_compute") or node.get("computeId")
    match = EXPRESSION.fullmatch(compute) if isinstance(compute, str) else None
    if match and match[1].startswith("parent.inputs."):
        compute = (inputs.get(match[1].removeprefix("parent.inputs.")) or {}).get("value")
    if compute:
        entry["computeId"] = str(compute).removeprefix("azureml:")
    if node.get("dependsOn") and not entry.get("dependsOn"):
        entry["dependsOn"] = list(node["dependsOn"])
    if node.get("forceRerun") is not None:
        entry.setdefault("forceRerun", node["forceRerun"])


def _inner_inputs(step: str, entries: Mapping[str, Any], inputs: Mapping[str, Any]) -> Document:
    result = {}
    for name, entry in entries.items():
        key = "value" if entry.get("jobInputType") == "literal" else "uri"
        text = entry.get(key)
        match = EXPRESSION.fullmatch(text) if isinstance(text, str) else None
        if match and match[1].startswith("parent.inputs."):
            source = inputs.get(match[1].removeprefix("parent.inputs."))
            if source is None:
                raise StudioError(
                    f"'{text}' in step '{step}' is not an input of its pipeline component",
                    where=f"jobs.{step}",
                    hint=f"Declared: {', '.join(inputs) or 'none'}.",
                )
            result[name] = _bound(entry, source)
        elif isinstance(text, str) and EXPRESSION.search(text):
            result[name] = {
                **entry,
                key: EXPRESSION.sub(lambda found: _long(step, found[1], inputs), text),
            }
        else:
            result[name] = entry
    return {
        name: entry
        for name, entry in result.items()
        if entry.get("value", entry.get("uri")) is not None
    }


def _bound(entry: Mapping[str, Any], source: Mapping[str, Any]) -> Document:
    """Return the inner input with the value or address that the outer step gives."""
    if source.get("jobInputType") != "literal":
        kind = (
            entry["jobInputType"]
            if entry.get("jobInputType") != "literal"
            else source["jobInputType"]
        )
        return {
            **source,
            "jobInputType": kind,
            "mode": entry.get("mode") or source.get("mode") or "ro_mount",
        }
    value = source.get("value")
    if entry.get("jobInputType") == "literal" or value is None:
        return {"jobInputType": "literal", "value": value}
    return {**entry, "uri": value}


def _long(step: str, name: str, inputs: Mapping[str, Any]) -> str:
    if name.startswith("parent.jobs."):
        return f"${{{{parent.jobs.{step}/{name.removeprefix('parent.jobs.')}}}}}"
    if name.startswith("parent.inputs."):
        source = inputs.get(name.removeprefix("parent.inputs.")) or {}
        return str(source.get("value", source.get("uri", "")))
    return f"${{{{{name}}}}}"


def _rebind(node: Document, joins: Mapping[str, str]) -> Document:
    """Return the node with `parent.jobs.P.outputs.o` turned into the inner step's output."""
    if not joins:
        return node

    def swap(found: Any) -> str:
        name = found[1].removeprefix("parent.jobs.")
        seen = set()
        while (
            name in joins and name not in seen
        ):  # a nested pipeline may pass on another one's output
            seen.add(name)
            name = joins[name]
        return (
            f"${{{{parent.jobs.{name}}}}}" if found[1].startswith("parent.jobs.") else str(found[0])
        )

    inputs = {}
    for name, entry in (node.get("inputs") or {}).items():
        key = "value" if entry.get("jobInputType") == "literal" else "uri"
        text = entry.get(key)
        inputs[name] = (
            {**entry, key: EXPRESSION.sub(swap, text)}
            if isinstance(text, str) and "${{" in text
            else entry
        )
    return {**node, "inputs": inputs}


def _after_groups(node: Document, groups: Mapping[str, list[str]]) -> Document:
    if not node.get("dependsOn"):
        return node
    after = [name for one in node["dependsOn"] for name in (groups.get(one) or [one])]
    return {**node, "dependsOn": after}
