"""Run history: what the client polls while it streams, and asks before it downloads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from officina.errors import StudioError
from studio.facades.azureml import jobs, places, rendering, signing, wire
from studio.facades.azureml.containers import LOG
from studio.runs.models import Run, Status
from studio.workspaces.access import person
from studio.workspaces.models import Workspace

PIPELINE_LOG = "logs/azureml/executionlogs.txt"
_OUTPUT = re.compile(
    r"azureml://locations/[^/]+/workspaces/[^/]+/runs/(?P<run>[^/]+)/outputs/(?P<name>[^/]+)\Z"
)
_DATA = re.compile(
    r"(?:azureml://locations/[^/]+/workspaces/[^/]+/data/|azureml:)(?P<name>[^/:@]+)(?:/versions/|:)(?P<version>[^/:@]+)\Z"
)


def details(request: HttpRequest, workspace: Workspace, name: str) -> dict[str, Any]:
    """Return a run's status, and signed addresses of its logs."""
    run = jobs.find(workspace, name)
    found = {
        **_facts(request, run),
        "target": run.compute.name if run.compute else "local",
        "warnings": _warnings(run),
        "logFiles": _logs(request, run),
        "inputDatasets": [],
        "outputDatasets": [],
        "submittedBy": run.owner.name,
    }
    return found


def _facts(request: HttpRequest, run: Run) -> dict[str, Any]:
    return {
        "runId": run.name,
        "runUuid": run.guid,
        "parentRunId": run.parent.name if run.parent else None,
        "rootRunId": run.root.name if run.root else run.name,
        "experimentId": str(run.experiment_id),
        "status": run.status,
        "displayName": run.title,
        "description": run.description or None,
        "runType": "azureml.PipelineRun" if run.kind == Run.PIPELINE else "azureml.scriptrun",
        "createdUtc": wire.moment(run.created),
        "startTimeUtc": wire.moment(run.started),
        "endTimeUtc": wire.moment(run.ended),
        "error": _error(run),
        "tags": {str(key): str(value) for key, value in run.tags.items()},
        "properties": {},
        "parameters": run.params,
        "outputs": outputs(run),
        "services": {},
    }


def _error(run: Run) -> dict[str, Any] | None:
    if run.status != Status.FAILED:
        return None
    error = run.error or {}
    text = error.get("message") or run.reason or "The job failed; its log tells more."
    if error.get("hint"):
        text = f"{text} {error['hint']}"
    inner = {"code": str(error.get("code") or "UserError"), "message": text}
    return {"error": inner, "time": wire.moment(run.ended)}


def _warnings(run: Run) -> list[dict[str, str]]:
    if run.reused_from_id:
        return [{"message": "Nothing changed since an earlier run: its results were reused."}]
    return []


def _logs(request: HttpRequest, run: Run) -> dict[str, str]:
    """Return the addresses of a run's logs: its own, or how a pipeline went."""
    if run.kind == Run.PIPELINE:
        name, path = PIPELINE_LOG, f"{places.RUN_FOLDER}{run.name}/{PIPELINE_LOG}"
        signature = signing.sign(request, run.workspace, places.ARTIFACTS, path=path)
        url = f"{wire.base(request)}/history/v1.0/pipelines/{run.guid}/log?{signature}"
        return {name: url}
    path = f"{places.RUN_FOLDER}{run.name}/{LOG}"
    signature = signing.sign(request, run.workspace, places.ARTIFACTS, path=path)
    container = places.container_url(request, run.workspace, places.ARTIFACTS)
    return {LOG: f"{container}/{path}?{signature}"}


def pipeline_log(request: HttpRequest, guid: str) -> HttpResponse:
    """Return how a pipeline went, as lines that only grow; its address is signed for it alone."""
    run = Run.objects.filter(guid=guid, kind=Run.PIPELINE).select_related("workspace").first()
    if run is None:
        raise StudioError("There is no such pipeline.", code="not_found")
    signing.check(
        request.GET.get("sig", ""), account=run.workspace.guid.hex, container=places.ARTIFACTS,
        path=f"{places.RUN_FOLDER}{run.name}/{PIPELINE_LOG}", write=False,
    )  # fmt: skip
    text = "".join(f"[{when:%Y-%m-%d %H:%M:%SZ}] {line}\n" for when, line in sorted(_story(run)))
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _story(run: Run) -> Iterator[tuple[datetime, str]]:
    for child in run.children.all():
        yield child.created, f"Submitting step {child.step}, run {child.name}"
        if child.is_reused and child.ended:
            yield child.ended, f"Reused the results of step {child.step}: nothing changed"
        elif child.ended:
            yield child.ended, f"Step {child.step} has ended: {child.status}"


