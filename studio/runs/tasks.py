"""Celery's way in: each task takes ids and calls one service."""

from __future__ import annotations

from celery import shared_task

from studio.compute import services as computes
from studio.runs import services
from studio.runs.services.leases import dead_owners
from studio.runs.services.resolving import set_off_all


@shared_task(name="studio.runs.tasks.execute", queue="jobs", acks_late=True, ignore_result=True)
def execute(run_id: int, fence: int) -> None:
    services.execute(run_id=run_id, fence=fence)


@shared_task(name="studio.runs.tasks.reap", queue="system", ignore_result=True, expires=30)
def reap() -> None:
    computes.beat_node()
    services.reap(dead_owners=dead_owners())
    services.dispatch_all()


@shared_task(name="studio.runs.tasks.dispatch", queue="system", ignore_result=True, expires=2)
def dispatch() -> None:
    services.dispatch_all()
    set_off_all()
