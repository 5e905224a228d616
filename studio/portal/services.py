"""What the portal does itself: running a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from officina import samples
from officina.documents import load_job, replace
from officina.errors import StudioError
from officina.graph import Graph, pipeline_document
from officina.storage.ignore import load_ignore
from registry import services as registry
from studio.runs.models import Run
from studio.runs.services import create_run
from studio.runs.services.creating import catalogue_of
from studio.workspaces.models import Workspace

EXPERIMENT = "samples"


def run_sample(
    *, workspace: Workspace, user: Any, sample_id: str, inputs: Mapping[str, Any] | None = None
) -> Run:
    """Submit a sample as it comes, or with other literal inputs."""
    sample = samples.get_sample(sample_id)
    document = _job(workspace, sample) if sample.kind == "job" else _graph(workspace, sample)
    document["displayName"] = document.get("displayName") or sample.title
    document["experimentName"] = document.get("experimentName") or EXPERIMENT
    for name, value in (inputs or {}).items():
        slot = (document.get("inputs") or {}).get(name)
        if slot is None or slot.get("jobInputType") != "literal":
            known = ", ".join(document.get("inputs") or {}) or "none"
            raise StudioError(
                f"{sample.title} has no input {name!r}.", where=name, hint=f"It has: {known}."
            )
        slot["value"] = value
    return create_run(workspace=workspace, user=user, document=document)


def _job(workspace: Workspace, sample: samples.Sample) -> dict[str, Any]:
    """Load a job of YAML and scripts, and store the files that it names."""
    loaded = load_job(sample.path)
    document: dict[str, Any] = dict(loaded.document)
    for ref in loaded.local:
        if ref.path.is_dir():
            tree = registry.store().put_tree(ref.path, ignore=load_ignore(ref.path))
        else:
            tree = registry.store().put_single(ref.path)
        registry.remember_tree(workspace=workspace, tree=tree)
        document = replace(document, ref.pointer, tree.uri)
    return document


def _graph(workspace: Workspace, sample: samples.Sample) -> dict[str, Any]:
    graph = Graph.from_json(sample.path.read_text("utf-8"))
    return pipeline_document(graph, catalogue_of(workspace), display_name=sample.title)


def literal_inputs(sample: samples.Sample) -> dict[str, Any]:
    """Return the literal inputs of a sample with their defaults, for its form."""
    if sample.kind == "job":
        found = load_job(sample.path).document.get("inputs") or {}
        return {n: v.get("value") for n, v in found.items() if v.get("jobInputType") == "literal"}
    parameters = Graph.from_json(sample.path.read_text("utf-8")).parameters
    return {name: spec.get("default") for name, spec in parameters.items()}
