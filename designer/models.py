"""Pipeline drafts with their log of edits, immutable versions, comments, and what is published of them."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from studio.workspaces.models import Workspace


def new_guid() -> str:
    return uuid.uuid4().hex


def empty_graph() -> dict[str, Any]:
    return {"schema": 1, "nodes": [], "edges": [], "parameters": {}}


class PipelineQuerySet(models.QuerySet["Pipeline"]):
    def visible_to(self, user: object) -> PipelineQuerySet:
        return self.filter(workspace__in=Workspace.objects.visible_to(user))

    def alive(self) -> PipelineQuerySet:
        return self.filter(deleted_at=None)


class Pipeline(models.Model):
    """A draft that several people may edit at once.

    Its truth is `state` (a Y.Doc up to the edit `state_seq`) and the PipelineUpdate rows after it.
    `graph` is the same as JSON up to the edit `revision`; `seq` numbers the latest edit that is stored.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="pipelines")
    guid = models.CharField(max_length=32, unique=True, default=new_guid)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    graph = models.JSONField(default=empty_graph)
    revision = models.PositiveIntegerField(default=0)
    seq = models.PositiveIntegerField(default=0)
    state = models.BinaryField(default=bytes)
    state_seq = models.PositiveIntegerField(default=0)
    created = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    modified = models.DateTimeField(default=timezone.now)
    modified_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = PipelineQuerySet.as_manager()

    class Meta:
        ordering = ["-modified", "-pk"]
        indexes = [models.Index(fields=["workspace", "deleted_at", "-modified"], name="drafts")]

    def __str__(self) -> str:
        return self.name


class PipelineUpdate(models.Model):
    """One stored edit; after compaction the row stays as history and its bytes are in the state."""

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="updates")
    seq = models.PositiveIntegerField()
    update = models.BinaryField(default=bytes)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)
    summary = models.JSONField(default=list)

    class Meta:
        ordering = ["seq"]
        constraints = [models.UniqueConstraint(fields=["pipeline", "seq"], name="edit_once")]

    def __str__(self) -> str:
        return f"{self.pipeline_id} edit {self.seq}"


class PipelineVersion(models.Model):
    """A graph that never changes again: a checkpoint, or what was submitted or published."""

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    graph = models.JSONField()
    revision = models.PositiveIntegerField(default=0)
    name = models.CharField(max_length=255, blank=True)
    note = models.TextField(blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "number"], name="version_number_once")
        ]
        indexes = [models.Index(fields=["pipeline", "digest"], name="version_by_digest")]

    def __str__(self) -> str:
        return f"{self.pipeline_id} version {self.number}"


class Comment(models.Model):
    """What someone says about a draft or one of its nodes."""

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="comments")
    node = models.CharField(max_length=255, blank=True)
    text = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["pipeline", "at"], name="comments_of_draft")]

    def __str__(self) -> str:
        return f"{self.pipeline_id} {self.node}: {self.text[:40]}"


class PipelineEndpoint(models.Model):
    """A name that stays the same while the published pipeline behind it changes."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="pipeline_endpoints")
    guid = models.CharField(max_length=32, unique=True, default=new_guid)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    default = models.ForeignKey(
        "PublishedPipeline", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    disabled = models.BooleanField(default=False)
    created = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    modified = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("workspace", Lower("name"), name="endpoint_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class PublishedPipeline(models.Model):
    """A version of an endpoint: a fixed graph and the parameters that a caller may set."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="published_pipelines")
    endpoint = models.ForeignKey(PipelineEndpoint, models.CASCADE, related_name="published")
    guid = models.CharField(max_length=32, unique=True, default=new_guid)
    name = models.CharField(max_length=255)
    version = models.CharField(max_length=60)
    description = models.TextField(blank=True)
    graph = models.JSONField()
    parameters = models.JSONField(default=dict)
    source = models.ForeignKey(
        PipelineVersion, models.SET_NULL, null=True, blank=True, related_name="published"
    )
    disabled = models.BooleanField(default=False)
    published = models.DateTimeField(default=timezone.now)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-published", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "version"], name="published_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
