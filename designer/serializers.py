"""Drafts, versions and comments as the API shows them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from designer.models import Comment, Pipeline, PipelineUpdate, PipelineVersion
from studio.runs.models import Run
from studio.workspaces.models import User


def person(user: User | None) -> dict[str, str] | None:
    """Return who did something, None when they are gone."""
    return None if user is None else {"name": user.name, "email": user.email}


def run_summary(run: Run | None) -> dict[str, Any] | None:
    """Return what lists show of a draft's last run."""
    if run is None:
        return None
    return {
        "guid": run.guid,
        "name": run.name,
        "title": run.title,
        "status": run.status,
        "created": run.created,
        "seconds": run.seconds,
        "url": f"/w/{run.workspace.name}/runs/{run.guid}/",
    }


def pipeline_summary(pipeline: Pipeline, last_run: Run | None = None) -> dict[str, Any]:
    """Return a draft without its graph: what lists show."""
    return {
        "guid": pipeline.guid,
        "name": pipeline.name,
        "description": pipeline.description,
        "revision": pipeline.seq,
        "created_at": pipeline.created,
        "created_by": person(pipeline.created_by),
        "modified_at": pipeline.modified,
        "modified_by": person(pipeline.modified_by),
        "deleted_at": pipeline.deleted_at,
        "last_run": run_summary(last_run),
        "url": f"{settings.PUBLIC_URL}/w/{pipeline.workspace.name}/pipelines/{pipeline.guid}/",
    }


def pipeline_detail(pipeline: Pipeline, last_run: Run | None = None) -> dict[str, Any]:
    """Return a draft with its graph as of `revision`."""
    return {**pipeline_summary(pipeline, last_run), "graph": pipeline.graph}


class NewPipelineSerializer(serializers.Serializer[Any]):
    """A new draft: empty, with a graph, or a copy of a sample."""

    name = serializers.CharField(max_length=255, required=False, default="", allow_blank=True)
    description = serializers.CharField(
        max_length=20_000, required=False, default="", allow_blank=True
    )
    graph = serializers.JSONField(required=False, default=None, allow_null=True)
    from_sample = serializers.CharField(required=False, default="", allow_blank=True)


class PipelineChangeSerializer(serializers.Serializer[Any]):
    """What may be changed of a draft beside its graph."""

    name = serializers.CharField(max_length=255, required=False)
    description = serializers.CharField(max_length=20_000, required=False, allow_blank=True)


class DraftSerializer(serializers.Serializer[Any]):
    """A whole graph to save, on top of the revision that it was made from."""

    graph = serializers.JSONField()
    revision = serializers.IntegerField(min_value=0)


class NewVersionSerializer(serializers.Serializer[Any]):
    """A checkpoint's name and what to remember of it."""

    name = serializers.CharField(max_length=255, required=False, default="", allow_blank=True)
    note = serializers.CharField(max_length=20_000, required=False, default="", allow_blank=True)


class NewCommentSerializer(serializers.Serializer[Any]):
    """A comment on the draft, or on one of its nodes."""

    node = serializers.CharField(max_length=255, required=False, default="", allow_blank=True)
    text = serializers.CharField(max_length=10_000)


class CommentChangeSerializer(serializers.Serializer[Any]):
    """Whether a comment is settled."""

    resolved = serializers.BooleanField()


class ImportSerializer(serializers.Serializer[Any]):
    """A pipeline as text."""

    text = serializers.CharField(trim_whitespace=False)
    name = serializers.CharField(max_length=255, required=False, default="", allow_blank=True)


class LintSerializer(serializers.Serializer[Any]):
    """Code of a parameter, and the language that it is in."""

    language = serializers.CharField(max_length=32)
    code = serializers.CharField(allow_blank=True, trim_whitespace=False)
    component = serializers.CharField(
        max_length=255, required=False, default="", allow_blank=True, help_text="whose code it is"
    )
    tables = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(), max_length=10_000),
        required=False,
        default=dict,
        help_text="the columns that arrive at each input, where they are known",
    )


class FromRunSerializer(serializers.Serializer[Any]):
    """The guid or name of a pipeline run."""

    run = serializers.CharField(max_length=255)


class EndSerializer(serializers.Serializer[Any]):
    """A port inside a component."""

    node = serializers.CharField(max_length=200)
    port = serializers.CharField(max_length=200)


class ComponentPortSerializer(serializers.Serializer[Any]):
    """A named port of a component, and the ports inside that it stands for."""

    name = serializers.CharField(max_length=100)
    label = serializers.CharField(  # type: ignore[assignment]
        max_length=200, required=False, allow_blank=True, default=""
    )
    ends = EndSerializer(many=True, allow_empty=False)


class SaveComponentSerializer(serializers.Serializer[Any]):
    """A part of a graph that becomes a component."""

    name = serializers.CharField(max_length=255)
    title = serializers.CharField(max_length=255, required=False, allow_blank=True, default="")
    description = serializers.CharField(
        max_length=20_000, required=False, allow_blank=True, default=""
    )
    graph = serializers.DictField()
    inputs = ComponentPortSerializer(many=True, required=False, default=list)
    outputs = ComponentPortSerializer(many=True, required=False, default=list)


def version_summary(version: PipelineVersion) -> dict[str, Any]:
    """Return a version without its graph."""
    return {
        "number": version.number,
        "name": version.name,
        "note": version.note,
        "digest": version.digest,
        "revision": version.revision,
        "author": person(version.author),
        "at": version.at,
    }


def comment_entry(comment: Comment) -> dict[str, Any]:
    """Return a comment with who settled it."""
    return {
        "id": comment.pk,
        "node": comment.node,
        "text": comment.text,
        "author": person(comment.author),
        "at": comment.at,
        "resolved": comment.resolved_at is not None,
        "resolved_at": comment.resolved_at,
        "resolved_by": person(comment.resolved_by),
    }


def history_entry(edit: PipelineUpdate) -> dict[str, Any]:
    """Return one line of a draft's history."""
    return {
        "revision": edit.seq,
        "by": person(edit.author),
        "at": edit.at,
        "changes": edit.summary,
    }
