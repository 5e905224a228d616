"""Who belongs to a workspace, and as what."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from officina.errors import StudioError
from studio.workspaces import audit
from studio.workspaces.models import (
    ApiToken,
    Invitation,
    Membership,
    Role,
    User,
    Workspace,
    digest_of,
)
from studio.workspaces.operations import BUILT_IN_ROLES, OPERATIONS, OWNER

INVITATION_DAYS = 7


def known_roles(workspace: Workspace) -> list[str]:
    """Return the names of the roles that can be given in a workspace."""
    own = Role.objects.filter(workspace=workspace).order_by("name")
    return [*BUILT_IN_ROLES, *own.values_list("name", flat=True)]


def membership_values(workspace: Workspace, role: str) -> dict[str, Any]:
    """Return the columns that give a role, built-in or the workspace's own."""
    if role in BUILT_IN_ROLES:
        return {"role": role, "custom_role": None}
    custom = Role.objects.filter(workspace=workspace, name=role).first()
    if custom is None:
        raise StudioError(
            f"There is no role {role!r}.", where="role",
            hint=f"Known: {', '.join(known_roles(workspace))}.",
        )  # fmt: skip
    return {"role": custom.name, "custom_role": custom}


def create_custom_role(
    *, workspace: Workspace, name: str, operations: list[str], actor: User
) -> Role:
    """Make a role from named operations."""
    unknown = sorted(set(operations) - OPERATIONS.keys())
    if unknown:
        raise StudioError(f"There is no operation {unknown[0]!r}.", where="operations")
    if not name.strip() or not operations:
        raise StudioError("A role needs a name and at least one operation.", where="name")
    if name.strip() in known_roles(workspace):
        raise StudioError(f"There is a role {name!r} already.", where="name", code="conflict")
    with transaction.atomic():
        role = Role.objects.create(
            workspace=workspace, name=name.strip()[:60], operations=sorted(set(operations))
        )
        audit.record(workspace=workspace, actor=actor, action="roles.create", target=role.name)
    return role


def invite(
    *, workspace: Workspace, role: str, actor: User, email: str = ""
) -> tuple[Invitation, str]:
    """Make a link that lets one person join with a role; returns its path, shown once."""
    membership_values(workspace, role)
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        invitation = Invitation.objects.create(
            workspace=workspace,
            token_hash=digest_of(secret),
            role=role,
            email=email.strip().lower(),
            created_by=actor,
            expires=timezone.now() + timedelta(days=INVITATION_DAYS),
        )
        audit.record(
            workspace=workspace, actor=actor, action="members.invite", target=email or "link",
            detail={"role": role},
        )  # fmt: skip
    return invitation, f"/invite/{secret}/"


def open_invitation(secret: str) -> Invitation:
    """Return an invitation that still opens."""
    row = Invitation.objects.filter(token_hash=digest_of(secret)).select_related("workspace").first()
    if row is None or not row.is_open:
        raise StudioError(
            "This invitation has been used, withdrawn or is over.",
            hint="Ask for another one.", code="not_found",
        )  # fmt: skip
    return row


@transaction.atomic
def accept_invitation(*, secret: str, user: User) -> Workspace:
    """Join the workspace with the role that the link carries; the link opens once."""
    row = open_invitation(secret)
    if row.email and row.email != user.email.lower():
        raise StudioError(
            "This invitation is for another e-mail address.", code="forbidden",
            hint="Sign in with the address that was invited.",
        )  # fmt: skip
    taken = Invitation.objects.filter(pk=row.pk, used_at=None).update(
        used_at=timezone.now(), used_by=user
    )
    if not taken:
        raise StudioError("This invitation has been used.", code="not_found")
    Membership.objects.get_or_create(
        workspace=row.workspace, user=user, defaults=membership_values(row.workspace, row.role)
    )
    audit.record(
        workspace=row.workspace, actor=user, action="members.join", target=user.email,
        detail={"role": row.role},
    )  # fmt: skip
    return row.workspace


@transaction.atomic
def change_role(*, membership: Membership, role: str, actor: User) -> None:
    """Give a member another role; the last owner stays one."""
    if role != OWNER:
        _keep_an_owner(membership)
    for name, value in membership_values(membership.workspace, role).items():
        setattr(membership, name, value)
    membership.save(update_fields=["role", "custom_role"])
    membership.user.end_sessions()
    audit.record(
        workspace=membership.workspace, actor=actor, action="members.role",
        target=membership.user.email, detail={"role": role},
    )  # fmt: skip


@transaction.atomic
def remove_member(*, membership: Membership, actor: User) -> None:
    """Take a member out: sessions end, and tokens made for this workspace stop."""
    _keep_an_owner(membership)
    ApiToken.objects.filter(user=membership.user, workspace=membership.workspace).update(
        revoked_at=timezone.now()
    )
    membership.user.end_sessions()
    membership.delete()
    audit.record(
        workspace=membership.workspace, actor=actor, action="members.remove",
        target=membership.user.email,
    )  # fmt: skip


def _keep_an_owner(membership: Membership) -> None:
    owners = Membership.objects.select_for_update().filter(
        workspace=membership.workspace, role=OWNER, user__is_active=True
    )
    if membership.role == OWNER and owners.count() <= 1:
        raise StudioError(
            "A workspace keeps at least one owner.", code="conflict",
            hint="Make somebody else an owner first.",
        )  # fmt: skip
