"""Pages of schedules: the list, one with its history, and the form."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

import yaml
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from designer.models import PipelineEndpoint
from officina.data.importing_document import to_yaml
from officina.documents import load_yaml
from officina.documents.schedules import load_schedule
from officina.errors import StudioError
from registry.views.lists import missing
from studio.automation import actions, services, timing, wording
from studio.automation.models import Firing, Schedule
from studio.workspaces.access import operation, person
from studio.workspaces.models import Workspace

PER_PAGE = 50
# Of one that fires often, not more than so many.
COMING, OF_EACH = 8, 3
IMPORT_EXAMPLE = """name: orders
type: uri_folder
source:
  type: file_system
  path: https://example.org/orders.csv
"""
JOB_EXAMPLE = """type: command
command: echo "Good morning"
environment: azureml:current
"""
DOES = {
    "import_data": "Import data",
    "create_job": "Run a job",
    "source_job": "Run a past job again",
    "invoke_pipeline": "Run a published pipeline",
}


@require_safe
@operation("runs.read")
def index(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """List the schedules with their next times and last runs."""
    rows = services.schedules(workspace=workspace)
    if asked := request.GET.get("q", "").strip():
        rows = rows.filter(name__icontains=asked) | rows.filter(display_name__icontains=asked)
    page = Paginator(rows.order_by("name"), PER_PAGE).get_page(request.GET.get("page"))
    last = _last_firings(page.object_list)
    context = {
        "workspace": workspace, "page": page, "asked": asked,
        "items": [
            {"row": row, "when": wording.trigger_words(row.trigger),
             "does": actions.words(row.action), "last": last.get(row.pk)}
            for row in page.object_list
        ],
        "coming": _coming(page.object_list), "write_reason": missing(request, "runs.submit"),
    }  # fmt: skip
    return render(request, "automation/schedules.html", context)


def _coming(rows: Any) -> list[dict[str, Any]]:
    """Return the next firings of all these schedules together, the soonest first."""
    times = [(when, row) for row in rows for when in services.next_times(row, count=OF_EACH)]
    soonest = sorted(times, key=lambda each: (each[0], each[1].name))[:COMING]
    return [
        {"row": row, "does": actions.words(row.action), "told": wording.times_told(row.trigger, [when])[0]}
        for when, row in soonest
    ]  # fmt: skip


def _last_firings(rows: Any) -> dict[int, Firing]:
    found: dict[int, Firing] = {}
    for row in rows:
        firing = row.firings.select_related("run").first()
        if firing is not None:
            found[row.pk] = firing
    return found


@require_safe
@operation("runs.read")
def one(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Show a schedule: what it does, when next, and what came of each firing."""
    row = services.find_schedule(workspace=workspace, name=name)
    times = services.next_times(row)
    page = Paginator(services.history(row), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "workspace": workspace, "row": row, "when": wording.trigger_words(row.trigger),
        "does": actions.words(row.action), "words": wording.times_told(row.trigger, times),
        "page": page, "write_reason": missing(request, "runs.submit"),
        "document": yaml.safe_dump(row.document, sort_keys=False, allow_unicode=True),
    }  # fmt: skip
    template = "automation/_history.html" if request.htmx else "automation/schedule.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_POST
