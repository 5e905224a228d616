"""What a client writes into a run: metrics, parameters, tags, datasets and models."""

from __future__ import annotations

import re
import time
from functools import lru_cache
from operator import itemgetter
from typing import Any

import orjson

from studio.facades.mlflow import paging
from studio.facades.mlflow.callers import Caller
from studio.facades.mlflow.wire import (
    ABSENT,
    INT64,
    Message,
    Refusal,
    bad,
    number_out,
    pairs,
    tags_of,
)
from studio.runs.models import DatasetUse, LoggedModelUse, Run
from studio.runs.services import logged_models, tracking
from studio.runs.services.metrics import read_series
from studio.runs.services.points import WORDS, Row, read_by_time

MOST_METRICS, MOST_PARAMS, MOST_TAGS, MOST_TOGETHER = 1000, 100, 100, 1000
KEY_LENGTH = 250
_KEY = re.compile(r"^[/\w.\- :]+\Z")
_NAMES = ("key", "value", "timestamp", "step")
_COLUMNS = itemgetter(*_NAMES)
_SPELLED = {**WORDS, "-NaN": WORDS["NaN"], "inf": WORDS["Infinity"], "-inf": WORDS["-Infinity"]}


@lru_cache(maxsize=8192)
def check_key(key: str, what: str) -> str:
    """Return a key that MLflow allows; it would become a file's name in its own file store."""
    if len(key) > KEY_LENGTH:
        raise Refusal(
            f"{what} '{key[:KEY_LENGTH]}' had length {len(key)}, which exceeded {KEY_LENGTH}"
        )
    parts = key.split("/")
    if not _KEY.match(key) or "" in parts or ".." in parts or "." in parts:
        raise Refusal(
            f"Invalid {what}: '{key[:KEY_LENGTH]}'. Names may only contain alphanumerics, "
            "underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/), "
            "and must not be a path that leads elsewhere."
        )
    return key


def rows_of(fields: list[Any], path: str) -> dict[str, list[Row]]:
    """Read metrics, by their name."""
    rows: dict[str, list[Row]] = {}
    if _are_plain(fields):
        for key, value, stamp, step in map(_COLUMNS, fields):
            known = rows.get(key)
            if known is None:
                rows[check_key(key, "metric name")] = [(step, stamp / 1000, value)]
            else:
                known.append((step, stamp / 1000, value))
        return rows
    for number, each in enumerate(fields):
        if type(each) is not dict:
            raise bad(each, f"{path}[{number}]")
        key, row = _odd_row(Message(each, f"{path}[{number}]." if path else ""))
        known = rows.get(key)
        if known is None:
            rows[check_key(key, "metric name")] = [row]
        else:
            known.append(row)
    return rows


def _are_plain(fields: list[Any]) -> bool:
    """Say whether all have just the four fields that clients send a thousand times over, of the usual types."""
    try:
        keys, values, stamps, steps = zip(*map(_COLUMNS, fields), strict=True)
    except (KeyError, TypeError, ValueError):
        return False
    return (
        set(map(len, fields)) == {len(_NAMES)}
        and set(map(type, keys)) == {str}
        and set(map(type, values)) == {float}
        and set(map(type, stamps)) == {int} == set(map(type, steps))
        and min(stamps) >= 0
        and -INT64 <= min(steps) <= max(steps) < INT64
    )


def _odd_row(fields: Message) -> tuple[str, Row]:
    """Read a metric in any shape: the time is milliseconds, the step 0 unless given."""
    key = check_key(fields.text("key", required=True), "metric name")
    value = fields.raw("value")
    if isinstance(value, str):
        number = _SPELLED.get(value)
        if number is None:
            try:
                number = float(value)
            except ValueError:
                raise bad(value, "value") from None
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal(
            "Missing value for required parameter 'value'." if value is None
            else f"Got invalid value {value!r:.100} for metric '{key}' (timestamp=...). "
            "Please specify value as a valid double (64-bit floating point)"
        )  # fmt: skip
    else:
        number = float(value)
    stamp = fields.integer("timestamp")
    if stamp is None:
        stamp = int(time.time() * 1000)
    if stamp < 0:
        raise Refusal(
            f"Got invalid timestamp {stamp} for metric '{key}'. Timestamp must be a nonnegative "
            "long (64-bit integer)"
        )
    return key, (fields.integer("step", 0), stamp / 1000, number)


