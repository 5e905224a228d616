"""The Celery application: queues `jobs` (monitors of jobs) and `system` (reaper, dispatcher, housekeeping)."""

from __future__ import annotations

import contextlib
import gc
import os
import warnings
from typing import Any

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import (
    beat_embedded_init,
    beat_init,
    heartbeat_sent,
    worker_process_init,
    worker_shutting_down,
)

from studio.lib import stopping
from studio.lib.supervisor import end_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")

# `manage.py up` says it in one line; Celery would in ten, for each worker.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("studio")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect(weak=False)
@beat_embedded_init.connect(weak=False)
def tie_to_worker(**_: object) -> None:
    """End pool processes and embedded beat with their worker: a beat that outlives it would be the second one."""
    end_with_parent(os.getppid())
    # What was loaded before the fork stays for good: the collector need not look at it each time.
    gc.freeze()


@worker_shutting_down.connect(weak=False)
def stop_beginning(**_: object) -> None:
    """Keep the pool's processes from going on with the next run when this one ends."""
    stopping.ask()


@beat_init.connect(weak=False)
@beat_embedded_init.connect(weak=False)
def note_beat(**_: object) -> None:
    """Send beat's sign of life at its start: the first one by schedule comes a whole period later."""
    app.send_task("studio.lib.tasks.beat_alive", queue="system", expires=15)


@heartbeat_sent.connect(weak=False)
def note_worker(sender: Any = None, **_: object) -> None:
    """Tell the health page that a worker's consumer loop turns; a worker that hangs stops saying so.

    Workers are named `jobs@host` and `system@host`: the first kind is the "worker" of the health page.
    """
    from studio.lib import health

    part = str(sender.eventer.hostname).split("@")[0]
    # An error here would end the consumer loop that it reports on; the silence is told anyway.
    with contextlib.suppress(Exception):
        health.mark_alive("worker" if part == "jobs" else part)
