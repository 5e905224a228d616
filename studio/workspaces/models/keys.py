"""Keys: service accounts, tokens and what the key vault holds."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from studio.workspaces.models.sharing import Workspace

if TYPE_CHECKING:
    from datetime import datetime

# Azure's key vault takes letters, digits and dashes; underscores are common in environment names.
SECRET_NAME = r"^[a-zA-Z][a-zA-Z0-9_-]{0,126}$"  # noqa: S105 - a pattern, not a password


def digest_of(secret: str) -> str:
    """Return what is stored of a random 256-bit secret; such a secret needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


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
