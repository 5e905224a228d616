"""Beat's way in: what is due fires."""

from __future__ import annotations

from celery import shared_task

from studio.automation import services


@shared_task(name="studio.automation.tasks.fire", queue="system", ignore_result=True, expires=30)
def fire() -> None:
    services.fire_due()
