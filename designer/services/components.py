"""Parts of a graph as reusable pipeline components, and a pipeline component as its graph again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from officina.catalogue import Catalogue, Component
from officina.errors import StudioError
from officina.graph import Graph, pipeline_document, unpinned
from registry import services as registry
from registry.models import Asset, AssetVersion
from studio.runs.services.creating import catalogue_of
from studio.workspaces.models import Workspace

KIND = "component"
PORT = re.compile(r"[a-z][a-z0-9_]{0,99}\Z")
_INPUT = re.compile(r"\$\{\{parent\.inputs\.([^}\s]+)\}\}\Z")
_OUTPUT = re.compile(r"\$\{\{parent\.outputs\.([^}\s]+)\}\}\Z")
_KEPT = ("inputs", "outputs", "jobs", "settings", "properties")

Item = Mapping[str, Any]


def save_component(
    *,
    workspace: Workspace,
    user: Any,
    name: str,
    graph: Item,
    inputs: Sequence[Item],
    outputs: Sequence[Item],
    title: str = "",
    description: str = "",
) -> AssetVersion:
    """Register a graph as the next version of a pipeline component.

    A port is `{name, label, ends: [{node, port}]}`: an input may feed several ports inside. The
    graph's parameters become parameters of the component.
    """
    if name in {each.name for each in Catalogue().all()}:
        raise StudioError(
            f"{name} is a built-in module.", hint="Choose another name.", where="name",
            code="conflict",
        )  # fmt: skip
    catalogue = catalogue_of(workspace)
    # Pins are of the draft that it comes from.
    inner = unpinned(Graph.from_json(graph))
    if not any(not node.disabled for node in inner.nodes):
        raise StudioError("There is nothing to run in it.", hint="Take at least one module in.")
    document = pipeline_document(inner, catalogue)
    declared = {key: _parameter(entry) for key, entry in inner.parameters.items()}
    for port in inputs:
        declared[_name(port, declared)] = _join(port, inner, catalogue, document, "inputs")
    given: dict[str, Any] = {}
    for port in outputs:
        given[_name(port, given)] = _join(port, inner, catalogue, document, "outputs")
    spec = {key: document[key] for key in _KEPT if document.get(key)}
    spec |= {
        "name": name,
        "type": "pipeline",
        "display_name": title or name,
        "description": description,
        "inputs": declared,
        "outputs": given,
    }
    with transaction.atomic():
        # The document itself says its version, so that has to be known before it is registered.
        rows = Asset.objects.select_for_update().filter(workspace=workspace, kind=KIND, name=name)
        version = str(max(rows.values_list("last_number", flat=True), default=0) + 1)
        component = Component.from_spec({**spec, "version": version})
        return registry.register(
            workspace=workspace, kind=KIND, name=name, document=component.to_spec(),
            version=version, description=description, user=user,
        )  # fmt: skip


def _name(port: Item, taken: Mapping[str, Any]) -> str:
    name = str(port["name"])
    if not PORT.match(name):
        raise StudioError(
            f"{name!r} cannot name a port.",
            hint="Use small letters, digits and '_', starting with a letter.",
            where="name",
        )
    if name in taken:
        raise StudioError(
            f"Two ports or parameters have the name {name}.",
            hint="Give each its own name.",
            where=name,
        )
    return name


def _parameter(entry: Item) -> dict[str, Any]:
    words = {"description": entry["description"]} if entry.get("description") else {}
    return {"type": entry.get("type") or "string", "default": entry.get("default")} | words


def _join(
    port: Item, inner: Graph, catalogue: Catalogue, document: dict[str, Any], side: str
) -> dict[str, Any]:
    """Bind the ports inside to the one outside, and return how it is declared."""
    name = str(port["name"])
    kinds: list[str] = []
    optional = True
    for end in port["ends"]:
        node = inner.node(str(end["node"]))
        component = catalogue.get(node.component, node.version)
        found = getattr(component, side.removesuffix("s"))(str(end["port"]))
        kinds.append(found.type)
        optional = optional and found.optional
        step = document["jobs"].get(node.id)
        if step is None:
            raise StudioError(
                f"{node.id} is disabled, so the port {name} leads nowhere.",
                hint="Enable it, or leave the port out.",
                where=name,
            )
        if side == "inputs":
            slot = {"jobInputType": found.type, "mode": "ro_mount"}
        else:
            slot = {"jobOutputType": found.type, "mode": "rw_mount"}
        slot["uri"] = f"${{{{parent.{side}.{name}}}}}"
        step[side][found.name] = slot
    if not kinds or (side == "outputs" and len(kinds) > 1):
        raise StudioError(f"The output {name} must come from one port inside.", where=name)
    # What one port alone may take, the others take too where they are of one kind.
    entry: dict[str, Any] = {"type": next((kind for kind in kinds if kind != "any"), kinds[0])}
    if port.get("label"):
        entry["label"] = str(port["label"])
    if side == "inputs" and optional:
        entry["optional"] = True
    return entry


def inside(*, workspace: Workspace, name: str, version: str = "") -> dict[str, Any]:
    """Return what a pipeline component is made of: its graph, and where its ports lead."""
    component = catalogue_of(workspace).get(name, version or None)
    if component.type != "pipeline":
        raise StudioError(
            f"{component.title or name} is one step, with nothing to look into.",
            where=name,
            code="conflict",
        )
    spec = component.to_spec()
    ports = {port.name for port in component.inputs}
    entering: dict[str, list[dict[str, str]]] = {name: [] for name in sorted(ports)}
    leaving: dict[str, dict[str, str]] = {}
    jobs: dict[str, Any] = {}
    for step, raw in spec["jobs"].items():
        job = dict(raw)
        job["inputs"] = dict(raw.get("inputs") or {})
        for port, entry in (raw.get("inputs") or {}).items():
            bound = _INPUT.match(str(entry.get("uri") or entry.get("value") or ""))
            if bound and bound[1] in ports:
                entering[bound[1]].append({"node": step, "port": port})
                del job["inputs"][port]
        for port, entry in (raw.get("outputs") or {}).items():
            bound = _OUTPUT.match(str(entry.get("uri") or ""))
            if bound:
                leaving[bound[1]] = {"node": step, "port": port}
        jobs[step] = job
    graph = Graph.of_pipeline({**spec, "jobs": jobs, "inputs": {}})
    parameters = {param.name: param.default for param in component.params}
    return {
        "name": component.name,
        "version": component.version,
        "title": component.title,
        "graph": graph.to_json(),
        "inputs": entering,
        "outputs": leaving,
        "parameters": parameters,
    }
