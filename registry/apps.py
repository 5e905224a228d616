from __future__ import annotations

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "registry"
    label = "registry"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from registry.archive import provide_import, provide_part
        from registry.datastores import archiving
        from registry.services import create_default_datastores
        from studio.workspaces.services import on_workspace_created

        on_workspace_created(create_default_datastores)
        provide_part("datastores", archiving.datastore_rows)
        provide_import("datastores", archiving.import_datastore)
