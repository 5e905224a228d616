"""The task by which beat shows that it is alive."""

from __future__ import annotations

from celery import shared_task

from studio.lib import health


@shared_task(name="studio.lib.tasks.beat_alive", ignore_result=True)
def beat_alive() -> None:
    """Note that beat sent this task and a system worker ran it."""
    health.mark_alive("beat")
