"""Housekeeping of what people leave behind."""

from __future__ import annotations

from celery import shared_task

from studio.workspaces import idempotency


@shared_task(name="studio.workspaces.tasks.forget_old_keys", queue="system", ignore_result=True)
def forget_old_keys() -> None:
    idempotency.forget_old_keys()