@operation("runs.submit")
def change(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Switch a schedule on or off, fire it, or delete it."""
    row = services.find_schedule(workspace=workspace, name=name)
    action, user = request.POST.get("action", ""), person(request)
    try:
        if action in ("enable", "disable"):
            services.change_schedule(row, user=user, enabled=action == "enable")
            messages.success(request, f"{row.title} is {'on' if action == 'enable' else 'off'}.")
        elif action == "trigger":
            _tell(request, services.trigger(row, user=user))
        elif action == "delete":
            services.delete_schedule(row, user=user)
            messages.success(request, f"{row.title} is deleted; what it started stays.")
            return redirect("schedules", workspace=workspace.name)
        else:
            messages.error(request, f"A schedule cannot {action!r}.")
    except StudioError as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    if request.POST.get("from") == "list":
        return redirect("schedules", workspace=workspace.name)
    return redirect("schedule", workspace=workspace.name, name=row.name)


def _tell(request: HttpRequest, firing: Firing) -> None:
    if firing.error:
        text = f"{firing.error['message']} {firing.error.get('hint', '')}"
        messages.error(request, f"It could not be started: {text}".strip())
    else:
        messages.success(request, f"Started {firing.run}.")


# -- the form ---------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@operation("runs.submit")
def new(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Show the form of a new schedule, or of one to change (`?of=`); POST saves it."""
    given: dict[str, Any]
    problem = None
    if request.method == "POST":
        given = {key: value for key, value in request.POST.items() if isinstance(value, str)}
        given["week_days"] = request.POST.getlist("week_days")
        try:
            loaded = load_schedule(_document(given), base=None)
            row, _ = services.save_schedule(
                workspace=workspace, name=loaded.name, user=person(request),
                document=loaded.as_rest(loaded.properties),
            )  # fmt: skip
        except StudioError as error:
            problem = error
        else:
            messages.success(request, f"{row.title} is saved.")
            return redirect("schedule", workspace=workspace.name, name=row.name)
    elif name := request.GET.get("of", ""):
        given = _filled(services.find_schedule(workspace=workspace, name=name))
    else:
        given = _blank() | {key: value for key, value in request.GET.items() if value}
    context = _form(workspace, given) | {"problem": problem} | _preview(given)
    return render(request, "automation/schedule_new.html", context, status=400 if problem else 200)


@require_POST
@operation("runs.read")
def preview(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Say in words when the form's trigger fires, as `part=fields` with the fields that belong to it."""
    given: dict[str, Any] = {k: v for k, v in request.POST.items() if isinstance(v, str)}
    given["week_days"] = request.POST.getlist("week_days")
    context = _form(workspace, given) | _preview(given)
    part = "_schedule_fields" if given.get("part") == "fields" else "_schedule_times"
    return render(request, f"automation/{part}.html", context)


def _form(workspace: Workspace, given: dict[str, Any]) -> dict[str, Any]:
    given = {"import_data": IMPORT_EXAMPLE, "create_job": JOB_EXAMPLE} | {
        key: value for key, value in given.items() if value not in ("", None)
    }
    endpoints = PipelineEndpoint.objects.filter(workspace=workspace).order_by("name")[:200]
    return {
        "workspace": workspace, "given": given, "does": DOES, "frequencies": timing.FREQUENCIES,
        "days": timing.WEEK_DAYS, "zones": sorted(available_timezones()), "endpoints": endpoints,
    }  # fmt: skip


def _preview(given: dict[str, Any]) -> dict[str, Any]:
    try:
        document = {"name": "x", "trigger": _trigger(given), "import_data": _ANY_IMPORT}
        trigger = load_schedule(document).properties["trigger"]
        timing.check(trigger)
        times = timing.next_times(trigger)
    except StudioError as error:
        return {"wrong": error}
    return {"told": wording.trigger_words(trigger), "times": wording.times_told(trigger, times)}


_ANY_IMPORT = {"name": "x", "source": {"path": "https://example.org/x"}}


def _document(given: dict[str, Any]) -> dict[str, Any]:
    """Return the form as the YAML document of a schedule."""
    found: dict[str, Any] = {
        "name": given.get("name", "").strip(), "trigger": _trigger(given),
        "is_enabled": "enabled" in given,
    }  # fmt: skip
    for key in ("display_name", "description"):
        if given.get(key, "").strip():
            found[key] = given[key].strip()
    kind = given.get("action", "")
    if kind == "source_job":
        found["create_job"] = f"azureml:{given.get('source_job', '').strip()}"
    elif kind == "invoke_pipeline":
        found[kind] = {
            "endpoint": given.get("endpoint", ""), "version": given.get("version", "").strip(),
            "parameters": _yaml(given.get("parameters", ""), "parameters") or {},
        }  # fmt: skip
    else:
        kind = kind if kind in ("import_data", "create_job") else "import_data"
        found[kind] = _yaml(given.get(kind, ""), kind) or {}
        if not isinstance(found[kind], dict) or not found[kind]:
            raise StudioError(f"{DOES[kind]}: what exactly?", where=kind, hint="Write its YAML.")
    return found


def _yaml(text: str, where: str) -> Any:
    try:
        return load_yaml(text.replace("\r\n", "\n")) if text.strip() else None
    except StudioError as error:
        raise StudioError(
            f"{error.where}: {error.message}", where=where, hint=error.hint
        ) from error


def _trigger(given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": given.get("trigger", "recurrence"),
        "time_zone": given.get("time_zone", "").strip() or "UTC",
        "start_time": given.get("start_time", "").strip() or None,
        "end_time": given.get("end_time", "").strip() or None,
    }  # fmt: skip
    if found["type"] == "cron":
        return found | {"expression": given.get("expression", "")}
    frequency = given.get("frequency", "Day")
    pattern: dict[str, Any] = {}
    if frequency not in ("Minute", "Hour"):
        pattern = {key: _numbers(given.get(key, ""), key) for key in ("hours", "minutes")}
    if frequency in ("Week", "Day"):
        pattern["week_days"] = given.get("week_days") or []
    if frequency == "Month":
        pattern["month_days"] = _numbers(given.get("month_days", ""), "month_days")
    interval = (_numbers(given.get("interval", "1"), "interval") or [1])[0]
    return found | {"frequency": frequency, "interval": interval, "schedule": pattern}


def _numbers(text: str, where: str) -> list[int]:
    try:
        return [int(part) for part in text.replace(",", " ").split()]
    except ValueError:
        raise StudioError(
            f"{text!r} is not a list of whole numbers.", where=where, hint="For example 6, 18."
        ) from None


def _blank() -> dict[str, Any]:
    return {
        "trigger": "recurrence", "frequency": "Day", "interval": "1", "hours": "6", "minutes": "0",
        "time_zone": "UTC", "expression": "0 6 * * 1-5", "action": "import_data", "enabled": "on",
        "import_data": IMPORT_EXAMPLE, "create_job": JOB_EXAMPLE, "week_days": [],
    }  # fmt: skip


def _filled(row: Schedule) -> dict[str, Any]:
    """Return a schedule as the form's fields."""
    trigger, action = row.trigger, row.action
    pattern = trigger.get("schedule") or {}
    found = _blank() | {
        "name": row.name, "display_name": row.display_name, "of": row.name,
        "description": row.document.get("description", ""),
        "trigger": str(trigger["triggerType"]).lower(),
        "expression": trigger.get("expression", ""), "frequency": trigger.get("frequency", "Day"),
        "interval": str(trigger.get("interval", 1)), "time_zone": trigger.get("timeZone", "UTC"),
        "start_time": trigger.get("startTime", ""), "end_time": trigger.get("endTime", ""),
        "week_days": pattern.get("weekDays") or [],
        **{key: ", ".join(map(str, pattern.get(rest) or []))
           for key, rest in (("hours", "hours"), ("minutes", "minutes"),
                             ("month_days", "monthDays"))},
    }  # fmt: skip
    if not row.enabled:
        del found["enabled"]
    kind = action.get("actionType")
    if kind == "ImportData":
        found |= {"action": "import_data",
                  "import_data": _dumped(to_yaml(action["dataImportDefinition"]))}  # fmt: skip
    elif kind == "InvokePipelineEndpoint":
        found |= {"action": "invoke_pipeline", "endpoint": action.get("endpoint", ""),
                  "version": action.get("version", ""),
                  "parameters": _dumped(action.get("parameters") or {})}  # fmt: skip
    elif (action.get("jobDefinition") or {}).get("sourceJobId"):
        name = str(action["jobDefinition"]["sourceJobId"]).rsplit("/", 1)[-1]
        found |= {"action": "source_job", "source_job": name.removeprefix("azureml:")}
    else:
        job = {k: v for k, v in action["jobDefinition"].items() if v not in (None, {}, [])}
        found |= {"action": "create_job", "create_job": _dumped(job)}
    return found


def _dumped(document: dict[str, Any]) -> str:
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True)) if document else ""
