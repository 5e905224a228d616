"""What happened: events, the audit log, answers kept for a repeated request, failed sign-ins."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from studio.workspaces.models.sharing import Workspace


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
