"""The audit log: one row for every write and every secret read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.lib.inserting import insert
from studio.workspaces.models import AuditEntry, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.http import HttpRequest

    from studio.workspaces.models import Workspace


def record(
    *,
    action: str,
    actor: User | AnonymousUser | None,
    workspace: Workspace | None = None,
    target: str = "",
    detail: dict[str, Any] | None = None,
    ip: str | None = None,
) -> AuditEntry:
    """Add one entry; never put a secret into `target` or `detail`."""
    person = actor if isinstance(actor, User) else None
    entry = AuditEntry(
        action=action,
        actor=person,
        actor_name=_name(person),
        workspace=workspace,
        target=target[:300],
        detail=detail or {},
        ip=ip,
    )
    return insert(entry)


def _name(person: User | None) -> str:
    """Return who it was in words: the address of a service account tells nobody anything."""
    if person is None:
        return ""
    return f"{person.display_name} (service account)" if person.is_service else person.email


def ip_of(request: HttpRequest) -> str | None:
    """Return the peer's address; forwarded headers are not believed here, a proxy sets REMOTE_ADDR."""
    return request.META.get("REMOTE_ADDR") or None
