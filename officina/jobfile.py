"""Read what `-f` names: a job in YAML or JSON, or a designer graph, which is a pipeline job too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from officina.documents import LoadedJob, load_job
from officina.documents.yamlio import MAX_BYTES


def read_job_file(path: Path, *, overrides: Mapping[str, Any] | None = None) -> LoadedJob:
    """Return the job of a file, with each dotted path of `overrides` set."""
    graph = _graph(path)
    if graph is None:
        return load_job(path, overrides=overrides)
    from officina.catalogue import Catalogue
    from officina.documents.overrides import apply_overrides
    from officina.graph import Graph, pipeline_document

    value = Graph.from_json(graph)
    experiment = value.settings.get("experiment") or path.stem
    document = pipeline_document(
        value, Catalogue(), displayName=path.stem, experimentName=experiment
    )
    return LoadedJob(apply_overrides(document, overrides or {}))


def _graph(path: Path) -> dict[str, Any] | None:
    if path.suffix != ".json" or not path.is_file() or path.stat().st_size > MAX_BYTES:
        return None
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None  # the document reader says where it is wrong
    return data if isinstance(data, dict) and "nodes" in data and "edges" in data else None
