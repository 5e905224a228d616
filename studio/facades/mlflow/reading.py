"""Runs as MLflow shows them, read for a whole page at once: plain statements, since a page may hold a thousand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db import connection

from studio.facades.mlflow import rundata, searching
from studio.facades.mlflow.wire import pairs
from studio.runs.models import ENDED, DatasetUse, LoggedModelUse, Run, Status

DEFAULT = "Default"
_RUNS = """
SELECT r.id, r.guid, r.display_name, r.step, r.name, r.kind, r.status, r.started, r.created, r.ended,
       r.deleted, r.description, r.params, r.tags, r.reused_from_id, e.id, e.name, u.email, p.guid
FROM runs_run r
JOIN runs_experiment e ON e.id = r.experiment_id
JOIN workspaces_user u ON u.id = r.owner_id
LEFT JOIN runs_run p ON p.id = r.parent_id
WHERE r.id IN ({})"""
_METRICS = """
SELECT run_id, key, last_value, last_word, last_ts, last_step
FROM runs_metricseries WHERE run_id IN ({}) ORDER BY run_id, key"""


def rows(statement: str, keys: Iterable[int]) -> list[Any]:
    """Return what a statement finds for these keys, which come from the database and are numbers."""
    listed = ", ".join(map(str, map(int, keys)))
    if not listed:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement.format(listed))
        return list(cursor.fetchall())


def loads(text: Any) -> dict[str, Any]:
    """Return a JSON column; an older writer may have left a NaN in it, which is no JSON."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = json.loads(text)
    return found or {}


def stamp(moment: datetime | None) -> int | None:
    """Return a column's moment as milliseconds since 1970."""
    if moment is None:
        return None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def shown(keys: Sequence[int], *, whole: bool = True) -> list[dict[str, Any]]:
    """Return these runs in this order; `whole` adds the datasets and models that they read and wrote."""
    found = {row[0]: row for row in rows(_RUNS, keys)}
    metrics = _metrics([row[14] or row[0] for row in found.values()])
    inputs, outputs = _uses(keys) if whole else ({}, {})
    return [
        {
            "info": _info(row),
            "data": {
                "metrics": metrics.get(row[14] or row[0], []),
                "params": pairs(loads(row[12])),
                "tags": pairs(_tags(row)),
            },
            "inputs": inputs.get(row[0], {}),
            **({"outputs": outputs[row[0]]} if row[0] in outputs else {}),
        }
        for row in (found[key] for key in keys if key in found)
    ]


def _info(row: Any) -> dict[str, Any]:
    _, guid, title, step, name, _, status, started, created, ended, deleted, *_ = row
    experiment = "0" if row[16] == DEFAULT else str(row[15])
    shown = {
        "run_id": guid,
        "run_uuid": guid,
        "run_name": title or step or name,
        "experiment_id": experiment,
        "user_id": row[17],
        "status": searching.WORD_OF[Status(status)],
        "start_time": stamp(started or created),
        "artifact_uri": f"mlflow-artifacts:/{experiment}/{guid}/artifacts",
        "lifecycle_stage": "active" if deleted is None else "deleted",
    }
    if ended is not None and status in ENDED:
        shown["end_time"] = stamp(ended)
    return shown


def _tags(row: Any) -> dict[str, str]:
    """Return a run's tags with those that MLflow expects of every run."""
    tags = loads(row[13])
    tags["mlflow.runName"] = row[2] or row[3] or row[4]
    if row[18] is not None:
        tags.setdefault("mlflow.parentRunId", row[18])
    tags.setdefault("mlflow.user", row[17])
    if row[5] != Run.TRACKED:
        tags.setdefault("mlflow.source.type", "JOB")
        tags.setdefault("mlflow.source.name", row[4])
    if row[11]:
        tags.setdefault("mlflow.note.content", row[11])
    return tags


def _metrics(keys: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the current metrics by the run's key; steps that were reused show those reused."""
    found: dict[int, list[dict[str, Any]]] = {}
    for run, key, value, word, ts, step in rows(_METRICS, dict.fromkeys(keys)):
        shown = {"key": key, "value": word or value, "timestamp": round(ts * 1000), "step": step}
        known = found.get(run)
        if known is None:
            found[run] = [shown]
        else:
            known.append(shown)
    return found


def _uses(keys: Sequence[int]) -> tuple[dict[int, Any], dict[int, Any]]:
    tables = (DatasetUse._meta.db_table, LoggedModelUse._meta.db_table)
    using = {
        row[0]
        for table in tables
        for row in rows(f"SELECT DISTINCT run_id FROM {table} WHERE run_id IN ({{}})", keys)  # noqa: S608
    }
    return rundata.uses(sorted(using)) if using else ({}, {})
