"""What a schedule can do: each kind of action checks itself when it is saved, and starts a run."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from designer.services import publishing
from officina.documents import load_job, parse_reference
from officina.errors import StudioError
from studio.automation.services import importing
from studio.runs.models import Run
from studio.runs.services import create_run, rerun
from studio.workspaces.access import require
from studio.workspaces.models import Workspace

# As Azure has it, in any text of a job.
TRIGGER_TIME = "${{creation_context.trigger_time}}"
Definition = dict[str, Any]


@dataclass(frozen=True)
class Action:
    """One kind: `key` holds its definition, `check` cleans it, `start` makes the run."""

    name: str
    title: str
    check: Callable[[Workspace, Any, Definition], None]
    start: Callable[[Workspace, Any, Definition, dict[str, str]], Run]


def check(*, workspace: Workspace, user: Any, action: Mapping[str, Any]) -> None:
    """Refuse an action that could never start, or that this person may not do."""
    require(user, workspace, "runs.submit")
    kind_of(action).check(workspace, user, dict(action))


def start(
    *, workspace: Workspace, user: Any, action: Mapping[str, Any], tags: dict[str, str],
    when: dt.datetime,
) -> Run:  # fmt: skip
    """Start what an action is for, on behalf of this person."""
    require(user, workspace, "runs.submit")
    told = _told(copy.deepcopy(dict(action)), when.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return kind_of(action).start(workspace, user, told, tags)


def kind_of(action: Mapping[str, Any]) -> Action:
    """Return the kind of an action, or say which there are."""
    name = str(action.get("actionType"))
    if name not in ACTIONS:
        told = (
            "This studio does not run monitors on schedules yet."
            if name == "CreateMonitor"
            else f"{name!r} is not an action that this studio does."
        )
        raise StudioError(told, where="action.actionType", hint=f"Known: {', '.join(ACTIONS)}.")
    return ACTIONS[name]


def words(action: Mapping[str, Any]) -> str:
    """Return what an action does, in a few words."""
    kind = action.get("actionType")
    if kind == "ImportData":
        definition = action.get("dataImportDefinition") or {}
        return f"Import {definition.get('assetName', 'data')}"
    if kind == "InvokePipelineEndpoint":
        return f"Run the pipeline endpoint {action.get('endpoint', '')}"
    job = action.get("jobDefinition") or {}
    if job.get("sourceJobId"):
        return f"Run {_job_name(job)} again"
    title = job.get("displayName") or job.get("experimentName") or ""
    return f"Run the {str(job.get('jobType', 'job')).lower()} job {title}".strip()


def _told(value: Any, when: str) -> Any:
    if isinstance(value, str):
        return value.replace(TRIGGER_TIME, when)
    if isinstance(value, dict):
        return {key: _told(item, when) for key, item in value.items()}
    if isinstance(value, list):
        return [_told(item, when) for item in value]
    return value


# -- jobs -------------------------------------------------------------------------------------------


def _check_job(workspace: Workspace, user: Any, action: Definition) -> None:
    job = _object(action, "jobDefinition")
    if job.get("sourceJobId"):
        _source_job(workspace, job)
        return
    _loaded(job)


def _loaded(job: Definition) -> Definition:
    from officina.documents import from_rest

    document = load_job(from_rest(job)).document
    code = [document.get("codeId")]
    code += [(n.get("component") or {}).get("code") for n in (document.get("jobs") or {}).values()
             if isinstance(n.get("component"), dict)]  # fmt: skip
    for each in code:
        if each and not str(each).startswith("tree:"):
            raise StudioError(
                f"{each!r} is not stored code.", where="action.jobDefinition",
                hint="Make the schedule with `officina schedule create`, which uploads it.",
            )  # fmt: skip
    return document


def _start_job(workspace: Workspace, user: Any, action: Definition, tags: dict[str, str]) -> Run:
    job = _object(action, "jobDefinition")
    if job.get("sourceJobId"):
        source = _source_job(workspace, job)
        given = {name: entry.get("value") if isinstance(entry, dict) else entry
                 for name, entry in (job.get("inputs") or {}).items()}  # fmt: skip
        return rerun(run=source, user=user, inputs=given, tags=tags)
    document = _loaded(job)
    document.pop("name", None)
    document["tags"] = {**(document.get("tags") or {}), **tags}
    return create_run(workspace=workspace, user=user, document=document)


def _job_name(job: Definition) -> str:
    text = str(job["sourceJobId"])
    return text.rsplit("/", 1)[-1] if "/" in text else parse_reference(text).name or text


def _source_job(workspace: Workspace, job: Definition) -> Run:
    name = _job_name(job).removeprefix("azureml:")
    run = Run.objects.shown().filter(workspace=workspace, name=name).first()
    if run is None:
        raise StudioError(
            f"There is no job {name!r} to run again.", where="action.jobDefinition.sourceJobId",
            hint="Give the name of a job of this workspace, or the job itself.", code="not_found",
        )  # fmt: skip
    return run


# -- imports ----------------------------------------------------------------------------------------


def _check_import(workspace: Workspace, user: Any, action: Definition) -> None:
    require(user, workspace, "registry.write")
    definition = _object(action, "dataImportDefinition")
    importing.check_import(workspace=workspace, document=definition)


def _start_import(workspace: Workspace, user: Any, action: Definition, tags: dict[str, str]) -> Run:
    definition = _object(action, "dataImportDefinition")
    return importing.import_data(workspace=workspace, user=user, document=definition, tags=tags)


# -- published pipelines ----------------------------------------------------------------------------


def _check_endpoint(workspace: Workspace, user: Any, action: Definition) -> None:
    endpoint = publishing.endpoint_of(workspace, str(action.get("endpoint") or ""))
    publishing.version_of(endpoint, str(action.get("version") or ""))
    if not isinstance(action.get("parameters") or {}, dict):
        raise StudioError("parameters is an object.", where="action.parameters")


def _start_endpoint(
    workspace: Workspace, user: Any, action: Definition, tags: dict[str, str]
) -> Run:
    return publishing.run_endpoint(
        endpoint=publishing.endpoint_of(workspace, str(action["endpoint"])), user=user,
        version=str(action.get("version") or ""), parameters=action.get("parameters") or {},
        tags=tags,
    )  # fmt: skip


def _object(action: Definition, key: str) -> Definition:
    found = action.get(key)
    if not isinstance(found, dict) or not found:
        raise StudioError(f"The action needs {key}.", where=f"action.{key}")
    return found


ACTIONS: dict[str, Action] = {
    action.name: action
    for action in (
        Action("CreateJob", "Run a job", _check_job, _start_job),
        Action("ImportData", "Import data", _check_import, _start_import),
        Action("InvokePipelineEndpoint", "Run a published pipeline", _check_endpoint,
               _start_endpoint),
    )
}  # fmt: skip
