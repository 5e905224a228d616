"""`ml.data.import_data`: a pipeline of one step that brings data in, which here is an import."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest

from officina.errors import StudioError
from studio.automation import services as automation
from studio.facades.azureml import wire
from studio.facades.azureml.models import SentJob
from studio.runs.models import Run
from studio.workspaces.access import person
from studio.workspaces.models import Workspace

KIND, TASK = "data_transfer", "import_data"
ASSET = "azureml.materializationAssetName"
_SOURCE = {
    "stored_procedure": "storedProcedure",
    "stored_procedure_params": "storedProcedureParams",
}


def is_import(properties: dict[str, Any]) -> bool:
    """Say whether a job is what the client makes of a DataImport: one step that imports."""
    steps = properties.get("jobs")
    if not isinstance(steps, dict) or len(steps) != 1:
        return False
    (step,) = steps.values()
    return isinstance(step, dict) and step.get("type") == KIND and step.get("task") == TASK


def start(request: HttpRequest, workspace: Workspace, name: str, properties: dict[str, Any]) -> Run:
    """Start the import under the job's name; the client goes on to see its pipeline."""
    with transaction.atomic():
        run = automation.import_data(
            workspace=workspace, user=person(request), document=document(properties), name=name,
            tags=wire.texts(properties, "tags"),
        )  # fmt: skip
        SentJob.objects.create(run=run, properties=properties)
    return run


def document(properties: dict[str, Any]) -> dict[str, Any]:
    """Return our own document of the import that a pipeline stands for."""
    (step,) = wire.mapping(properties, "jobs").values()
    outputs = wire.mapping(step, "outputs")
    if len(outputs) != 1 or not isinstance(sink := next(iter(outputs.values())), dict):
        raise StudioError("An import has one output.", where="outputs")
    name = wire.text(sink, "name") or wire.text(wire.mapping(properties, "properties"), ASSET)
    source = {_SOURCE.get(key, key): value for key, value in wire.mapping(step, "source").items()}
    return {
        "assetName": name,
        "dataType": sink.get("job_output_type") or sink.get("jobOutputType"),
        "dataUri": sink.get("uri"),
        "description": wire.text(properties, "description"),
        "source": {key: value for key, value in source.items() if value is not None},
        "registerVersion": sink.get("version"),
        # As on Azure, each call makes a version; a schedule may leave out what did not change.
        "onlyIfChanged": False,
    }
