from __future__ import annotations

from django.apps import AppConfig


class AutomationConfig(AppConfig):
    name = "studio.automation"
    label = "automation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from studio.automation import listeners  # noqa: F401 - registers them
