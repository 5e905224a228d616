from __future__ import annotations

from django.apps import AppConfig


class ComputeConfig(AppConfig):
    name = "studio.compute"
    label = "compute"
    default_auto_field = "django.db.models.BigAutoField"
