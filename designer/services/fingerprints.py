"""Names what each node of a graph would compute, without running or reading anything.

Two graphs give a node the same fingerprint exactly when its module, its parameters and all above it
are the same, so a result is stale when the draft gives its node another one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from officina.errors import StudioError
from officina.graph import CatalogueLike, Graph, running

_BOUND = re.compile(r"\$\{\{\s*parent\.inputs\.([^}\s]+)\s*\}\}")


def fingerprints(
    graph: Graph,
    catalogue: CatalogueLike,
    parameters: Mapping[str, Any] | None = None,
    *,
    borrowed: Mapping[tuple[str, str], tuple[str, str]] | None = None,
    settled: Callable[[str, str], str] | None = None,
    pinned: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return node -> fingerprint for all that runs; {} for a graph whose nodes wait in a loop.

    `parameters` are values given to the pipeline's parameters in place of their defaults.
    `borrowed` maps a node's input where an earlier result stands to the fingerprint and the port
    that it came from: such an input counts as the connection that it stands for. `settled` turns
    the name of an asset, such as `azureml:cars@latest`, into the version that it means now. `pinned`
    maps nodes whose earlier results are used to the fingerprints of those.
    """
    active = running(graph, catalogue).graph
    values = {name: entry.get("default") for name, entry in graph.parameters.items()}
    values |= dict(parameters or {})
    sources: dict[str, list[tuple[str, str, str]]] = {}
    for edge in active.edges:
        sources.setdefault(edge.target, []).append(
            (edge.target_port, edge.source, edge.source_port)
        )
    nodes = {node.id: node for node in active.nodes}
    found: dict[str, str] = {}
    try:
        order = active.order()
    except StudioError:
        return {}
    for name in order:
        if name not in nodes:
            continue
        if name in (pinned or {}):
            found[name] = (pinned or {})[name]
            continue
        node = nodes[name]
        above = [
            [port, found.get(source, source), output]
            for port, source, output in sources.get(name, [])
        ]
        params = _params(node, catalogue, values, settled)
        for (target, port), origin in (borrowed or {}).items():
            if target == name:
                above.append([port, *origin])
                params.pop(port, None)
        says = {
            "component": [node.component, node.version],
            "params": params,
            "above": sorted(above),
        }
        text = json.dumps(says, sort_keys=True, separators=(",", ":"), default=str)
        found[name] = hashlib.sha256(text.encode()).hexdigest()
    return found


def _params(
    node: Any,
    catalogue: CatalogueLike,
    values: Mapping[str, Any],
    settled: Callable[[str, str], str] | None,
) -> dict[str, Any]:
    """Return a node's parameters with bindings and defaults filled in: leaving one out is its default."""
    given = {name: _resolved(value, values) for name, value in node.params.items()}
    try:
        component = catalogue.get(node.component, node.version)
    except StudioError:
        return given
    found = {param.name: param.default for param in component.params} | given
    if settled:
        for name, kind in {param.name: param.asset for param in component.params}.items():
            if kind and isinstance(found[name], str):
                found[name] = settled(found[name], kind)
    return found


def _resolved(value: Any, values: Mapping[str, Any]) -> Any:
    if not isinstance(value, str) or "${{" not in value:
        return value
    whole = _BOUND.fullmatch(value.strip())
    if whole:
        return values.get(whole[1], value)
    return _BOUND.sub(lambda match: str(values.get(match[1], match[0])), value)
