"""What one does with runs; each verb lives in the file named after its subject."""

from __future__ import annotations

from studio.runs.services.advancing import advance
from studio.runs.services.archiving import archive, restore
from studio.runs.services.artifacts import artifact_bytes, collect_files, store_artifact
from studio.runs.services.canceling import cancel_run
from studio.runs.services.creating import create_run, rerun
from studio.runs.services.metrics import read_series, record_metrics, record_rows
from studio.runs.services.monitoring import execute
from studio.runs.services.queueing import (
    dispatch,
    dispatch_all,
    dispatch_soon,
    queue_view,
    reap,
    set_priority,
)

__all__ = [
    "advance",
    "archive",
    "artifact_bytes",
    "cancel_run",
    "collect_files",
    "create_run",
    "dispatch",
    "dispatch_all",
    "dispatch_soon",
    "execute",
    "queue_view",
    "read_series",
    "reap",
    "record_metrics",
    "record_rows",
    "rerun",
    "restore",
    "set_priority",
    "store_artifact",
]
