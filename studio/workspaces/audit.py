"""The audit log: one row for every write and every secret read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.workspaces.models import AuditEntry

if TYPE_CHECKING:
    from django.http import HttpRequest

    from studio.workspaces.models import User, Workspace


def record(
    *,
    action: str,
    actor: User | None,
    workspace: Workspace | None = None,
    target: str = "",
    detail: dict[str, Any] | None = None,
    ip: str | None = None,
) -> AuditEntry:
    """Add one entry; never put a secret into `target` or `detail`."""
    return AuditEntry.objects.create(
        action=action,
        actor=actor,
        actor_name=(actor.email if actor is not None else ""),
        workspace=workspace,
        target=target[:300],
        detail=detail or {},
        ip=ip,
    )


def ip_of(request: HttpRequest) -> str | None:
    """Return the peer's address; forwarded headers are not believed here, a proxy sets REMOTE_ADDR."""
    return request.META.get("REMOTE_ADDR") or None
