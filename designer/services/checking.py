"""What is wrong with a draft, and which columns each port will have, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from designer.models import Pipeline
from officina import checks
from officina.catalogue import Catalogue
from officina.errors import StudioError
from officina.graph import Graph
from studio.runs.services.creating import catalogue_of


def frame(pipeline_id: int, graph: Mapping[str, Any]) -> dict[str, Any]:
    """Return the frame that tells open canvases what is wrong with this graph."""
    pipeline = Pipeline.objects.select_related("workspace").get(pk=pipeline_id)
    return {"type": "problems", **report(pipeline, graph)}


def report(pipeline: Pipeline, graph: Mapping[str, Any]) -> dict[str, Any]:
    """Return the problems of a graph and the columns of its ports."""
    catalogue = catalogue_of(pipeline.workspace)
    try:
        parsed = Graph.from_json(graph)
    except StudioError as error:
        return {"problems": [_of_error(error)], "columns": {}}
    return {"problems": problems_of(parsed, catalogue), "columns": {}}


def problems_of(graph: Graph, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return the problems as the canvas shows them."""
    return [
        {
            "code": each.code,
            "message": each.message,
            "hint": each.hint,
            "node": each.node,
            "port": each.port,
            "severity": getattr(each, "severity", "error"),
        }
        for each in checks.problems(graph, catalogue)
    ]


def _of_error(error: StudioError) -> dict[str, Any]:
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "node": "",
        "port": "",
        "severity": "error",
    }
