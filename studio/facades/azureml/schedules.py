"""Schedules: put, get, list, delete, fire now; what they mean is the studio's own services."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from officina.documents import to_rest
from officina.errors import StudioError
from studio.automation import services
from studio.automation.models import Schedule
from studio.facades.azureml import translating, wire
from studio.workspaces.access import person
from studio.workspaces.models import Workspace

# The job as its client sent it; the engine's document of it is `jobDefinition`.
SENT = "sentJobDefinition"
_WORDS = {
    word.lower(): word
    for word in (
        "Cron", "Recurrence", "Minute", "Hour", "Day", "Week", "Month", "Monday", "Tuesday",
        "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    )
}  # fmt: skip
_VIEWS = {"enabledonly": True, "disabledonly": False, "all": None}


def shown(row: Schedule) -> dict[str, Any]:
    """Return a schedule as ARM sends it; the job is the one that was sent."""
    properties = services.shape(row)
    action = dict(properties["action"])
    sent = action.pop(SENT, None)
    if action.get("actionType") == "CreateJob":
        action["jobDefinition"] = sent or _job(action.get("jobDefinition") or {})
    words = {key: properties.get(key) or {} for key in ("tags", "properties")}
    id_ = wire.resource_id(row.workspace, "schedules", row.name)
    body = {"description": None, **properties, **words, "action": action}
    return wire.envelope(
        id_, row.name, "schedules", body, created=row.created, changed=row.changed,
        by=row.owner.name,
    )  # fmt: skip


def _job(definition: dict[str, Any]) -> dict[str, Any]:
    """Return a job that came another way; the inside of a pipeline's steps is left out."""
    if definition.get("sourceJobId"):
        return {"jobType": "Pipeline", "jobs": {}, "inputs": {}, "outputs": {}, **definition}
    rest = to_rest({key: item for key, item in definition.items() if key != "jobs"})
    return {"inputs": {}, "outputs": {}, **rest, **({"jobs": {}} if "jobs" in definition else {})}


def listed(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """Return the workspace's schedules; those that are on, unless all are asked for."""
    asked = request.GET.get("listViewType", "EnabledOnly").lower()
    rows = services.schedules(workspace=workspace, enabled=_VIEWS.get(asked, True))
    return wire.page(request, rows.order_by("name"), shown)


def get(request: HttpRequest, workspace: Workspace, name: str) -> dict[str, Any]:
    """Return a schedule."""
    return shown(services.find_schedule(workspace=workspace, name=name))


def put(request: HttpRequest, workspace: Workspace, name: str) -> Any:
    """Make a schedule or replace one."""
    properties = wire.mapping(wire.body(request), "properties")
    row, made = services.save_schedule(
        workspace=workspace, name=name, user=person(request),
        document=_without_nulls(properties) | {"action": _action(workspace, properties)},
    )  # fmt: skip
    # Older releases read the answer twice and spoil it: with this they ask for the schedule anew.
    where = f"{wire.base(request)}{request.path.rstrip('/')}/operation"
    headers = {"Azure-AsyncOperation": where, "Retry-After": "1"}
    return 201 if made else 200, shown(row), headers


def operation(request: HttpRequest, workspace: Workspace, name: str) -> dict[str, Any]:
    """Say how making a schedule goes: it was done when it was asked for."""
    row = services.find_schedule(workspace=workspace, name=name)
    return {"id": request.path, "name": row.name, "status": "Succeeded"}


def _without_nulls(properties: dict[str, Any]) -> dict[str, Any]:
    kept = {key: item for key, item in properties.items() if item is not None}
    trigger = wire.mapping(properties, "trigger")
    found = {key: _spelled(item) for key, item in trigger.items() if item is not None}
    if isinstance(found.get("schedule"), dict):
        pattern = found["schedule"].items()
        found["schedule"] = {key: _spelled(each) for key, each in pattern if each}
    return kept | {"trigger": found}


def _spelled(value: Any) -> Any:
    """Return Azure's words in their own case; the client sends `week` and `monday`."""
    if isinstance(value, list):
        return [_spelled(each) for each in value]
    return _WORDS.get(value.lower(), value) if isinstance(value, str) else value


def _action(workspace: Workspace, properties: dict[str, Any]) -> dict[str, Any]:
    """Return the action with every id in its job replaced by what it names."""
    action = {
        key: item
        for key, item in wire.mapping(properties, "action").items()
        if item is not None and key != SENT
    }
    if action.get("actionType") != "CreateJob":
        return action
    sent = wire.mapping(action, "jobDefinition")
    if sent.get("sourceJobId"):
        given = {key: sent[key] for key in ("sourceJobId", "inputs") if sent.get(key)}
        return {**action, "jobDefinition": given, SENT: sent}
    if why := translating.why_not(sent):
        raise StudioError(why, where="action.jobDefinition", hint="docs/azure.md lists what runs.")
    return {**action, "jobDefinition": translating.document(workspace, sent), SENT: sent}


def delete(request: HttpRequest, workspace: Workspace, name: str) -> Any:
    """Forget a schedule; one that is not there is gone already."""
    row = services.schedules(workspace=workspace).filter(name__iexact=name).first()
    if row is None:
        return 204, None
    services.delete_schedule(row, user=person(request))
    return 200, None


def trigger(request: HttpRequest, workspace: Workspace, name: str) -> dict[str, Any]:
    """Fire now; the submission's id is that of the run."""
    row = services.find_schedule(workspace=workspace, name=name)
    firing = services.trigger(row, user=person(request))
    if firing.run is None:
        told = firing.error or {}
        raise StudioError(
            str(told.get("message") or "The schedule could not start its job."),
            hint=str(told.get("hint") or ""), where=str(told.get("where") or "action"),
            code=str(told.get("code") or "failed"),
        )  # fmt: skip
    kind = row.action.get("actionType", "CreateJob")
    return {"submissionId": firing.run.name, "scheduleActionType": kind}


_ONE = wire.WORKSPACE + "/schedules/(?P<name>[^/]+)"
urlpatterns = [
    wire.at(wire.WORKSPACE + "/schedules", GET=("runs.read", listed)),
    wire.at(_ONE, GET=("runs.read", get), PUT=("runs.submit", put), DELETE=("runs.submit", delete)),
    wire.at(_ONE + "/operation", GET=("runs.read", operation)),
    wire.at(_ONE + "/trigger", POST=("runs.submit", trigger)),
]
