"""The one road by which news goes up: `emit` writes a row, and listeners are called on commit."""

from __future__ import annotations

import logging
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction

from studio.workspaces.models import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from studio.workspaces.models import Workspace

log = logging.getLogger(__name__)

RUN_COMPLETED = "RunCompleted"
RUN_STATUS_CHANGED = "RunStatusChanged"
MODEL_REGISTERED = "ModelRegistered"
MODEL_STAGE_REQUESTED = "ModelStageRequested"
MODEL_STAGE_CHANGED = "ModelStageChanged"
MODEL_DEPLOYED = "ModelDeployed"
DATASET_DRIFT_DETECTED = "DatasetDriftDetected"
COMPUTE_CHANGED = "ComputeChanged"
PIPELINE_MENTION = "PipelineCommentMention"
SCHEDULE_FAILED = "ScheduleFailed"
DATA_QUALITY_FAILED = "DataQualityFailed"

# The five that Azure Event Grid has, and our own.
TYPES: dict[str, str] = {
    RUN_COMPLETED: "A run ended: Completed, Failed or Canceled",
    RUN_STATUS_CHANGED: "A run failed or otherwise changed its status",
    MODEL_REGISTERED: "A model version was registered",
    MODEL_STAGE_REQUESTED: "Someone asks that a model version be moved to a guarded stage",
    MODEL_STAGE_CHANGED: "A model version moved to another stage",
    MODEL_DEPLOYED: "A model was deployed to an endpoint",
    DATASET_DRIFT_DETECTED: "A monitor found drift in a data set",
    COMPUTE_CHANGED: "A compute was made, changed, started, stopped or deleted",
    PIPELINE_MENTION: "A comment on a pipeline names someone",
    SCHEDULE_FAILED: "A schedule could not start what it is for, or what it started failed",
    DATA_QUALITY_FAILED: "Data did not meet the rules that it is held to",
}

EVERY = "*"

_listeners: dict[str, list[Callable[[Event], None]]] = defaultdict(list)


def listen(type_: str = EVERY) -> Callable[[Callable[[Event], None]], Callable[[Event], None]]:
    """Register a function to be called, after commit, with each Event of this type (`*` for all)."""

    def register(function: Callable[[Event], None]) -> Callable[[Event], None]:
        if function not in _listeners[type_]:
            _listeners[type_].append(function)
        return function

    return register


def forget(function: Callable[[Event], None]) -> None:
    """Take a listener out again."""
    for functions in _listeners.values():
        if function in functions:
            functions.remove(function)


def emit(
    workspace: Workspace, type_: str, subject: str, data: dict[str, Any] | None = None
) -> Event:
    """Write an event row now and call its listeners once the transaction is committed."""
    event = Event.objects.create(
        workspace=workspace, type=type_, subject=subject[:300], data=data or {}
    )
    transaction.on_commit(partial(_call_listeners, event))
    return event


def _call_listeners(event: Event) -> None:
    for function in [*_listeners[event.type], *_listeners[EVERY]]:
        try:
            function(event)
        except Exception:
            # One listener's mistake must not keep the news from the others, nor undo what is committed.
            log.exception("listener %s failed on event %s", function.__qualname__, event.pk)


# Where the pages of a subject's kind are, below the workspace's own address.
PAGES = {
    "run": "runs",
    "model": "models",
    "data": "data",
    "compute": "compute/of",
    "schedule": "schedules/of",
    "pipeline": "pipelines",
}


def describe(event: Event) -> tuple[str, str]:
    """Return what an event is about in words, and the address of its page, "" where it has none."""
    kind, _, rest = event.subject.partition("/")
    name, _, version = rest.partition("/")
    title = str((event.data or {}).get("name") or name)
    if kind == "model" and version:
        title = f"{name}, version {version}"
    folder = PAGES.get(kind)
    return title, f"/w/{event.workspace.name}/{folder}/{name}/" if folder and name else ""