def _run_id(message: Message) -> str:
    return (
        message.text("run_id") or message.text("run_uuid") or message.text("run_id", required=True)
    )


def _alive(caller: Caller, message: Message) -> Run:
    return caller.find_run(_run_id(message), alive=True, wide=False)


def _target(caller: Caller, message: Message) -> Run:
    """Return the run to log to, of which no more is needed than that it is there and alive."""
    return caller.find_target(_run_id(message))


def _log_rows(
    caller: Caller, message: Message, fields: list[Any], rows: dict[str, list[Row]]
) -> None:
    guid = _run_id(message)
    if caller.job is not None:
        caller.find_run(guid, alive=True, wide=False)
    tracking.log_rows(guid=guid, workspace_id=caller.workspace.pk, rows=rows)
    _about_models(caller, guid, fields)


def log_metric(caller: Caller, message: Message) -> dict[str, Any]:
    fields = [message.fields]
    _log_rows(caller, message, fields, rows_of(fields, ""))
    return {}


def log_parameter(caller: Caller, message: Message) -> dict[str, Any]:
    run = _target(caller, message)
    key = check_key(message.text("key", required=True), "parameter name")
    tracking.log_batch(run=run, params={key: message.text("value")})
    return {}


def set_tag(caller: Caller, message: Message) -> dict[str, Any]:
    run = _target(caller, message)
    key = check_key(message.text("key", required=True), "tag name")
    tracking.log_batch(run=run, tags={key: message.text("value")})
    return {}


def delete_tag(caller: Caller, message: Message) -> dict[str, Any]:
    run = _alive(caller, message)
    key = message.text("key", required=True)
    if not tracking.delete_tag(run=run, key=key):
        raise Refusal(f"No tag with name: {key[:250]} in run with id {run.guid}", ABSENT)
    return {}


def log_batch(caller: Caller, message: Message) -> dict[str, Any]:
    metrics: Any = message.raw("metrics") or []
    if not isinstance(metrics, list):
        raise bad(metrics, "metrics")
    params, tags = message.messages("params"), message.messages("tags")
    for what, found, most in (
        ("metrics", metrics, MOST_METRICS), ("params", params, MOST_PARAMS), ("tags", tags, MOST_TAGS),
    ):  # fmt: skip
        if len(found) > most:
            raise Refusal(
                f"A batch logging request can contain at most {most} {what}. "
                f"Got {len(found)} {what}. Please split up {what} across multiple requests and try again."
            )
    together = len(metrics) + len(params) + len(tags)
    if together > MOST_TOGETHER:
        raise Refusal(
            f"A batch logging request can contain at most {MOST_TOGETHER} metrics, params and tags "
            f"in total. Got {together}. Please split up the batch and try again."
        )
    # All of it is read before anything is written.
    rows = rows_of(metrics, "metrics")
    values: dict[str, str] = {}
    for each in params:
        key = check_key(each.text("key", required=True), "parameter name")
        if key in values:
            raise Refusal(f"Duplicate parameter keys have been submitted: {key!r}.")
        values[key] = each.text("value")
    labels = {check_key(k, "tag name"): v for k, v in tags_of(tags).items()}
    if not values and not labels:
        _log_rows(caller, message, metrics, rows)
        return {}
    run = _target(caller, message)
    tracking.log_batch(run=run, rows=rows, params=values, tags=labels)
    _about_models(caller, run.guid, metrics)
    return {}


def _about_models(caller: Caller, run: str, metrics: list[dict[str, Any]]) -> None:
    """Note with a logged model the metrics that say they are about it."""
    if max(map(len, metrics), default=0) <= len(_NAMES):
        return
    about: dict[str, list[dict[str, Any]]] = {}
    for each in metrics:
        if "model_id" not in each and "modelId" not in each:
            continue
        fields = Message(each)
        if model := fields.raw("model_id"):
            [(key, [(step, ts, value)])] = rows_of([each], "").items()
            row = {
                "key": key,
                "value": number_out(value),
                "timestamp": round(ts * 1000),
                "step": step,
                "run_id": run,
                "model_id": str(model),
            }
            for name in ("dataset_name", "dataset_digest"):
                if fields.text(name):
                    row[name] = fields.text(name)
            about.setdefault(str(model), []).append(row)
    for guid, rows in about.items():
        logged_models.add_metrics(workspace=caller.workspace, guid=guid, metrics=rows)


