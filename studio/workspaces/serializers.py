"""The JSON of people and sharing; no shape holds a digest, a ciphertext or a password."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from studio.workspaces.models import (
    ApiToken,
    AuditEntry,
    Event,
    Invitation,
    Membership,
    Role,
    Secret,
    ServiceAccount,
    User,
    Workspace,
)


class UserShape(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["id", "email", "display_name", "theme", "is_service"]
        read_only_fields = ["id", "email", "is_service"]


class WorkspaceShape(serializers.ModelSerializer[Workspace]):
    id = serializers.CharField(source="resource_id", read_only=True)
    name = serializers.CharField(max_length=33)
    mlflow_tracking_uri = serializers.SerializerMethodField()
    isolated = serializers.BooleanField(read_only=True)

    class Meta:
        model = Workspace
        fields = [
            "id",
            "name",
            "display_name",
            "description",
            "guid",
            "subscription_id",
            "resource_group",
            "location",
            "created",
            "mlflow_tracking_uri",
            "isolated",
        ]
        read_only_fields = ["guid", "created"]

    def get_mlflow_tracking_uri(self, workspace: Workspace) -> str:
        return f"{settings.PUBLIC_URL}/mlflow/{workspace.name}"


class WorkspaceChange(serializers.Serializer[Any]):
    display_name = serializers.CharField(max_length=120, allow_blank=True, required=False)
    description = serializers.CharField(max_length=10_000, allow_blank=True, required=False)
    subscription_id = serializers.CharField(max_length=36, required=False)
    resource_group = serializers.CharField(max_length=90, required=False)
    location = serializers.CharField(max_length=60, required=False)
    isolated = serializers.BooleanField(required=False)


class MemberShape(serializers.ModelSerializer[Membership]):
    user = UserShape(read_only=True)
    role = serializers.CharField(max_length=60)

    class Meta:
        model = Membership
        fields = ["id", "user", "role", "created"]
        read_only_fields = ["created"]


class RoleShape(serializers.ModelSerializer[Role]):
    operations = serializers.ListField(child=serializers.CharField(max_length=60), max_length=100)

    class Meta:
        model = Role
        fields = ["id", "name", "operations", "created"]
        read_only_fields = ["created"]


class InvitationShape(serializers.ModelSerializer[Invitation]):
    class Meta:
        model = Invitation
        fields = ["id", "role", "email", "created", "expires"]
        read_only_fields = ["created", "expires"]


class TokenShape(serializers.ModelSerializer[ApiToken]):
    workspace = serializers.CharField(
        source="workspace.name", default=None, read_only=True, allow_null=True
    )
    only_here = serializers.BooleanField(default=True, write_only=True)
    days = serializers.IntegerField(
        min_value=1, max_value=3650, required=False, allow_null=True, write_only=True
    )

    class Meta:
        model = ApiToken
        fields = [
            "id",
            "name",
            "prefix",
            "workspace",
            "created",
            "expires",
            "revoked_at",
            "last_used",
            "only_here",
            "days",
        ]
        read_only_fields = ["prefix", "created", "expires", "revoked_at", "last_used"]


class ServiceAccountShape(serializers.ModelSerializer[ServiceAccount]):
    role = serializers.CharField(max_length=60, write_only=True)

    class Meta:
        model = ServiceAccount
        fields = ["id", "name", "role", "created"]
        read_only_fields = ["created"]

    def to_representation(self, instance: ServiceAccount) -> dict[str, Any]:
        shape = super().to_representation(instance)
        member = instance.user.memberships.first()
        return {**shape, "role": member.role if member else None}


class SecretShape(serializers.ModelSerializer[Secret]):
    value = serializers.CharField(max_length=25 * 1024, write_only=True, trim_whitespace=False)

    class Meta:
        model = Secret
        fields = ["id", "name", "version", "created", "updated", "value"]
        read_only_fields = ["version", "created", "updated"]


class SecretValue(serializers.Serializer[Any]):
    name = serializers.CharField()
    value = serializers.CharField()


class EventShape(serializers.ModelSerializer[Event]):
    class Meta:
        model = Event
        fields = ["id", "type", "subject", "data", "created"]


class AuditShape(serializers.ModelSerializer[AuditEntry]):
    class Meta:
        model = AuditEntry
        fields = ["id", "actor_name", "action", "target", "detail", "ip", "created"]


class Password(serializers.Serializer[Any]):
    old = serializers.CharField(default="", allow_blank=True, trim_whitespace=False)
    new = serializers.CharField(trim_whitespace=False)
