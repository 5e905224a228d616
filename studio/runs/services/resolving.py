"""Before a run waits in the queue: its environments are resolved, or it ends with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from officina import environments
from officina.errors import StudioError
from studio.runs import live
from studio.runs.models import Run, Status
from studio.runs.services.ending import end_run
from studio.runs.services.queueing import admit

# So many runs that have not begun are looked at in one turn.
MOST = 500


def environments_of(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield where an environment is told, in which mapping and under which key."""
    if document.get("jobType") == "Command" and not document.get("component"):
        yield "", document, "environmentId"
    options = document.get("settings") or {}
    for key in ("default_environment", "environment"):
        if options.get(key):
            yield f"settings.{key}.", options, key
    for step, node in (document.get("jobs") or {}).items():
        component = node.get("component")
        if node.get("environmentId"):
            yield f"jobs.{step}.", node, "environmentId"
        if isinstance(component, dict) and component.get("type", "command") == "command":
            yield f"jobs.{step}.", component, "environment"


def unresolved(document: dict[str, Any]) -> str:
    """Return the name of an environment that is still being resolved, "" when none is.

    One that cannot be had raises, with the package named.
    """
    waiting = ""
    seen: set[str] = set()
    for where, holder, key in environments_of(document):
        wanted = holder.get(key) or environments.DEFAULT
        text = json.dumps(wanted, sort_keys=True)
        if text in seen:
            continue
        seen.add(text)
        try:
            found = environments.ask(wanted, cache=Path(settings.ENVIRONMENT_CACHE))
            if found.state is environments.State.FAILED and found.error is not None:
                raise found.error
        except StudioError as error:
            raise StudioError(
                error.message,
                hint=error.hint,
                where=f"{where}{error.where or 'environment'}",
                code=error.code,
            ) from error
        if found.state is environments.State.RESOLVING:
            waiting = waiting or environments.parse(wanted).name
    return waiting


def set_off(run: Run) -> None:
    """Queue a run, or begin a pipeline; not before its environments are resolved.

    Safe to call at any time, by anyone.
    """
    from studio.runs.services.advancing import advance

    try:
        waiting = unresolved(run.document)
    except StudioError as error:
        end_run(
            run, Status.NOT_STARTED, Status.FAILED,
            error=error.as_json(), reason=error.message[:500],
        )  # fmt: skip
        return
    if waiting:
        reason = f"resolving environment {waiting}"[:500]
        if run.reason != reason and run.touch(where={"status": run.status}, reason=reason):
            live.tell_run(run)
    elif run.kind == Run.PIPELINE:
        advance(run_id=run.pk)
    elif run.move(Status.NOT_STARTED, Status.QUEUED, reason=""):
        live.tell_run(run)
        admit(run=run)


def set_off_all() -> None:
    """Set off every run that waits for its environment, or whose submitter died before it did."""
    rows = Run.objects.filter(status=Status.NOT_STARTED, parent=None, deleted=None)
    rows = rows.filter(kind__in=[Run.COMMAND, Run.PIPELINE]).order_by("pk")
    for run in rows.select_related("workspace", "compute")[:MOST]:
        set_off(run)
