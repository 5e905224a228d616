"""Outputs that a job's document names become versions of assets when the job has completed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction

from officina.errors import StudioError
from registry import services as registry
from studio.runs.models import LineageEdge, Run

MODELS = frozenset({"mlflow_model", "custom_model", "trained_model"})
log = logging.getLogger(__name__)


def register_outputs(run: Run) -> None:
    """Register the named outputs of a completed job and of its steps, with their lineage.

    One that cannot be registered (its version is taken, say) is left as the run's output alone.
    """
    for maker, name, wanted, output in list(_named(run)):
        try:
            with transaction.atomic():
                _register(run, maker, name, wanted, output)
        except StudioError as error:
            log.warning("output %s of run %s is not registered: %s", name, run.guid, error)
            run.touch(reason=f"Output {name} is not registered: {error.message}"[:500])


def _named(run: Run) -> Iterator[tuple[Run, str, Mapping[str, Any], Mapping[str, Any]]]:
    for name, wanted in (run.document.get("outputs") or {}).items():
        if wanted.get("assetName") and name in run.outputs:
            yield run, name, wanted, run.outputs[name]
    jobs = run.document.get("jobs") or {}
    steps = {step for step, node in jobs.items() if any(_own(node))}
    if not steps:
        return
    for child in run.children.filter(step__in=steps):
        for name, wanted in _own(jobs[child.step]):
            if name in child.outputs:
                yield child, name, wanted, child.outputs[name]


def _own(node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the outputs that a step names itself; one bound to the pipeline's is the pipeline's."""
    for name, wanted in (node.get("outputs") or {}).items():
        if wanted.get("assetName") and "${{parent." not in str(wanted.get("uri") or ""):
            yield name, wanted


def _register(
    run: Run, maker: Run, name: str, wanted: Mapping[str, Any], output: Mapping[str, Any]
) -> None:
    uri = str(output.get("uri") or "")
    if not uri.startswith("tree:"):
        return
    tree = registry.open_tree(workspace=run.workspace, digest=uri.removeprefix("tree:"))
    kind = str(wanted.get("jobOutputType") or "uri_folder")
    is_model = kind in MODELS
    if is_model:
        document = {"modelType": kind if kind != "trained_model" else "custom_model", "path": name}
    else:
        known = kind in {"uri_file", "uri_folder", "mltable"}
        document = {
            "dataType": kind if known else "uri_folder",
            "dataUri": output.get("address") or tree.uri,
        }
    row = registry.register(
        workspace=run.workspace, kind="model" if is_model else "data",
        name=str(wanted["assetName"]), version=str(wanted.get("assetVersion") or ""),
        document=document | {"jobName": run.name}, tree=tree,
        properties=wanted.get("assetProperties") or {}, run_guid=run.guid, user=run.owner,
    )  # fmt: skip
    LineageEdge.objects.get_or_create(
        workspace=run.workspace, source=f"run/{maker.guid}", target=row.end,
        defaults={"label": name},
    )  # fmt: skip
