"""Columns that are known because the data is there: of registered tables, and of what earlier runs left."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from designer.models import Pipeline
from designer.services.pins import Pins, results_for
from officina.columns import Column, Schema
from officina.errors import StudioError
from officina.graph import Graph, Node
from registry import services as registry
from studio.runs import outputs
from studio.workspaces.models import Workspace

DATA_ASSET = "data_asset"
REFERENCE = re.compile(r"azureml:([^:@/]+)(?::([^:@/]+)|@([^:@/]+))?\Z")
# Read in another way than by its name and first line, a table may have other columns.
READ_AS_USUAL = {
    "path": ("", None, "**"),
    "file_format": ("", None, "auto"),
    "has_header": (None, True),
}


def known(
    pipeline: Pipeline, graph: Graph, pins: Pins | None = None
) -> dict[str, dict[str, Schema | None]]:
    """Return the real columns by node and port, as far as there are any."""
    found: dict[str, dict[str, Schema | None]] = {}
    for node in graph.nodes:
        if (
            node.component == DATA_ASSET
            and not node.pinned
            and (schema := of_asset(pipeline.workspace, graph, node))
        ):
            found[node.id] = {"data": schema}
    wanted = [node.id for node in graph.nodes if node.id not in found]
    for step, run in results_for(pipeline, pins or Pins(), wanted).items():
        found[step] = {
            port: schema
            for port, output in run.outputs.items()
            if (schema := of_tree(str((output or {}).get("uri") or "")))
        }
    return found


def of_asset(workspace: Workspace, graph: Graph, node: Node) -> Schema | None:
    """Return the columns of the registered table that a node reads."""
    if any(node.params.get(k, usual[0]) not in usual for k, usual in READ_AS_USUAL.items()):
        return None
    match = REFERENCE.match(str(_settled(node.params.get("asset"), graph.parameters)))
    if match is None:
        return None
    try:
        row = registry.find(
            workspace=workspace,
            kind="data",
            name=match[1],
            version=match[2] or "",
            label=match[3] or "",
        )
    except StudioError:
        return None
    return of_tree(f"tree:{row.tree}") if row.tree else None


def of_tree(uri: str) -> Schema | None:
    """Return the columns of a stored table."""
    if not uri.startswith("tree:"):
        return None
    columns = outputs.table_columns(uri.removeprefix("tree:"))
    return None if columns is None else tuple(Column(*column) for column in columns)


def _settled(value: Any, parameters: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return the default of the pipeline parameter that a value is bound to, else the value."""
    match = re.fullmatch(r"\s*\$\{\{\s*parent\.inputs\.(\w+)\s*\}\}\s*", str(value))
    return parameters.get(match[1], {}).get("default") if match else value
