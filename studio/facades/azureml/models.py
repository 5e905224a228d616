"""What only this protocol knows: names in blob containers, and jobs as their clients sent them."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from studio.runs.models import Run
from studio.workspaces.models import Workspace


class NamedBlob(models.Model):
    """A blob's name in a container; its bytes are in the content store under their digest."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    container = models.CharField(max_length=255)
    path = models.CharField(max_length=1024)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    content_type = models.CharField(max_length=255, blank=True)
    metadata = models.JSONField(default=dict)
    changed = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "container", "path"], name="azure_blob_name_once"
            )
        ]
        ordering = ["path"]

    def __str__(self) -> str:
        return f"{self.container}/{self.path}"


class SentJob(models.Model):
    """A job's REST properties as they were sent; the run keeps what the engine understood."""

    run = models.OneToOneField(Run, models.CASCADE, related_name="sent_job")
    properties = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.run_id} as sent"


class SentAsset(models.Model):
    """An asset version's REST properties as they were sent, where the registry keeps another form."""

    version = models.OneToOneField(
        "registry.AssetVersion", models.CASCADE, related_name="sent_asset"
    )
    properties = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.version_id} as sent"