def get(request: HttpRequest, workspace: Workspace, name: str) -> dict[str, Any]:
    """Return a run's facts."""
    return _facts(request, jobs.find(workspace, name))


def children(request: HttpRequest, workspace: Workspace, name: str) -> dict[str, Any]:
    """Return the steps of a pipeline's run."""
    run = jobs.find(workspace, name)
    rows = run.children.select_related(*jobs.TOLD).order_by("created")
    return wire.page(request, rows, lambda row: _facts(request, row))


def service_instances(
    request: HttpRequest, workspace: Workspace, name: str, node: str
) -> dict[str, Any]:
    """Return the services that run beside a job on one of its nodes: there are none."""
    jobs.find(workspace, name)
    return {"instances": {}}


def change(request: HttpRequest, workspace: Workspace, name: str, experiment: str) -> Any:
    """Change a run's texts, tags and whether it is hidden."""
    run = jobs.find(workspace, name)
    jobs.change(run, wire.body(request), user=person(request))
    return _facts(request, jobs.find(workspace, name))


def run_data(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """Return a run's facts with its named outputs."""
    name = wire.text(wire.body(request), "runId")
    return {"runMetadata": _facts(request, jobs.find(workspace, name)), "runDefinition": None}


def outputs(run: Run) -> dict[str, Any]:
    """Return a run's named outputs as assets, which `batchGetResolvedUris` turns into addresses."""
    sent = rendering.properties(run, studio="").get("outputs") or {}
    prefix = f"azureml://locations/local/workspaces/{run.workspace.guid}/runs/{run.name}/outputs"
    return {
        name: {
            "assetId": f"{prefix}/{name}",
            "type": (sent.get(name) or {}).get("jobOutputType") or "uri_folder",
        }
        for name in run.outputs
    }


def resolve_uris(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """Return where the files of assets are."""
    asked = wire.body(request).get("values")
    if not isinstance(asked, list) or len(asked) > 1000:
        raise StudioError("values is a list of at most 1000 asset ids.", where="values")
    found = {}
    for each in asked:
        match = _OUTPUT.match(str(each))
        if match:
            run = jobs.find(workspace, match["run"])
            if match["name"] in run.outputs:
                found[str(each)] = {
                    "uri": rendering.place(run, match["name"]),
                    "type": "uri_folder",
                }
            continue
        data = _DATA.match(str(each))
        if data:
            found[str(each)] = _resolved(workspace, data["name"], data["version"])
    return {"values": found}


def _resolved(workspace: Workspace, name: str, version: str) -> dict[str, Any]:
    from registry import services as registry
    from studio.facades.azureml import kinds

    row = registry.find(workspace=workspace, kind="data", name=name, version=version, archived=True)
    shown = kinds.of("data").properties(row)
    return {"uri": shown["dataUri"], "type": shown["dataType"]}


_RUNS = r"history/v1\.0/" + wire.WORKSPACE
_NAMED = r"(?P<name>[^/]+)"
urlpatterns = [
    wire.at(_RUNS + f"/runs/{_NAMED}", GET=("runs.read", get)),
    wire.at(_RUNS + f"/runs/{_NAMED}/details", GET=("runs.read", details)),
    wire.at(_RUNS + f"/runs/{_NAMED}/children", GET=("runs.read", children)),
    wire.at(
        _RUNS + f"/runs/{_NAMED}/serviceinstances/(?P<node>[^/]+)",
        GET=("runs.read", service_instances),
    ),
    wire.at(
        _RUNS + f"/experiments/(?P<experiment>[^/]+)/runs/{_NAMED}", PATCH=("runs.edit", change)
    ),
    wire.at(_RUNS + "/rundata", POST=("runs.read", run_data)),
    wire.at(r"history/v1\.0/pipelines/(?P<guid>[0-9a-f]{32})/log", GET=(wire.PUBLIC, pipeline_log)),
    wire.at(
        r"data/v1\.0/" + wire.WORKSPACE + "/dataversion/batchGetResolvedUris",
        POST=("registry.read", resolve_uris),
    ),
]
