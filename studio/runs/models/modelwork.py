"""What people have done with a model version: conversions, packages, profiles, each by a run."""

from __future__ import annotations

from django.db import models

from registry.models import AssetVersion
from studio.runs.models.runs import Run


class ModelWork(models.Model):
    """One run that works on a model version, what was asked of it and what it found.

    The run may be deleted later; the result stays with the version.
    """

    CONVERT, PACKAGE, PROFILE = "convert", "package", "profile"

    version = models.ForeignKey(AssetVersion, models.CASCADE, related_name="work")
    run = models.OneToOneField(Run, models.SET_NULL, null=True, related_name="model_work")
    action = models.CharField(max_length=16)
    options = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    made = models.ForeignKey(AssetVersion, models.SET_NULL, null=True, related_name="+")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["version", "action", "-id"], name="model_work_newest")]

    def __str__(self) -> str:
        return f"{self.action} {self.version}"
