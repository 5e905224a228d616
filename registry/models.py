"""Versioned assets, and the stored trees that runs and assets share by reference."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from studio.workspaces.models import Workspace


class StoredBlob(models.Model):
    """One content-addressed file as one workspace may see it.

    The bytes are stored once for all workspaces; the row is what grants a workspace the right to
    name them, so knowing another workspace's digest opens nothing.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="blobs")
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    references = models.IntegerField(default=0)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "sha256"], name="blob_once_per_workspace")
        ]
        indexes = [models.Index(fields=["sha256"])]

    def __str__(self) -> str:
        return self.sha256[:12]


class StoredTree(models.Model):
    """A folder's manifest: what `tree:<digest>` names inside one workspace."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="trees")
    digest = models.CharField(max_length=64)
    size = models.BigIntegerField()
    count = models.IntegerField()
    references = models.IntegerField(default=0)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "digest"], name="tree_once_per_workspace")
        ]

    def __str__(self) -> str:
        return self.digest[:12]


class DatastoreQuerySet(models.QuerySet["Datastore"]):
    def visible_to(self, user: object) -> DatastoreQuerySet:
        return self.filter(workspace__in=Workspace.objects.visible_to(user))


class Datastore(models.Model):
    """A place that data lies in; secrets stay in the key vault."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="datastores")
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=32, default="local")
    config = models.JSONField(default=dict)
    is_default = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)

    objects = DatastoreQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="datastore_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class AssetKind(models.TextChoices):
    DATA = "data"
    ENVIRONMENT = "environment"
    COMPONENT = "component"
    CODE = "code"
    MODEL = "model"


class AssetQuerySet(models.QuerySet["Asset"]):
    def visible_to(self, user: object) -> AssetQuerySet:
        return self.filter(workspace__in=Workspace.objects.visible_to(user))


class Asset(models.Model):
    """A name under which versions of one thing are kept."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="assets")
    kind = models.CharField(max_length=16, choices=AssetKind.choices)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    tags = models.JSONField(default=dict)
    archived = models.BooleanField(default=False)
    last_number = models.IntegerField(default=0)
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)

    objects = AssetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "kind", "name"], name="asset_name_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class AssetVersion(models.Model):
    """One immutable version of an asset; `document` is its Azure v2 document."""

    asset = models.ForeignKey(Asset, models.CASCADE, related_name="versions")
    version = models.CharField(max_length=64)
    number = models.IntegerField()
    document = models.JSONField(default=dict)
    tree = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(default=0)
    description = models.TextField(blank=True)
    tags = models.JSONField(default=dict)
    run_guid = models.CharField(max_length=32, blank=True, db_index=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    archived = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["asset", "version"], name="asset_version_once")
        ]
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.asset.name}:{self.version}"

    @property
    def reference(self) -> str:
        return f"azureml:{self.asset.name}:{self.version}"
