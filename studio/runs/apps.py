from __future__ import annotations

from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "studio.runs"
    label = "runs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from registry import lineage as graph
        from registry.archive import provide_part
        from registry.services import provide_dependents
        from studio.runs import export, lineage

        graph.provide(graph.Source(lineage.edges, lineage.describe))
        provide_dependents(lineage.dependents)
        provide_part("runs", export.run_rows)
        provide_part("lineage", export.edge_rows)
