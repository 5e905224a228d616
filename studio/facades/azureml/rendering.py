"""A run as REST properties: what its client sent, with what happened since."""

from __future__ import annotations

import json
from typing import Any

from officina.documents import to_rest
from studio.facades.azureml.models import SentJob
from studio.facades.azureml.places import OUTPUT_FOLDER, address
from studio.runs.models import Run

# How the client spells the types of data in responses.
_NULLABLE = ("description", "displayName", "experimentName")


def properties(run: Run, *, studio: str) -> dict[str, Any]:
    """Return a run's REST properties; `studio` is the address that people see."""
    sent: SentJob | None = getattr(run, "sent_job", None)
    found = dict(sent.properties) if sent and sent.properties else _of_document(run)
    given = found.get("properties") if isinstance(found.get("properties"), dict) else {}
    found |= {
        "status": run.status,
        "displayName": run.display_name or found.get("displayName") or run.step or run.name,
        "description": run.description or None,
        "experimentName": run.experiment.name,
        "tags": {str(key): str(value) for key, value in run.tags.items()},
        "properties": {str(key): str(value) for key, value in given.items()} | told(run),  # type: ignore[union-attr]
        "services": asked_services(found.get("services")) | services(run, studio),
        "isArchived": run.archived,
        "inputs": _inputs(found.get("inputs")),
        "outputs": _outputs(run, found.get("outputs")),
    }
    if run.parent_id:
        found["parentJobName"] = run.parent.name if run.parent else None
    return found


def told(run: Run) -> dict[str, str]:
    """Return what Azure tells in a job's properties: that its results were reused, and of which run."""
    if run.reused_from is None:
        return {}
    return {"azureml.isreused": "true", "azureml.reusedrunid": run.reused_from.name}


def asked_services(value: Any) -> dict[str, Any]:
    """Return the services that a job asked for: recorded, and never started here."""
    empty: dict[str, Any] = {"endpoint": None, "port": None, "status": None, "properties": {}}
    asked = value.items() if isinstance(value, dict) else ()
    return {str(name): {**empty, **each} for name, each in asked if isinstance(each, dict)}


def services(run: Run, studio: str) -> dict[str, Any]:
    """Return where people see the run; the client's stream needs at least an empty object."""
    # The client adds "&tid=...": without a query of our own that would become part of the path.
    page = f"{studio}/w/{run.workspace.name}/runs/{run.guid}/?wsid={run.workspace.name}"
    return {
        "Studio": {"jobServiceType": "Studio", "endpoint": page, "port": None, "status": None},
        "Tracking": {
            "jobServiceType": "Tracking",
            "endpoint": f"{studio}/mlflow/{run.workspace.name}",
            "port": None,
            "status": None,
        },
    }


def _of_document(run: Run) -> dict[str, Any]:
    """Return the properties of a run that came another way than through this protocol."""
    if run.kind == Run.PIPELINE:
        return _pipeline(run)
    document = run.document if run.document.get("jobType") == "Command" else _step(run)
    rest = to_rest(document)
    keys = ("command", "environmentVariables", "inputs", "outputs", "limits", "properties")
    found = {key: rest[key] for key in keys if rest.get(key) is not None}
    compute = run.compute.name if run.compute else "local"
    return {
        "jobType": "Command",
        "command": "",
        **found,
        "computeId": f"{run.workspace.resource_id}/computes/{compute}",
        "environmentId": _environment(run, document),
        "codeId": None,
    }


def _environment(run: Run, document: dict[str, Any]) -> str:
    given = document.get("environmentId")
    if isinstance(given, str) and given.startswith("azureml:"):
        return given
    if isinstance(given, dict) and str(given.get("id") or "").startswith("azureml:"):
        return str(given["id"])
    name = given.get("name") if isinstance(given, dict) else given
    name = str(name or run.environment or "minimal").split("@")[0].split(":")[0]
    return f"azureml:{name or 'minimal'}@latest"


def _step(run: Run) -> dict[str, Any]:
    """Return a step's part of its pipeline as a command job."""
    component = run.document.get("component")
    spec = component if isinstance(component, dict) else {}
    command = spec.get("command") or f"module {spec.get('name') or run.step}"
    return {
        "command": command,
        "environmentId": spec.get("environment"),
        "inputs": run.inputs or {},
        "outputs": {
            name: {"jobOutputType": value.get("jobOutputType") or "uri_folder", "mode": "rw_mount"}
            for name, value in (run.document.get("outputs") or {}).items()
            if isinstance(value, dict)
        },
    }


def _pipeline(run: Run) -> dict[str, Any]:
    """Return a pipeline without the inside of its steps: what they are is told by their own runs."""
    rest = to_rest({key: value for key, value in run.document.items() if key != "jobs"})
    return {
        "jobType": "Pipeline",
        "inputs": rest.get("inputs") or {},
        "outputs": rest.get("outputs") or {},
        "settings": rest.get("settings") or {},
        "jobs": {},
    }


def _inputs(value: Any) -> dict[str, Any]:
    """Return inputs as the client reads them: every literal is a text."""
    found = {}
    for name, entry in (value or {}).items() if isinstance(value, dict) else ():
        if not isinstance(entry, dict):
            continue
        if str(entry.get("jobInputType")) == "literal" and not isinstance(entry.get("value"), str):
            entry = {**entry, "value": json.dumps(entry.get("value"))}
        found[name] = {key: item for key, item in entry.items() if key not in {"type", "asset"}}
    return found


def _outputs(run: Run, value: Any) -> dict[str, Any]:
    """Return outputs with where their files are once they exist."""
    found = {}
    for name, entry in (value or {}).items() if isinstance(value, dict) else ():
        if name == "default" or not isinstance(entry, dict):
            # With a `default` output the client looks for logs in a datastore, and prints nothing.
            continue
        uri = entry.get("uri")
        if name in run.outputs:
            uri = run.outputs[name].get("address") or place(run, name)
        found[name] = {**entry, "uri": uri}
    return found


def place(run: Run, output: str) -> str:
    """Return the address of a named output's files."""
    return address(run.workspace, "workspaceblobstore", f"{OUTPUT_FOLDER}{run.name}/{output}/")
