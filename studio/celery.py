"""The Celery application: queues `jobs` (monitors of jobs) and `system` (reaper, dispatcher, housekeeping)."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import heartbeat_sent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")

app = Celery("studio")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@heartbeat_sent.connect(weak=False)
def note_worker(sender: Any = None, **_: object) -> None:
    """Tell the health page that a worker's consumer loop turns; a worker that hangs stops saying so.

    Workers are named `jobs@host` and `system@host`: the first kind is the "worker" of the health page.
    """
    from studio.lib import health

    part = str(sender.eventer.hostname).split("@")[0]
    try:
        health.mark_alive("worker" if part == "jobs" else part)
    except Exception:  # noqa: BLE001
        pass
