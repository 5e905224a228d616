"""Runs as the API shows them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from studio.runs.models import Artifact, Experiment, Run


class RunSerializer(serializers.ModelSerializer[Run]):
    """A run without its document: what lists show."""

    experiment = serializers.CharField(source="experiment.name", read_only=True)
    parent = serializers.CharField(  # type: ignore[assignment]
        source="parent.guid", read_only=True, default=None, allow_null=True
    )
    owner = serializers.CharField(source="owner.email", read_only=True)
    compute = serializers.CharField(
        source="compute.name", read_only=True, default=None, allow_null=True
    )
    reused_from = serializers.CharField(
        source="reused_from.guid", read_only=True, default=None, allow_null=True
    )
    seconds = serializers.FloatField(read_only=True, allow_null=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = [
            "guid", "name", "display_name", "description", "kind", "step", "parent", "experiment",
            "status", "reason", "error", "owner", "compute", "priority", "attempt", "max_attempts",
            "reused_from", "environment", "node", "confinement", "peak_memory", "exit_code", "progress",
            "progress_text", "git", "inputs", "outputs", "params", "metrics", "tags", "notes",
            "version", "archived", "created", "queued", "started", "ended", "seconds", "url",
        ]  # fmt: skip

    def get_url(self, run: Run) -> str:
        return f"{settings.PUBLIC_URL}/w/{run.workspace.name}/runs/{run.guid}/"


class RunDetailSerializer(RunSerializer):
    """A run with the document that it executes."""

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "document", "key_parts"]


class NewRunSerializer(serializers.Serializer[Any]):
    """A submission: the canonical document, its trees already stored."""

    document = serializers.JSONField()
    name = serializers.CharField(max_length=255, required=False, allow_blank=True, default="")
    git = serializers.JSONField(required=False, allow_null=True, default=None)
    priority = serializers.IntegerField(min_value=-100, max_value=100, required=False, default=0)

    def validate_document(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise serializers.ValidationError("The document must be a JSON object.")
        return value


class RunChangeSerializer(serializers.Serializer[Any]):
    """What people may change of a run at any time."""

    display_name = serializers.CharField(max_length=255, required=False, allow_blank=True)
    description = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=100_000)
    tags = serializers.DictField(child=serializers.CharField(max_length=500), required=False)
    archived = serializers.BooleanField(required=False)
    priority = serializers.IntegerField(min_value=-100, max_value=100, required=False)


class RerunSerializer(serializers.Serializer[Any]):
    """A run's document again, with other literal inputs where given."""

    inputs = serializers.DictField(required=False, default=dict)
    force = serializers.BooleanField(required=False, default=False)


class ExperimentSerializer(serializers.ModelSerializer[Experiment]):
    """A name that groups runs."""

    runs = serializers.IntegerField(read_only=True)

    class Meta:
        model = Experiment
        fields = ["name", "description", "archived", "created", "runs"]


class ArtifactSerializer(serializers.ModelSerializer[Artifact]):
    """A file that a run left."""

    class Meta:
        model = Artifact
        fields = ["path", "sha256", "size", "kind", "key", "created"]
