"""Housekeeping of what workspaces store."""

from __future__ import annotations

from celery import shared_task

from registry.services import leftovers, retention, uploading


@shared_task(name="registry.tasks.housekeeping", queue="system", ignore_result=True)
def housekeeping() -> None:
    """Forget uploads that nobody goes on with or that nothing uses, and apply the retention rules."""
    uploading.drop_stale_uploads()
    leftovers.drop()
    retention.apply_all()
