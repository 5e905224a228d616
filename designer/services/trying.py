"""Trying a node on a sample of its inputs: a short real job that leaves the draft as it is."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from designer import journal
from designer.models import Pipeline
from designer.services import submitting
from designer.services.pins import Pins, pins_of, results_for
from officina.errors import StudioError
from officina.graph import Graph, pipeline_document, running
from registry import services as registry
from studio.runs import outputs
from studio.runs.models import Run
from studio.runs.services.creating import catalogue_of
from studio.workspaces.models import Workspace

SAMPLE_ROWS = 1_000
LIMIT_SECONDS = 120
TRY_TAG, NODE_TAG = "officina.try", "officina.node"
EXPERIMENT = "tries"


def try_node(*, pipeline: Pipeline, user: Any, node: str, code: str | None = None) -> Run:
    """Run one node with the first rows of what its inputs last were, and with `code` if given."""
    journal.refresh(pipeline)
    catalogue = catalogue_of(pipeline.workspace)
    graph = running(Graph.from_json(pipeline.graph), catalogue).graph
    chosen = graph.node(node)
    component = catalogue.get(chosen.component, chosen.version)
    params = dict(chosen.params)
    if code is not None:
        script = next((p.name for p in component.params if p.type == "code"), None)
        if script is None:
            raise StudioError(
                f"{component.title} has no script to try.", hint="Choose a script node.", where=node
            )
        params[script] = code
    params |= _samples(pipeline, graph, node, pins_of(pipeline, graph, catalogue))
    alone = replace(graph, nodes=(replace(chosen, params=params),), edges=(), notes=(), groups=())
    document = pipeline_document(alone, catalogue, display_name=f"Try {chosen.label or node}")
    document["jobs"][node]["limits"] = {"timeout": LIMIT_SECONDS}
    return submitting.submit_graph(
        workspace=pipeline.workspace,
        user=user,
        document=document,
        tags={TRY_TAG: pipeline.guid, NODE_TAG: node},
        experiment=EXPERIMENT,
    )


def _samples(pipeline: Pipeline, graph: Graph, node: str, pins: Pins) -> dict[str, str]:
    """Return for each wired input the address of a sample of what a run would give it now."""
    wires = [edge for edge in graph.edges if edge.target == node]
    found = results_for(pipeline, pins, {edge.source for edge in wires})
    samples = {}
    for edge in wires:
        child = found.get(edge.source)
        if child is None or edge.source_port not in child.outputs:
            title = graph.node(edge.source).label or edge.source
            raise StudioError(
                f"{title} has no result yet to take a sample of.",
                hint="Run to there first.",
                where=edge.source,
                code="conflict",
            )
        samples[edge.target_port] = sample_of(pipeline.workspace, child, edge.source_port)
    return samples


def sample_of(workspace: Workspace, run: Run, port: str) -> str:
    """Return the address of a table's first rows, stored as a dataset; other outputs stay whole."""
    tree = outputs.output_tree(run, port)
    size = outputs.table_size(tree.digest)
    if size is None or size[0] <= SAMPLE_ROWS:
        return str(tree.uri)
    import pyarrow.parquet as pq

    store = registry.store()
    entry = tree.files[outputs.TABLE]
    with (
        tempfile.TemporaryDirectory(prefix="officina-try-") as name,
        pq.ParquetFile(store.local_path(entry.sha256) or store.open(entry.sha256)) as table,
    ):
        folder = Path(name)
        # A group holds 65,536 rows, so the first one is enough.
        pq.write_table(table.read_row_group(0).slice(0, SAMPLE_ROWS), folder / outputs.TABLE)
        if outputs.SCHEMA in tree.files:
            roles = store.read(tree.files[outputs.SCHEMA].sha256)
            (folder / outputs.SCHEMA).write_bytes(roles)
        facts = {"rows": min(size[0], SAMPLE_ROWS), "columns": size[1]}
        (folder / outputs.PROFILE).write_text(json.dumps(facts), encoding="utf-8")
        sample = store.put_tree(folder)
    registry.remember_tree(workspace=workspace, tree=sample)
    return str(sample.uri)
