"""Who is there and what each may touch: people, workspaces, roles, tokens, secrets, events, audit."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

from studio.workspaces.operations import BUILT_IN_ROLES, OWNER

if TYPE_CHECKING:
    from datetime import datetime

WORKSPACE_NAME = r"^[a-zA-Z0-9][a-zA-Z0-9_-]{1,32}$"
workspace_name_validator = RegexValidator(
    WORKSPACE_NAME,
    "A workspace name has 2 to 33 letters, digits, dashes or underscores, and starts with a letter or digit.",
)
# Azure's key vault takes letters, digits and dashes; underscores are common in environment names.
SECRET_NAME = r"^[a-zA-Z][a-zA-Z0-9_-]{0,126}$"  # noqa: S105 - a pattern, not a password


def digest_of(secret: str) -> str:
    """Return what is stored of a random 256-bit secret; such a secret needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


class UserManager(BaseUserManager["User"]):
    """People are found by e-mail in any case."""

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        """Make a user with this e-mail; without a password they cannot sign in with one."""
        user = self.model(email=email.strip().lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        """Make an administrator of the whole studio."""
        return self.create_user(email, password, is_superuser=True, **extra)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A principal: a person, or the service account of a workspace (`is_service`)."""

    class Theme(models.TextChoices):
        SYSTEM = "system", "As the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    email = models.EmailField(max_length=254)
    display_name = models.CharField(max_length=120, blank=True)
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    is_active = models.BooleanField(default=True)
    is_service = models.BooleanField(default=False)
    # Raised to end every session of the user at once: part of the hash that each session carries.
    session_epoch = models.PositiveIntegerField(default=0)
    date_joined = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_any_case")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name to show."""
        return self.display_name or self.email.split("@")[0]

    @property
    def is_staff(self) -> bool:
        return self.is_superuser

    def _auth_hash(self, secret: str | None = None) -> str:
        return salted_hmac(
            "studio.workspaces.session",
            f"{self.password}:{self.session_epoch}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()

    def get_session_auth_hash(self) -> str:
        """Return what each session carries: it changes with the password and with the epoch."""
        return self._auth_hash()

    def get_session_auth_fallback_hash(self) -> Any:
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._auth_hash(secret)

    def end_sessions(self) -> None:
        """End every browser session of this user."""
        type(self).objects.filter(pk=self.pk).update(session_epoch=models.F("session_epoch") + 1)
        self.refresh_from_db(fields=["session_epoch"])


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


class ServiceAccount(models.Model):
    """A principal for scripts and CI; it acts as `user`, whose membership holds its role."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="service_accounts")
    name = models.CharField(max_length=60)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="service_account"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("workspace", Lower("name"), name="service_account_in_workspace")
        ]

    def __str__(self) -> str:
        return self.name


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def live(self, at: datetime | None = None) -> ApiTokenQuerySet:
        """Return the tokens that still work."""
        now = at or timezone.now()
        return self.filter(revoked_at=None).filter(
            models.Q(expires=None) | models.Q(expires__gt=now)
        )

    def personal(self) -> ApiTokenQuerySet:
        """Leave out the tokens that were given to single runs."""
        return self.exclude(scope__has_key="run")


class ApiToken(models.Model):
    """A key that acts as its user; only the SHA-256 of its 256 random bits is kept."""

    token_hash = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=16)
    name = models.CharField(max_length=80)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    workspace = models.ForeignKey(
        Workspace, models.CASCADE, null=True, blank=True, related_name="api_tokens"
    )
    # {} is everything the user may do; {"run": guid, "operations": [...]} is one run's own token.
    scope = models.JSONField(default=dict, blank=True)
    created = models.DateTimeField(default=timezone.now, editable=False)
    expires = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[ApiToken]] = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created"]
        indexes = [models.Index(fields=["user", "-created"], name="token_by_user")]

    def __str__(self) -> str:
        return f"{self.prefix}... ({self.name})"

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and (self.expires is None or self.expires > timezone.now())

    def matches(self, secret: str) -> bool:
        return hmac.compare_digest(self.token_hash, digest_of(secret))


class Secret(models.Model):
    """A key vault entry; the value is encrypted and never shown back on a page."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="secrets")
    name = models.CharField(max_length=127, validators=[RegexValidator(SECRET_NAME)])
    ciphertext = models.BinaryField()
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created = models.DateTimeField(default=timezone.now, editable=False)
    updated = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("workspace", Lower("name"), name="secret_in_workspace")
        ]

    def __str__(self) -> str:
        return f"{self.name} (version {self.version})"


class Event(models.Model):
    """Something that happened in a workspace and that others may act on."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="events")
    type = models.CharField(max_length=60)
    subject = models.CharField(max_length=300)
    data = models.JSONField(default=dict)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created", "-pk"]
        indexes = [
            models.Index(fields=["workspace", "-created"], name="event_recent"),
            models.Index(fields=["workspace", "type", "-created"], name="event_by_type"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject}"


class AppendOnlyError(TypeError):
    """An audit entry is never changed or deleted."""


class AuditEntry(models.Model):
    """Who did what, when and from where; rows are only ever added."""

    workspace = models.ForeignKey(
        Workspace, models.SET_NULL, null=True, blank=True, related_name="audit_entries"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Kept beside the key, so that the entry still says who after the user is gone.
    actor_name = models.CharField(max_length=254, blank=True)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=300, blank=True)
    detail = models.JSONField(default=dict, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created", "-pk"]
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["workspace", "-created"], name="audit_recent")]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.target}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError("an audit entry cannot be changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError("an audit entry cannot be deleted")


class IdempotencyKey(models.Model):
    """The answer to a request that may be sent again; `status` is null while it is being made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request = models.CharField(max_length=512)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    response = models.JSONField(null=True, blank=True)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_per_key")]

    def __str__(self) -> str:
        return f"{self.request} {self.key}"


class LoginFailure(models.Model):
    """A failed sign-in, counted per e-mail and per address to slow down guessing."""

    bucket = models.CharField(max_length=64)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["bucket", "created"], name="login_failures")]

    def __str__(self) -> str:
        return f"{self.bucket} at {self.created}"
