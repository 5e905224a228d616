"""The web project: settings, wiring and the platform apps."""

from studio.celery import app as celery_app

__all__ = ["celery_app"]
