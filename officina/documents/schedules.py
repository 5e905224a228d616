"""Loads Azure's YAML of schedules and of data imports into the REST documents that the studio keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from officina.data.importing_document import clean_import
from officina.documents.jobs import LocalRef, load_job, open_source
from officina.documents.overrides import set_paths
from officina.documents.reading import Reading, snake
from officina.documents.rest import to_rest
from officina.documents.yamlio import Pointer
from officina.errors import StudioError

Document = dict[str, Any]
KEYS = frozenset(
    ("$schema", "name", "version", "display_name", "description", "tags", "properties", "type",
     "is_enabled", "trigger", "create_job", "import_data", "invoke_pipeline", "create_monitor")
)  # fmt: skip
TRIGGER_KEYS = frozenset(
    ("type", "expression", "frequency", "interval", "schedule", "start_time", "end_time",
     "time_zone")
)  # fmt: skip
PATTERN_KEYS = frozenset(("hours", "minutes", "week_days", "month_days", "weekdays"))
ACTIONS = ("create_job", "import_data", "invoke_pipeline")
_FILES = (".yml", ".yaml", ".json")
JOB = ("action", "jobDefinition")


@dataclass(frozen=True)
class LoadedSchedule:
    """A schedule's name and REST properties; the job in it is canonical until its files are stored."""

    name: str
    properties: Document
    warnings: list[str] = field(default_factory=list)
    local: list[LocalRef] = field(default_factory=list)

    def as_rest(self, properties: Document) -> Document:
        """Return the properties, once local files are replaced, with the job in Azure's REST words."""
        action = dict(properties["action"])
        if "jobType" in (action.get("jobDefinition") or {}):
            action["jobDefinition"] = to_rest(action["jobDefinition"])
        return {**properties, "action": action}


