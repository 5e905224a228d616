"""Versioned assets, and the stored trees that runs and assets share by reference."""

from __future__ import annotations

import secrets
from typing import Any

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
        indexes = [
            models.Index(fields=["sha256"]),
            models.Index(
                fields=["created"], condition=models.Q(references__lte=0), name="blob_left_over"
            ),
        ]

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
    properties = models.JSONField(default=dict)
    archived = models.BooleanField(default=False)
    # A deleted name keeps its row for `last_number`: old references must not find other bytes.
    deleted = models.DateTimeField(null=True)
    last_number = models.IntegerField(default=0)
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)

    objects = AssetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "kind", "name"], name="asset_name_once")
        ]
        indexes = [
            models.Index(fields=["workspace", "kind", "archived", "-changed"], name="asset_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class AssetVersionQuerySet(models.QuerySet["AssetVersion"]):
    def visible_to(self, user: object) -> AssetVersionQuerySet:
        return self.filter(asset__workspace__in=Workspace.objects.visible_to(user))

    def active(self) -> AssetVersionQuerySet:
        """Leave out what is archived, what is deleted, and the versions of archived assets."""
        return self.filter(archived=False, deleted=None, asset__archived=False)


class AssetVersion(models.Model):
    """One immutable version of an asset; `document` is its Azure v2 document.

    A deleted version keeps its row, emptied and archived: its number is never given to other bytes.
    """

    asset = models.ForeignKey(Asset, models.CASCADE, related_name="versions")
    version = models.CharField(max_length=64)
    number = models.IntegerField()
    document = models.JSONField(default=dict)
    tree = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(default=0)
    description = models.TextField(blank=True)
    tags = models.JSONField(default=dict)
    properties = models.JSONField(default=dict)
    stage = models.CharField(max_length=64, default="None")
    run_guid = models.CharField(max_length=32, blank=True, db_index=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    archived = models.BooleanField(default=False)
    deleted = models.DateTimeField(null=True)
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)

    objects = AssetVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["asset", "version"], name="asset_version_once")
        ]
        indexes = [
            models.Index(fields=["asset", "archived", "-number"], name="version_newest"),
            models.Index(fields=["tree"], name="version_of_tree"),
        ]
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.asset.name}:{self.version}"

    @property
    def reference(self) -> str:
        return f"azureml:{self.asset.name}:{self.version}"

    @property
    def end(self) -> str:
        """The version's name in lineage: `<kind>/<name>/<version>`."""
        return f"{self.asset.kind}/{self.asset.name}/{self.version}"

    @property
    def shared_reference(self) -> str:
        """The address under which other workspaces use a version that is shared with them."""
        asset = self.asset
        folder = COLLECTIONS[asset.kind]
        return (
            f"azureml://workspaces/{asset.workspace.name}/{folder}/{asset.name}"
            f"/versions/{self.version}"
        )


COLLECTIONS = {
    "data": "data",
    "environment": "environments",
    "component": "components",
    "code": "codes",
    "model": "models",
}


class AssetLabel(models.Model):
    """A name that moves from version to version: `name@champion`."""

    asset = models.ForeignKey(Asset, models.CASCADE, related_name="labels")
    name = models.CharField(max_length=255)
    version = models.ForeignKey(AssetVersion, models.CASCADE, related_name="labels")
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["asset", "name"], name="asset_label_once")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class AssetTag(models.Model):
    """The searchable form of a tag; `version` is null for a tag of the asset itself."""

    asset = models.ForeignKey(Asset, models.CASCADE, related_name="tag_rows")
    version = models.ForeignKey(AssetVersion, models.CASCADE, null=True, related_name="tag_rows")
    key = models.CharField(max_length=250)
    value = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["key", "value"], name="asset_tag_search")]

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


class AssetShare(models.Model):
    """Lets another workspace read one version; that workspace holds the tree as its own does."""

    version = models.ForeignKey(AssetVersion, models.CASCADE, related_name="shares")
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="shared_assets")
    shared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "workspace"], name="shared_once")]

    def __str__(self) -> str:
        return f"{self.version} with {self.workspace}"


class StageRequest(models.Model):
    """Someone asks to move a version to a guarded stage; someone else decides."""

    PENDING, APPROVED, REJECTED, WITHDRAWN = "pending", "approved", "rejected", "withdrawn"

    version = models.ForeignKey(AssetVersion, models.CASCADE, related_name="stage_requests")
    stage = models.CharField(max_length=64)
    note = models.TextField(blank=True)
    state = models.CharField(max_length=16, default=PENDING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    decision_note = models.TextField(blank=True)
    created = models.DateTimeField(auto_now_add=True)
    decided = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version"], condition=models.Q(state="pending"), name="one_open_request"
            )
        ]
        ordering = ["-created", "-pk"]

    def __str__(self) -> str:
        return f"{self.version} to {self.stage}: {self.state}"


def _upload_guid() -> str:
    return secrets.token_hex(16)


class Upload(models.Model):
    """A file on its way in, chunk by chunk; `offset` is how much of it has arrived."""

    guid = models.CharField(max_length=32, unique=True, default=_upload_guid)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="uploads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(max_length=1024)
    size = models.BigIntegerField()
    offset = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    finished = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["finished", "changed"], name="upload_stale")]

    def __str__(self) -> str:
        return f"{self.name}: {self.offset} of {self.size}"


class RetentionRule(models.Model):
    """What a workspace lets go of by itself: old versions of a kind, or of names that fit."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="retention_rules")
    kind = models.CharField(max_length=16, choices=AssetKind.choices)
    pattern = models.CharField(max_length=255, default="*")
    keep_versions = models.IntegerField(default=10)
    min_age_days = models.IntegerField(default=30)
    enabled = models.BooleanField(default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created = models.DateTimeField(auto_now_add=True)
    last_run = models.DateTimeField(null=True)
    last_result: Any = models.JSONField(default=dict)

    class Meta:
        ordering = ["kind", "pattern", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.pattern}: keep {self.keep_versions}"