def log_inputs(caller: Caller, message: Message) -> dict[str, Any]:
    run = _alive(caller, message)
    for each in message.messages("datasets"):
        fields = each.message("dataset", required=True)
        logged_models.use_dataset(
            run=run,
            name=fields.text("name", required=True, limit=500),
            digest=fields.text("digest", required=True, limit=36),
            source_type=fields.text("source_type", required=True, limit=36),
            source=fields.text("source", required=True, limit=65_535),
            schema=fields.text("schema", limit=1_048_575),
            profile=fields.text("profile", limit=16_777_215),
            tags=tags_of(each.messages("tags")),
        )
    for each in message.messages("models"):
        logged_models.use_model(run=run, guid=each.text("model_id", required=True), way="in")
    return {}


def outputs(caller: Caller, message: Message) -> dict[str, Any]:
    run = _alive(caller, message)
    for each in message.messages("models"):
        logged_models.use_model(
            run=run, guid=each.text("model_id", required=True), way="out",
            step=each.integer("step", 0),
        )  # fmt: skip
    return {}


def log_model(caller: Caller, message: Message) -> dict[str, Any]:
    """Note a model of MLflow 2 on its run: the tag that its client reads back."""
    run = _alive(caller, message)
    try:
        described = orjson.loads(message.text("model_json", required=True))
        missing = [name for name in ("artifact_path", "flavors", "utc_time_created", "run_id")
                   if name not in described]  # fmt: skip
    except (orjson.JSONDecodeError, TypeError):
        raise Refusal("Malformed model info. It is not a valid JSON object.") from None
    if missing:
        raise Refusal(f"Model json is missing mandatory fields: {missing}.")
    history = []
    if known := run.tags.get("mlflow.log-model.history"):
        history = orjson.loads(known)
    history.append(described)
    tracking.log_batch(run=run, tags={"mlflow.log-model.history": orjson.dumps(history).decode()})
    return {}


def uses(keys: list[int]) -> tuple[dict[int, dict[str, Any]], dict[int, dict[str, Any]]]:
    """Return what each run read and wrote, by the run's key, as MLflow shows it."""
    inputs: dict[int, dict[str, Any]] = {}
    written: dict[int, dict[str, Any]] = {}
    for start in range(0, len(keys), 900):
        some = keys[start : start + 900]
        for use in DatasetUse.objects.filter(run__in=some).select_related("dataset").order_by("pk"):
            row = use.dataset
            described = {
                "name": row.name, "digest": row.digest, "source_type": row.source_type,
                "source": row.source,
                **({"schema": row.schema} if row.schema else {}),
                **({"profile": row.profile} if row.profile else {}),
            }  # fmt: skip
            into = inputs.setdefault(use.run_id, {}).setdefault("dataset_inputs", [])
            into.append({"dataset": described, "tags": pairs(use.tags)})
        columns = ("run_id", "way", "step", "model__guid")
        models = LoggedModelUse.objects.filter(run__in=some).order_by("pk").values_list(*columns)
        for run, way, step, guid in models:
            if way == "in":
                into = inputs.setdefault(run, {}).setdefault("model_inputs", [])
                into.append({"model_id": guid})
            else:
                into = written.setdefault(run, {}).setdefault("model_outputs", [])
                into.append({"model_id": guid, "step": step})
    return inputs, written


def history(run: Run, key: str, message: Message) -> dict[str, Any]:
    """Return every point of a metric, by time, step and value; in pages only if the client asks."""
    rows = read_by_time(run_id=run.reused_from_id or run.pk, key=key)
    more: dict[str, str] = {}
    if message.has("max_results"):
        limit = paging.limit_of(message, default=25_000, most=10**9)
        offset = paging.offset_of(message)
        if offset + limit < len(rows):
            more = {"next_page_token": paging.token_at(offset + limit)}
        rows = rows[offset : offset + limit]
    shown = [
        {"key": key, "value": value, "timestamp": round(ts * 1000), "step": step}
        if value - value == 0
        else {"key": key, "value": number_out(value), "timestamp": round(ts * 1000), "step": step}
        for ts, step, value in rows
    ]
    return {"metrics": shown, **more}


def thinned(run: Run, key: str, most: int) -> list[dict[str, Any]]:
    """Return at most about `most` points of a metric, its extremes among them."""
    found = read_series(run=run.reused_from or run, key=key, points=most)
    columns = zip(found["steps"], found["ts"], found["values"], strict=True)
    return [
        {"key": key, "value": value, "timestamp": round(ts * 1000), "step": step}
        for step, ts, value in columns
    ]
