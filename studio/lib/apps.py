from __future__ import annotations

from django.apps import AppConfig


class LibConfig(AppConfig):
    name = "studio.lib"
    label = "lib"

    def ready(self) -> None:
        """Register the system checks."""
        from studio.lib import checks  # noqa: F401
