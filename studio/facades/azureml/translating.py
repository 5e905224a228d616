"""A job's REST properties, as the client sends them, to the document that the engine runs."""

from __future__ import annotations

from typing import Any

from officina.documents import from_rest, load_job
from officina.documents import vocabulary as words
from officina.errors import StudioError
from studio.facades.azureml import naming
from studio.workspaces.models import Workspace

RUNNABLE = {"command": "Command", "pipeline": "Pipeline"}
KINDS = {
    **RUNNABLE,
    "sweep": "Sweep",
    "automl": "AutoML",
    "spark": "Spark",
    "labeling": "Labeling",
    "finetuning": "FineTuning",
    "distillation": "Distillation",
}
# Sent along and kept as sent; the engine has no use for them.
_UNUSED = ("status", "services", "isArchived", "componentId", "notificationSetting",
           "parentJobName", "secretsConfiguration", "autologgerSettings", "sourceJobId")  # fmt: skip


def job_type(properties: dict[str, Any]) -> str:
    """Return the kind of a job under its canonical name; an unknown one is an error."""
    given = str(properties.get("jobType") or "")
    found = KINDS.get(given.lower())
    if found is None:
        raise StudioError(
            f"{given!r} is not a kind of job.", hint=f"Known: {', '.join(KINDS.values())}.",
            where="properties.jobType",
        )  # fmt: skip
    return found


def why_not(properties: dict[str, Any]) -> str:
    """Return why a job of this kind cannot run yet, or nothing."""
    kind = job_type(properties)
    if kind.lower() not in RUNNABLE:
        return f"{kind} jobs cannot run in this version: command and pipeline jobs do."
    jobs = properties.get("jobs")
    for step, each in jobs.items() if isinstance(jobs, dict) else ():
        type_ = str(each.get("type") or "").lower() if isinstance(each, dict) else ""
        if type_ in words.UNSUPPORTED_KINDS:
            name = words.UNSUPPORTED_KINDS[type_]
            more = " `officina data import` brings data in." if type_ == "data_transfer" else ""
            return (
                f"Step {step!r} is of kind {name}, which cannot run in this version: command and "
                f"pipeline steps do.{more}"
            )
    return ""


def document(workspace: Workspace, properties: dict[str, Any]) -> dict[str, Any]:
    """Return the canonical document of a command or pipeline job; every id becomes what it names."""
    given = {key: value for key, value in _without_nulls(properties).items() if key not in _UNUSED}
    given["jobType"] = job_type(properties)
    given["inputs"] = _inputs(workspace, given.get("inputs"))
    if given.get("computeId"):
        given["computeId"] = naming.compute(given["computeId"])
    if given["jobType"] == "Command":
        given["codeId"] = naming.code(workspace, given.get("codeId"))
        given["environmentId"] = naming.environment(workspace, given.get("environmentId"))
    else:
        jobs = given.get("jobs")
        if not isinstance(jobs, dict):
            raise StudioError("A pipeline job has steps.", where="properties.jobs")
        given["jobs"] = {step: node(workspace, each) for step, each in jobs.items()}
        settings = given.get("settings")
        if isinstance(settings, dict) and settings.get("default_compute"):
            compute = naming.compute(settings["default_compute"])
            given["settings"] = {**settings, "default_compute": compute}
    return load_job(from_rest(given)).document


def node(workspace: Workspace, value: Any) -> dict[str, Any]:
    """Return one step of a pipeline with what its ids name."""
    if not isinstance(value, dict):
        raise StudioError("A step is an object.", where="jobs")
    each = _without_nulls(value)
    for key in ("componentId", "component"):
        if key in each:
            each["componentId"] = naming.component(workspace, each.pop(key))
            break
    for key in ("computeId", "compute"):
        if each.get(key):
            each["computeId"] = naming.compute(each.pop(key))
    for key in ("environmentId", "environment"):
        if each.get(key):
            each["environmentId"] = naming.environment(workspace, each.pop(key))
    for key in ("codeId", "code"):
        if each.get(key):
            each["codeId"] = naming.code(workspace, str(each.pop(key)))
    each["inputs"] = _inputs(workspace, each.get("inputs"))
    return each


def _inputs(workspace: Workspace, value: Any) -> dict[str, Any]:
    if value is not None and not isinstance(value, dict):
        raise StudioError("inputs is not an object.", where="inputs")
    found = {}
    for name, entry in (value or {}).items():
        if isinstance(entry, dict):
            for key in ("uri", "path"):
                if isinstance(entry.get(key), str):
                    type_ = str(entry.get("jobInputType") or entry.get("job_input_type") or "")
                    entry = {**entry, key: naming.data(workspace, entry[key], type_)}
        found[name] = entry
    return found


def _without_nulls(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object without its nulls, at every depth: a null says what absence says."""

    def clean(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: clean(inner) for key, inner in item.items() if inner is not None}
        return [clean(inner) for inner in item] if isinstance(item, list) else item

    return clean(value)
