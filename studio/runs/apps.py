from __future__ import annotations

from typing import Any

from django.apps import AppConfig


def _work_on_models(*given: Any) -> dict[str, Any]:
    from studio.runs.views import models  # when a page asks: workers have no use for views

    return models.context_of(*given)


def _forget_work(version: Any) -> None:
    from studio.runs.modelwork import keeping  # which submits runs

    keeping.forget(version)


class RunsConfig(AppConfig):
    name = "studio.runs"
    label = "runs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from registry import lineage as graph
        from registry import model_page
        from registry.archive import provide_files, provide_import, provide_part
        from registry.services import provide_dependents, provide_farewell, provide_renaming
        from studio.runs import export, importing, lineage

        graph.provide(graph.Source(lineage.edges, lineage.describe, lineage.join))
        provide_dependents(lineage.dependents)
        provide_farewell(_forget_work)
        provide_renaming(lineage.renamed)
        model_page.provide(_work_on_models)
        provide_part("experiments", export.experiment_rows)
        provide_part("runs", export.run_rows, count=export.count)
        provide_part("metrics", export.metric_rows)
        provide_part("artifacts", export.artifact_rows)
        provide_part("lineage", export.edge_rows)
        provide_part("model_work", export.work_rows)
        provide_files("runs", export.stored)
        # In this order: metrics and files find their runs.
        provide_import("experiments", importing.import_experiment)
        provide_import("runs", importing.import_run)
        provide_import("metrics", importing.import_metric)
        provide_import("artifacts", importing.import_artifact)
        provide_import("lineage", importing.import_edge)
        provide_import("model_work", importing.import_work)
