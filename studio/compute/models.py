"""Where runs execute: targets that people name, and the nodes that serve them."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from studio.workspaces.models import Workspace

NODE_SILENT_AFTER = timedelta(seconds=20)


class ComputeTargetQuerySet(models.QuerySet["ComputeTarget"]):
    def visible_to(self, user: object) -> ComputeTargetQuerySet:
        return self.filter(workspace__in=Workspace.objects.visible_to(user))


class ComputeTarget(models.Model):
    """A named compute of a workspace; its `pool` says which nodes serve it."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="computes")
    name = models.CharField(max_length=64)
    kind = models.CharField(max_length=32, default="local")
    pool = models.CharField(max_length=64, default="local")
    config = models.JSONField(default=dict)
    created = models.DateTimeField(auto_now_add=True)

    objects = ComputeTargetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="compute_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Node(models.Model):
    """A machine whose worker serves a pool; it renews `seen` while it lives."""

    name = models.CharField(max_length=255, unique=True)
    pool = models.CharField(max_length=64, default="local", db_index=True)
    slots = models.IntegerField()
    facts = models.JSONField(default=dict)
    seen = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @property
    def alive(self) -> bool:
        return self.seen > timezone.now() - NODE_SILENT_AFTER


class Quota(models.Model):
    """The most slots that a workspace, or one person in it, may use at once."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="quotas")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    slots = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user"], name="quota_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.slots} slots"
