"""Where runs execute: targets that people name, and the nodes that serve them."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from studio.compute.kinds import KINDS, Kind
from studio.compute.sizes import Size, find_size
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
    pool = models.CharField(max_length=128, default="local")
    config = models.JSONField(default=dict)
    description = models.TextField(blank=True)
    tags = models.JSONField(default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Only this person may use an instance; null everywhere else.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    stopped = models.BooleanField(default=False)
    # Logical nodes that a cluster holds now, and since when it holds more than it needs.
    nodes = models.PositiveIntegerField(default=0)
    idle_since = models.DateTimeField(null=True, blank=True)
    # When an instance was last started; the times before that are told by its events.
    on_since = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)

    objects = ComputeTargetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="compute_name_once")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def kind_row(self) -> Kind:
        """Return the row of the table of kinds."""
        return KINDS[self.kind]

    @property
    def size(self) -> Size | None:
        """Return the size of a node, for the kinds that have one."""
        return find_size(self.config["size"]) if self.config.get("size") else None

    @property
    def hourly(self) -> float:
        """Return what an hour of a node costs; 0 when nobody said."""
        stated = self.config.get("hourly")
        if stated is not None:
            return float(stated)
        return self.size.hourly if self.size else 0.0

    def cost_of(self, seconds: float | None) -> float:
        """Return what a node costs for so many seconds."""
        return self.hourly * (seconds or 0) / 3600


class Node(models.Model):
    """A machine whose worker serves a pool; it renews `seen` while it lives."""

    name = models.CharField(max_length=255, unique=True)
    pool = models.CharField(max_length=128, default="local", db_index=True)
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
    slots = models.PositiveIntegerField(null=True)
    # A workspace of share 2 gets twice as many slots as one of share 1 while both wait.
    share = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user"], name="quota_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.slots} slots, share {self.share}"
