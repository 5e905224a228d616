from __future__ import annotations

from django.apps import AppConfig


class DesignerConfig(AppConfig):
    name = "designer"
    label = "designer"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from designer import archiving
        from registry.archive import provide_import, provide_part

        provide_part("pipelines", archiving.draft_rows, count=archiving.count)
        provide_part("pipeline_versions", archiving.version_rows)
        provide_part("pipeline_comments", archiving.comment_rows)
        provide_part("published_pipelines", archiving.published_rows)
        # In this order: versions find their drafts, and what is published its version.
        provide_import("pipelines", archiving.import_draft)
        provide_import("pipeline_versions", archiving.import_version)
        provide_import("pipeline_comments", archiving.import_comment)
        provide_import("published_pipelines", archiving.import_published)
