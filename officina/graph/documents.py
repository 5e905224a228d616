"""A graph as a canonical pipeline document, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from officina.graph import facts
from officina.graph.bypass import running
from officina.graph.pinning import unpinned
from officina.graph.values import Edge, Graph, Node

REGISTRY = "azureml://registries/officina/components/"
PARENT = "${{parent.inputs."

# A component that a step brought along has a name made of its content, and no other.
INLINE = re.compile(r"inline_[0-9a-f]{12}\Z")

_BINDING = re.compile(r"\s*\$\{\{\s*parent\.jobs\.([^.}\s]+)\.outputs\.([^.}\s]+)\s*\}\}\s*\Z")
_WHOLE = re.compile(r"\s*\$\{\{\s*parent\.inputs\.([^}\s]+)\s*\}\}\s*\Z")
_BUILT_IN = re.compile(rf"{re.escape(REGISTRY)}([^/]+)(?:/(?:versions/([^/]+)|labels/[^/]+))?/?\Z")
_ASSET = re.compile(r"azureml:([^:@/]+)(?::([^:@/]+)|@[^:@/]+)?\Z")
_HEADS = {
    "display_name": "displayName",
    "experiment_name": "experimentName",
    "compute": "computeId",
    "compute_id": "computeId",
    "environment_variables": "environmentVariables",
}
_RUN_SETTINGS = ("default_compute", "continue_on_step_failure", "force_rerun")


class CatalogueLike(Protocol):
    """What the graph and its checks need of a catalogue: see `officina.catalogue`."""

    def get(self, name: str, version: str | None = None) -> Any: ...


def component_name(component: Any, step: str = "") -> tuple[str, str]:
    """Return (name, version) of a component reference or spec."""
    if isinstance(component, Mapping):
        return str(component.get("name") or step), str(component.get("version") or "1")
    text = str(component or "")
    match = _BUILT_IN.match(text) or _ASSET.match(text)
    return (match[1], match[2] or "1") if match else (text or step, "1")


def pipeline_document(graph: Graph, catalogue: CatalogueLike, **heads: Any) -> dict[str, Any]:
    """Return the canonical pipeline document of a graph; `Graph.of_pipeline` reads it back.

    `heads` are document heads by either spelling (`display_name`, `displayName`, `settings`, ...);
    they come before the graph's own settings. Disabled nodes are bypassed. Built-in modules are
    referred to in the registry `officina`; other components are put in whole, so that the run
    keeps its own snapshot. Pins are kept but not heeded: what takes the results of earlier runs is
    for whoever submits it to put in. What only the canvas knows stands in `properties.designer`.
    """
    lively = running(unpinned(graph), catalogue)
    active = lively.graph
    given = {_HEADS.get(key, key): value for key, value in heads.items()}
    document: dict[str, Any] = {
        "jobType": "Pipeline",
        "displayName": None,
        "experimentName": graph.settings.get("experiment"),
        "description": graph.settings.get("description"),
        "tags": {},
        "computeId": None,
        "inputs": {},
        "outputs": {},
        "settings": {key: graph.settings[key] for key in _RUN_SETTINGS if key in graph.settings},
        "environmentVariables": {},
    }
    settings = document["settings"] | dict(given.pop("settings", None) or {})
    document |= given | {"settings": settings}
    incoming: dict[str, list[Edge]] = {}
    for edge in active.edges:
        incoming.setdefault(edge.target, []).append(edge)
    kinds: dict[str, str] = {}
    jobs = {
        node.id: _step(node, incoming.get(node.id, []), catalogue, kinds) for node in active.nodes
    }
    document["inputs"] = {
        name: _parameter(entry, kinds.get(name)) for name, entry in graph.parameters.items()
    }
    document["jobs"] = jobs
    known = facts.of_graph(graph, lively, document)
    if known:
        held = dict(document.get("properties") or {})
        document["properties"] = held | {facts.KEY: facts.to_text(known)}
    return document


def _parameter(entry: Mapping[str, Any], kind: str | None) -> dict[str, Any]:
    """Return a pipeline parameter as an input: data where an asset node takes it, else a value."""
    words = {"description": entry["description"]} if entry.get("description") else {}
    if kind and entry.get("type") == "string":
        return {"jobInputType": kind, "uri": entry.get("default"), "mode": "ro_mount"} | words
    return {
        "jobInputType": "literal",
        "value": entry.get("default"),
        "type": entry.get("type") or "string",
    } | words


def _step(
    node: Node, incoming: list[Edge], catalogue: CatalogueLike, kinds: dict[str, str]
) -> dict[str, Any]:
    """Return a node as a step; `kinds` learns which pipeline inputs are bound to assets."""
    component = catalogue.get(node.component, node.version)
    ports = {port.name: port.type for port in component.inputs}
    types = ports | {param.name: param.asset for param in component.params if param.asset}
    inputs: dict[str, Any] = {}
    for name, value in node.params.items():
        if name in types:
            inputs[name] = {"jobInputType": types[name], "uri": value, "mode": "ro_mount"}
            bound = _WHOLE.match(value) if isinstance(value, str) else None
            if bound:
                # What a port takes from the pipeline's own inputs is a folder, for whoever submits.
                kinds[bound[1]] = "uri_folder" if name in ports else types[name]
        else:
            inputs[name] = {"jobInputType": "literal", "value": value}
    for edge in incoming:
        inputs[edge.target_port] = {
            "jobInputType": types.get(edge.target_port, "uri_folder"),
            "uri": f"${{{{parent.jobs.{edge.source}.outputs.{edge.source_port}}}}}",
            "mode": "ro_mount",
        }
    built_in = component.type == "module"
    step: dict[str, Any] = {
        "type": "pipeline" if component.type == "pipeline" else "command",
        "component": f"{REGISTRY}{component.name}/versions/{component.version}"
        if built_in
        else component.to_spec(),
        "inputs": inputs,
        "outputs": {
            port.name: {"jobOutputType": port.type, "mode": "rw_mount"}
            for port in component.outputs
        },
        "position": {"x": node.x, "y": node.y},
    }
    extras = {
        "displayName": node.label,
        "comment": node.comment,
        "computeId": node.compute,
        "forceRerun": node.force_rerun,
    }
    return step | {key: value for key, value in extras.items() if value}


def assets_as_inputs(step: dict[str, Any]) -> None:
    """Make data of the asset names that a step gives as plain values, as some clients send them.

    The step's component must be its spec. What is bound to another step or input is left alone.
    """
    component = step.get("component")
    declared = component.get("inputs") or {} if isinstance(component, Mapping) else {}
    for name, entry in (step.get("inputs") or {}).items():
        spec = declared.get(name) or {}
        value = entry.get("value")
        if spec.get("asset") and entry.get("jobInputType") == "literal" and isinstance(value, str):
            step["inputs"][name] = {"jobInputType": spec["type"], "uri": value, "mode": "ro_mount"}


def graph_of_pipeline(document: Mapping[str, Any]) -> Graph:
    """Return the graph of a canonical pipeline document; steps become nodes, bindings edges.

    What the document itself says comes first, so that one edited by hand is read as edited; what
    `properties.designer` adds about steps that are gone is left out.
    """
    known = facts.of_document(document)
    nodes: list[Node] = []
    edges: list[Edge] = []
    for step, job in (document.get("jobs") or {}).items():
        params = dict(_params(step, job, edges))
        nodes.append(_node(step, job, facts.restored(known, step, params), known))
    inputs = document.get("inputs") or {}
    parameters = {name: _parameter_of(entry) for name, entry in inputs.items()}
    settings = {
        "experiment": document.get("experimentName"),
        "description": document.get("description"),
    } | {key: (document.get("settings") or {}).get(key) for key in _RUN_SETTINGS}
    read = Graph(
        tuple(nodes),
        tuple(edges),
        parameters,
        settings={key: value for key, value in settings.items() if value},
    )
    return facts.completed(read, known)


def _params(step: str, job: Mapping[str, Any], edges: list[Edge]) -> Iterator[tuple[str, Any]]:
    """Yield the parameters of a step; its bindings to other steps are added to `edges`."""
    for port, entry in (job.get("inputs") or {}).items():
        literal = entry.get("jobInputType") == "literal"
        value = entry.get("value") if literal else entry.get("uri")
        match = _BINDING.match(value) if isinstance(value, str) else None
        if match:
            edges.append(Edge(match[1], match[2], step, port))
        else:
            yield port, value if literal else entry.get("asset") or value


def _node(
    step: str, job: Mapping[str, Any], params: dict[str, Any], known: Mapping[str, Any]
) -> Node:
    name, version = component_name(job.get("component"), step)
    extra = facts.of_node(known, step)
    place = job.get("position") or extra.get("position") or {}
    return Node(
        step,
        name,
        version,
        params,
        place.get("x", 0),
        place.get("y", 0),
        job.get("displayName") or "",
        job.get("comment") or "",
        False,
        str(extra.get("group") or ""),
        job.get("computeId") or "",
        bool(job.get("forceRerun")),
        str(extra.get("pinned") or ""),
    )


def _parameter_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    words = {"description": entry["description"]} if entry.get("description") else {}
    if entry.get("jobInputType") != "literal":
        default = entry.get("asset") or entry.get("uri")
        return {"type": "string", "default": default} | words
    return {
        "type": entry.get("type") or type_of_value(entry.get("value")),
        "default": entry.get("value"),
    } | words


def type_of_value(value: Any) -> str:
    """Return the type of parameter that a plain value stands for."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "number" if isinstance(value, float) else "string"


_DRAWN = frozenset(
    (
        "type",
        "component",
        "inputs",
        "outputs",
        "position",
        "displayName",
        "comment",
        "computeId",
        "forceRerun",
        "description",
    )
)


def not_drawable(document: Mapping[str, Any]) -> list[str]:
    """Return in words what a pipeline document says that no graph can hold, for who draws it."""
    lines = []
    for step, job in (document.get("jobs") or {}).items():
        lost = sorted(key for key, value in job.items() if value and key not in _DRAWN)
        if lost:
            lines.append(f"step '{step}': {', '.join(lost)}")
    for key in ("outputs", "environmentVariables", "computeId"):
        if document.get(key):
            lines.append(f"the pipeline's {key}")
    return lines
