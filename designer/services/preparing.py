"""Preparation steps as a pipeline: a draft that does the same, or a run that makes a new version."""

from __future__ import annotations

import json
from typing import Any

from designer.models import Pipeline
from designer.services import drafts, submitting
from officina.data.drafting import graph_of
from officina.data.preparation import Prepared
from officina.errors import StudioError
from officina.graph import Graph, pipeline_document
from registry.datastores import explore, prepare
from registry.models import AssetVersion
from studio.runs.models import Run
from studio.runs.services.creating import catalogue_of

EXPERIMENT = "data-preparation"
# The steps that made a version are kept with it, so that they can be opened again.
STEPS = "officina.preparation"
OUTPUT = "prepared"
MOST_KEPT = 100_000


def graph_for(
    *, version: AssetVersion, file: str, steps: list[Prepared]
) -> tuple[dict[str, Any], tuple[str, str]]:
    """Return the graph that does these steps on a version's whole table, and its end.

    They are tried on a sample first: a step that fails there is refused, and where its form says
    "all columns" the node names them.
    """
    workspace = version.asset.workspace
    found = prepare.rehearse(version=version, file=file, steps=steps, window=(0, 0, 0, 1))
    for index, told in enumerate(found["steps"]):
        if "error" in told:
            given = {**told["error"], "where": f"steps.{index}"}
            raise StudioError(**given)
    beside = prepare.tables_beside(workspace, steps)
    others = {
        each.data: _asset(
            each.params["data"]["name"], each.params["data"]["version"], beside[each.data]
        )
        for each in steps
        if each.data in beside
    }
    source = _asset(version.asset.name, version.version, explore.table_of(version, file))
    text = f"Prepares {version.asset.name}, version {version.version}."
    return graph_of(source, steps, _names(found["schemas"]), others=others, description=text)


def _asset(name: str, version: str, table: explore.Table) -> dict[str, str]:
    label = f":{version}" if version else "@latest"
    # The folder as a whole keeps its columns' roles; else the one file is meant.
    path = "**" if table.roles else table.name
    return {"asset": f"azureml:{name}{label}", "path": path}


def _names(schemas: list[list[list[str]] | None]) -> list[list[str]]:
    found: list[list[str]] = []
    for schema in schemas:
        found.append(found[-1] if schema is None else [name for name, _ in schema])
    return found


def save_pipeline(
    *, version: AssetVersion, file: str, steps: list[Prepared], name: str, user: Any
) -> Pipeline:
    """Make a draft of these steps."""
    graph, _ = graph_for(version=version, file=file, steps=steps)
    return drafts.create_draft(
        workspace=version.asset.workspace, user=user,
        name=name.strip() or f"Prepare {version.asset.name}", graph=graph,
    )  # fmt: skip


def run_steps(
    *, version: AssetVersion, file: str, steps: list[Prepared], asset: str, user: Any
) -> Run:
    """Run these steps on the whole table; the result is the next version of a data asset."""
    if not any(not each.disabled for each in steps):
        raise StudioError("There is no step to run.", where="steps", hint="Add one.")
    workspace = version.asset.workspace
    graph, (node, port) = graph_for(version=version, file=file, steps=steps)
    document = pipeline_document(
        Graph.from_json(graph), catalogue_of(workspace),
        display_name=f"Prepare {version.asset.name}", experiment_name=EXPERIMENT,
    )  # fmt: skip
    document["outputs"] = {OUTPUT: _named(asset.strip() or version.asset.name, steps, version)}
    document["jobs"][node]["outputs"][port]["uri"] = f"${{{{parent.outputs.{OUTPUT}}}}}"
    return submitting.submit_graph(
        workspace=workspace, user=user, document=document, tags={"officina.kind": "preparation"}
    )


def _named(asset: str, steps: list[Prepared], version: AssetVersion) -> dict[str, Any]:
    kept = json.dumps({"schema": 1, "steps": [each.as_json() for each in steps]})
    of = f"{version.asset.name}:{version.version}"
    properties = {"officina.prepared_from": of} | ({STEPS: kept} if len(kept) <= MOST_KEPT else {})
    return {
        "jobOutputType": "uri_folder", "mode": "rw_mount", "assetName": asset,
        "assetProperties": properties,
    }  # fmt: skip
