"""Housekeeping of what workspaces store."""

from __future__ import annotations

from celery import shared_task
from django.core.cache import cache

from registry.services import leftovers, retention, uploading

# A little less than an hour, and asked every five minutes: beat forgets what it did when it starts again.
EVERY_SECONDS = 3500
DONE = "registry:housekeeping"


@shared_task(name="registry.tasks.housekeeping", queue="system", ignore_result=True)
def housekeeping() -> None:
    """Forget uploads that nobody goes on with or that nothing uses, and apply the retention rules; once an hour."""
    if not cache.add(DONE, 1, EVERY_SECONDS):
        return
    uploading.drop_stale_uploads()
    leftovers.drop()
    retention.apply_all()
