from __future__ import annotations

from django.apps import AppConfig


class AutomationConfig(AppConfig):
    name = "studio.automation"
    label = "automation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from registry.archive import provide_import, provide_part
        from registry.datastores import background
        from studio.automation import archiving, listeners  # noqa: F401 - the second registers itself
        from studio.automation.services import importing

        background.provide(importing.import_once)
        provide_part("schedules", archiving.schedule_rows)
        provide_part("firings", archiving.firing_rows)
        provide_part("quality_rules", archiving.quality_rows)
        provide_import("schedules", archiving.import_schedule)
        provide_import("firings", archiving.import_firing)
        provide_import("quality_rules", archiving.import_quality)
