"""A draft as a text: graph JSON, Azure's pipeline YAML, or a Python script."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NamedTuple

from designer.models import Pipeline
from officina import printing
from officina.errors import StudioError
from officina.graph import Graph
from studio.runs.services.creating import catalogue_of

PRINTERS: dict[str, tuple[Callable[..., str], str, str]] = {
    "yaml": (printing.to_yaml, "application/yaml", "yml"),
    "python": (printing.to_python, "text/x-python", "py"),
}
FORMATS = (*PRINTERS, "json")


class Text(NamedTuple):
    """A file to download."""

    body: str
    media_type: str
    filename: str


def export(pipeline: Pipeline, format: str) -> Text:
    """Return the draft in one of the formats; an unknown one is answered with the known."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", pipeline.name).strip("_") or "pipeline"
    if format in PRINTERS:
        printer, media_type, ending = PRINTERS[format]
        catalogue = catalogue_of(pipeline.workspace)
        body = printer(Graph.from_json(pipeline.graph), catalogue, name=pipeline.name)
        return Text(body, media_type, f"{stem}.{ending}")
    if format == "json":
        held = {"name": pipeline.name, "description": pipeline.description, "graph": pipeline.graph}
        body = json.dumps(held, indent=2, ensure_ascii=False) + "\n"
        return Text(body, "application/json", f"{stem}.json")
    raise StudioError(
        f"There is no export format {format!r}.",
        hint=f"Choose one of {', '.join(FORMATS)}.",
        where="format",
    )
