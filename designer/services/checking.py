"""What is wrong with a draft, and which columns each port will have, before anything runs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from designer.models import Pipeline
from designer.services import columns
from designer.services.pins import pins_of
from officina import checks
from officina.checks import Problem
from officina.columns import schema_to_json
from officina.errors import StudioError
from officina.graph import Graph
from studio.runs.services.creating import catalogue_of

log = logging.getLogger(__name__)


def frame(pipeline_id: int, graph: Mapping[str, Any]) -> dict[str, Any]:
    """Return the frame that tells open canvases what is wrong with this graph."""
    pipeline = Pipeline.objects.select_related("workspace").get(pk=pipeline_id)
    return {"type": "problems", **report(pipeline, graph)}


def report(pipeline: Pipeline, graph: Mapping[str, Any]) -> dict[str, Any]:
    """Return the problems of a graph and the columns of its ports."""
    try:
        parsed = Graph.from_json(graph)
        catalogue = catalogue_of(pipeline.workspace)
    except StudioError as error:
        return {"problems": [_of_error(error)], "columns": {}}
    pins = pins_of(pipeline, parsed, catalogue)
    try:
        known = columns.known(pipeline, parsed, pins)
    except (StudioError, OSError):
        # A store that does not answer hides columns; it must not hide the problems.
        log.warning("could not read the columns of draft %s", pipeline.guid, exc_info=True)
        known = {}
    findings = checks.examine(parsed, catalogue, known, gone=pins.gone)
    return {
        "problems": [problem.as_json() for problem in findings.problems],
        "columns": {
            node: {port: schema_to_json(schema) for port, schema in ports.items()}
            for node, ports in findings.columns.items()
            if ports
        },
    }


def _of_error(error: StudioError) -> dict[str, str]:
    return Problem(error.code, error.message, hint=error.hint).as_json()
