"""A run's log: bytes by offset, from the run folder while it lives and from the store after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from officina.execution import launch
from registry import services as registry
from studio.runs.models import Artifact, Run

LOG_NAME = "logs/std_log.txt"
MOST = 8 << 20


@dataclass(frozen=True)
class LogPart:
    """Bytes of a log from `offset` to `next`; `sealed` says that no more will come."""

    data: bytes
    offset: int
    next: int
    size: int
    sealed: bool


def attempt_folder(run: Run) -> Path:
    """Return the folder of the run's present attempt on this machine."""
    return Path(settings.WORK_FOLDER) / run.guid / str(run.attempt)


def read_log(*, run: Run, offset: int, limit: int = 1 << 20) -> LogPart:
    """Return part of a run's log; a reused step shows its source's."""
    run = run.reused_from or run
    limit = max(1, min(limit, MOST))
    stored = Artifact.objects.filter(run=run, path=LOG_NAME).first()
    if stored is None:
        part = _read_growing(run, offset, limit)
        # It may have been moved into the store between the two looks.
        stored = Artifact.objects.filter(run=run, path=LOG_NAME).first() if not part.data else None
        if stored is None:
            return part
    with registry.store().open(stored.sha256) as source:
        source.seek(min(offset, stored.size))
        data = source.read(limit)
    end = min(offset, stored.size) + len(data)
    return LogPart(data, min(offset, stored.size), end, stored.size, run.is_ended)


def _read_growing(run: Run, offset: int, limit: int) -> LogPart:
    path = attempt_folder(run) / "log.txt"
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return LogPart(b"", offset, offset, offset, run.is_ended)
    data, end = launch.tail(path, offset, limit)
    return LogPart(data, offset, end, size, sealed=False)
