from __future__ import annotations

from django.apps import AppConfig


class ComputeConfig(AppConfig):
    name = "studio.compute"
    label = "compute"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from studio.compute.services import create_local_compute
        from studio.workspaces.services import on_workspace_created

        on_workspace_created(create_local_compute)
