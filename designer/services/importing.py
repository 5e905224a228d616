"""Drafts from elsewhere: a pipeline job as YAML or JSON, a graph, or a run that is to be gone on with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from designer.models import Pipeline, PipelineVersion
from designer.services import drafts, inline, results
from officina.documents import load_yaml
from officina.errors import StudioError
from officina.graph import Graph, not_drawable
from officina.printing import document_of_yaml
from studio.runs.models import Run
from studio.workspaces.models import Workspace

Item = Mapping[str, Any]
MAX_TEXT = 8 * 2**20
COLUMN, ROW = 280, 130


def import_draft(*, workspace: Workspace, user: Any, text: str, name: str = "") -> Pipeline:
    """Make a draft of a text: graph JSON, or a pipeline job in Azure's YAML or JSON."""
    title, description, graph = read_text(text, partial(_with_components, workspace, user))
    return drafts.create_draft(
        workspace=workspace,
        user=user,
        name=name or title or "Imported pipeline",
        description=description,
        graph=graph,
    )


def _with_components(workspace: Workspace, user: Any, document: Item) -> Item:
    return inline.registered(workspace=workspace, user=user, document=document)


def read_text(
    text: str, complete: Callable[[Item], Item] = dict
) -> tuple[str, str, dict[str, Any]]:
    """Return title, description and graph of a text; `complete` sees to what its steps need."""
    if len(text) > MAX_TEXT:
        raise StudioError(f"The text is longer than {MAX_TEXT >> 20} MiB.", code="too_large")
    data = _json(text)
    if data is not None and isinstance(data.get("graph"), Mapping):
        graph = Graph.from_json(data["graph"])
        return str(data.get("name") or ""), str(data.get("description") or ""), graph.to_json()
    if data is not None and "nodes" in data:
        return "", "", Graph.from_json(data).to_json()
    graph = Graph.of_pipeline(complete(document_of_yaml(text)))
    return _title(text), str(graph.settings.get("description") or ""), placed(graph)


def left_out(text: str) -> list[str]:
    """Return in words what a pipeline job says that no draft can hold."""
    data = _json(text)
    if data is not None and (isinstance(data.get("graph"), Mapping) or "nodes" in data):
        return []
    return not_drawable(document_of_yaml(text))


def _title(text: str) -> str:
    head = load_yaml(text)
    return str(head.get("display_name") or "") if isinstance(head, Mapping) else ""


def draft_of_run(*, workspace: Workspace, user: Any, run: Run) -> Pipeline:
    """Make a draft of what a pipeline run ran."""
    if run.kind != Run.PIPELINE:
        raise StudioError(
            f"{run.title} is not a pipeline run.", hint="Choose the run of a pipeline.", where="run"
        )
    document = inline.registered(
        workspace=workspace, user=user, document=run.document, has_run=True
    )
    return drafts.create_draft(
        workspace=workspace,
        user=user,
        name=f"{run.title} (copy)"[:255],
        description=run.description,
        graph=_whole(workspace, run) or placed(Graph.of_pipeline(document)),
    )


def _whole(workspace: Workspace, run: Run) -> dict[str, Any] | None:
    """Return the draft that a run is a part of: the rest was left out, or is pinned."""
    if not results.noted(run, results.SOURCES):
        return None
    version = PipelineVersion.objects.filter(
        pipeline__workspace=workspace,
        pipeline__guid=str(run.tags.get(drafts.PIPELINE_TAG) or ""),
        digest=str(run.tags.get("officina.digest") or ""),
    ).first()
    if version is None:
        return None
    graph = Graph.from_json(version.graph)
    ran_with = Graph.of_pipeline(run.document).parameters
    parameters = {name: ran_with.get(name, entry) for name, entry in graph.parameters.items()}
    return replace(graph, parameters=parameters).to_json()


def _json(text: str) -> dict[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None  # YAML may begin with a brace too, and its reader names the line
    return data if isinstance(data, dict) else None


def placed(graph: Graph) -> dict[str, Any]:
    """Return a graph's JSON; nodes that have no place yet are laid out in layers."""
    data = graph.to_json()
    if any(node.x or node.y for node in graph.nodes):
        return data
    depth = _depths(graph)
    filled: dict[int, int] = {}
    for node in data["nodes"]:
        row = depth[node["id"]]
        column = filled.get(row, 0)
        filled[row] = column + 1
        node["position"] = {"x": column * COLUMN, "y": row * ROW}
    return data


def _depths(graph: Graph) -> dict[str, int]:
    """Return how many steps lie above each node; in a loop, where it is entered."""
    sources = graph.dependencies()
    depth = dict.fromkeys(sources, 0)
    for _ in sources:
        changed = False
        for id, above in sources.items():
            wanted = max((depth[source] + 1 for source in above if source in depth), default=0)
            if wanted > depth[id] and wanted < len(depth):
                depth[id], changed = wanted, True
        if not changed:
            break
    return depth
