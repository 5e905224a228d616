"""Hiding runs from lists, and showing them again; nothing of them is deleted."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from studio.runs import live
from studio.runs.models import Run
from studio.workspaces import audit


def archive(*, run: Run, user: Any = None) -> Run:
    """Take a run out of the lists; it goes on, and stays findable by name, filter and link."""
    return _mark(run, user, archived=True)


def restore(*, run: Run, user: Any = None) -> Run:
    """Show an archived run in the lists again."""
    return _mark(run, user, archived=False)


def _mark(run: Run, user: Any, *, archived: bool) -> Run:
    if run.archived == archived:
        return run
    with transaction.atomic():
        run.touch(archived=archived)
        audit.record(
            workspace=run.workspace, actor=user, target=f"run/{run.guid}",
            action="runs.archive" if archived else "runs.restore",
        )  # fmt: skip
    live.tell_run(run)
    return run
