"""What a team shares, who belongs to it with which role, and the links that let one in."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from studio.workspaces.operations import BUILT_IN_ROLES, OWNER

WORKSPACE_NAME = r"^[a-zA-Z0-9][a-zA-Z0-9_-]{1,32}$"
workspace_name_validator = RegexValidator(
    WORKSPACE_NAME,
    "A workspace name has 2 to 33 letters, digits, dashes or underscores, and starts with a letter or digit.",
)


class WorkspaceQuerySet(models.QuerySet["Workspace"]):
    def visible_to(self, user: Any) -> WorkspaceQuerySet:
        """Return the workspaces that this user is a member of."""
        if not getattr(user, "is_authenticated", False) or not user.is_active:
            return self.none()
        return self.filter(memberships__user=user)


class Workspace(models.Model):
    """What a team shares; everything else belongs to one."""

    name = models.CharField(max_length=33, validators=[workspace_name_validator])
    display_name = models.CharField(max_length=120, blank=True)
    description = models.TextField(blank=True)
    subscription_id = models.CharField(
        max_length=36, default="00000000-0000-0000-0000-000000000000"
    )
    resource_group = models.CharField(max_length=90, default="officina")
    location = models.CharField(max_length=60, default="local")
    guid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    settings = models.JSONField(default=dict, blank=True)
    created = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[models.Manager[Workspace]] = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="workspace_name_any_case")]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        """The name to show."""
        return self.display_name or self.name

    @property
    def isolated(self) -> bool:
        """Whether jobs are kept from the network."""
        return (self.settings or {}).get("isolated") is True

    @property
    def resource_id(self) -> str:
        """The workspace's ARM id."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.name}"
        )


class Role(models.Model):
    """A custom role of one workspace; the built-in ones are constants in `operations`."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="custom_roles")
    name = models.CharField(max_length=60)
    operations = models.JSONField(default=list)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("workspace", Lower("name"), name="role_name_in_workspace")
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One principal's role in one workspace."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=60)
    custom_role = models.ForeignKey(
        Role, models.PROTECT, null=True, blank=True, related_name="members"
    )
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="one_role_in_a_workspace")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.workspace_id}: {self.role}"

    @property
    def operations(self) -> frozenset[str]:
        """What this member may do; a role that is not known holds nothing."""
        if self.custom_role is not None:
            return frozenset(self.custom_role.operations)
        return BUILT_IN_ROLES.get(self.role, frozenset())

    @property
    def is_owner(self) -> bool:
        return self.custom_role_id is None and self.role == OWNER


class Invitation(models.Model):
    """A link that lets one person join with a role; only the digest of its token is kept."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="invitations")
    token_hash = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=60)
    email = models.EmailField(max_length=254, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created = models.DateTimeField(default=timezone.now, editable=False)
    expires = models.DateTimeField()
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.role} in {self.workspace_id}"

    @property
    def is_open(self) -> bool:
        return self.used_at is None and self.expires > timezone.now()


class SetupLink(models.Model):
    """The one-time link on the console that makes the first administrator."""

    token_hash = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField(default=timezone.now, editable=False)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"setup link of {self.created:%Y-%m-%d %H:%M}"