def load_import(
    source: Path | str | Mapping[str, Any], *, base: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Document:  # fmt: skip
    """Return the `dataImportDefinition` of a `data import` file, text or mapping."""
    reading = open_source(source, base)
    raw = set_paths(reading.mapping(reading.located.data, (), "an import"), overrides or {})
    return clean_import(raw)


def load_schedule(
    source: Path | str | Mapping[str, Any], *, base: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> LoadedSchedule:  # fmt: skip
    """Return the schedule that a YAML file, its text or a mapping describes."""
    reading = open_source(source, base)
    raw = set_paths(reading.mapping(reading.located.data, (), "a schedule"), overrides or {})
    reading.known(raw, (), KEYS, "a schedule")
    name = reading.text(raw.get("name"), ("name",), "the name")
    if not name:
        raise reading.error((), "the schedule has no name", hint="Add 'name:', or give --name.")
    if raw.get("create_monitor"):
        raise reading.error(
            ("create_monitor",), "this studio does not run monitors on schedules yet",
            hint="Use create_job or import_data.", code="invalid",
        )  # fmt: skip
    given = [key for key in ACTIONS if raw.get(key)]
    if len(given) != 1:
        raise reading.error(
            (), "a schedule does one thing", hint=f"Give one of {', '.join(ACTIONS)}."
        )
    local: list[LocalRef] = []
    properties: Document = {
        "isEnabled": raw.get("is_enabled", True), "trigger": _trigger(reading, raw.get("trigger")),
        "action": _READERS[given[0]](reading, raw[given[0]], local),
    }  # fmt: skip
    for key, rest in (("display_name", "displayName"), ("description", "description")):
        if raw.get(key) is not None:
            properties[rest] = reading.text(raw[key], (key,), key)
    for key in ("tags", "properties"):
        if raw.get(key):
            properties[key] = reading.texts(raw[key], (key,), key)
    return LoadedSchedule(name, properties, list(dict.fromkeys(reading.warnings)), local)


def _trigger(reading: Reading, given: Any) -> Document:
    raw = {snake(key): value for key, value in reading.mapping(given, ("trigger",), "it").items()}
    reading.known(raw, ("trigger",), TRIGGER_KEYS, "a trigger")
    kind = str(raw.get("type") or ("cron" if raw.get("expression") else "recurrence")).lower()
    if kind not in ("cron", "recurrence"):
        raise reading.error(
            ("trigger", "type"), f"'{kind}' is not a kind of trigger", hint="cron or recurrence."
        )
    found: Document = {"triggerType": kind.title()}
    for key, rest in (("start_time", "startTime"), ("end_time", "endTime")):
        if raw.get(key):
            value = raw[key]
            found[rest] = value.isoformat() if hasattr(value, "isoformat") else str(value)
    found["timeZone"] = reading.text(raw.get("time_zone"), ("trigger", "time_zone"), "it") or "UTC"
    if kind == "cron":
        where = ("trigger", "expression")
        return found | {"expression": reading.text(raw.get("expression"), where, "it") or ""}
    found["frequency"] = str(raw.get("frequency") or "").title()
    found["interval"] = raw.get("interval", 1)
    if raw.get("schedule"):
        found["schedule"] = _pattern(reading, raw["schedule"])
    return found


def _pattern(reading: Reading, given: Any) -> Document:
    here = ("trigger", "schedule")
    raw = {snake(key): value for key, value in reading.mapping(given, here, "it").items()}
    reading.known(raw, here, PATTERN_KEYS, "a recurrence's schedule")
    found: Document = {key: _listed(raw.get(key)) for key in ("hours", "minutes")}
    days = _listed(raw.get("week_days") or raw.get("weekdays"))
    found["weekDays"] = [str(day).title() for day in days]
    found["monthDays"] = _listed(raw.get("month_days"))
    return {key: value for key, value in found.items() if value}


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _create_job(reading: Reading, given: Any, local: list[LocalRef]) -> Document:
    here: Pointer = ("create_job",)
    if isinstance(given, str):
        return _job_of(reading, given, {}, here, local)
    raw = reading.mapping(given, here, "a job")
    reference = raw.get("job")
    if isinstance(reference, str):
        changes = {
            key: value for key, value in raw.items() if key not in ("job", "type", "$schema")
        }
        return _job_of(reading, reference, changes, (*here, "job"), local)
    inner = {**raw, **raw["job"]} if isinstance(reference, Mapping) else raw
    inner = {key: value for key, value in inner.items() if key != "job"}
    return _loaded(reading, inner, reading.base, {}, local)


def _job_of(
    reading: Reading, text: str, changes: Document, pointer: Pointer, local: list[LocalRef]
) -> Document:
    if not text.endswith(_FILES) or text.startswith("azureml:"):
        job: Document = {"jobType": "Pipeline", "sourceJobId": text, "inputs": {}}
        for name, value in reading.mapping(changes.get("inputs"), pointer, "inputs").items():
            plain = value.get("value", value.get("path")) if isinstance(value, Mapping) else value
            job["inputs"][name] = {"jobInputType": "literal", "value": plain}
        del job["jobType"]
        return {"actionType": "CreateJob", "jobDefinition": job}
    if reading.base is None:
        raise reading.error(
            pointer, f"{text!r} is a file, and there are none here",
            hint="Put the job itself under create_job.",
        )  # fmt: skip
    path = reading.base / text.removeprefix("file:")
    return _loaded(reading, path, path.parent, _flat(changes), local)


def _flat(changes: Mapping[str, Any]) -> Document:
    """Return what stands beside `job:` as dotted changes of that job."""
    found: Document = {}
    for key, value in changes.items():
        if isinstance(value, Mapping) and key in ("inputs", "tags", "settings", "outputs"):
            found |= {f"{key}.{name}": item for name, item in value.items()}
        else:
            found[key] = value
    return found


def _loaded(
    reading: Reading, source: Any, base: Path | None, changes: Document, local: list[LocalRef]
) -> Document:
    loaded = load_job(source, base=base, overrides=changes or None)
    reading.warnings += loaded.warnings
    local += [LocalRef((*JOB, *ref.pointer), ref.path, ref.kind) for ref in loaded.local]
    return {"actionType": "CreateJob", "jobDefinition": loaded.document}


def _import_data(reading: Reading, given: Any, local: list[LocalRef]) -> Document:
    if isinstance(given, str):
        if reading.base is None or not given.endswith(_FILES):
            raise reading.error(
                ("import_data",), f"{given!r} is not a file that can be read here",
                hint="Put the import itself under import_data.",
            )  # fmt: skip
        return {
            "actionType": "ImportData", "dataImportDefinition": load_import(reading.base / given),
        }  # fmt: skip
    try:
        definition = clean_import(given)
    except StudioError as error:
        raise reading.error(
            ("import_data",), f"{error.where}: {error.message}", hint=error.hint
        ) from error
    return {"actionType": "ImportData", "dataImportDefinition": definition}


def _invoke(reading: Reading, given: Any, local: list[LocalRef]) -> Document:
    here = ("invoke_pipeline",)
    raw = {"endpoint": given} if isinstance(given, str) else reading.mapping(given, here, "it")
    reading.known(raw, here, {"endpoint", "version", "parameters"}, "invoke_pipeline")
    if not raw.get("endpoint"):
        raise reading.error(here, "which endpoint?", hint="endpoint: its name.")
    return {
        "actionType": "InvokePipelineEndpoint", "endpoint": str(raw["endpoint"]),
        "version": str(raw.get("version") or ""),
        "parameters": reading.mapping(raw.get("parameters"), (*here, "parameters"), "parameters"),
    }  # fmt: skip


_READERS = {
    "create_job": _create_job, "import_data": _import_data, "invoke_pipeline": _invoke,
}  # fmt: skip
