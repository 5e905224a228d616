"""Members: another role, and leaving."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from officina.errors import StudioError
from studio.workspaces import audit
from studio.workspaces.live import cut_off
from studio.workspaces.models import ApiToken, Invitation, Membership, User
from studio.workspaces.operations import OWNER
from studio.workspaces.services.roles import check_may_grant, find_role


def _check_not_last_owner(member: Membership) -> None:
    owners = Membership.objects.select_for_update().filter(
        workspace=member.workspace, role=OWNER, custom_role=None, user__is_active=True
    )
    if member.is_owner and not [
        other for other in owners.filter(user__is_service=False) if other.pk != member.pk
    ]:
        raise StudioError(
            "A workspace keeps at least one owner.",
            hint="Make someone else an owner first.",
            where="role",
            code="conflict",
        )


def _withdraw_links(member: Membership) -> None:
    """Close the links that a member made: who was taken out must not come back by one of them."""
    Invitation.objects.filter(
        workspace=member.workspace, created_by=member.user, used_at=None
    ).delete()


def change_role(*, member: Membership, actor: User, role: str, ip: str | None = None) -> Membership:
    """Give a member another role; open pages and sockets lose what it no longer allows at once."""
    name, custom, operations = find_role(member.workspace, role)
    check_may_grant(actor, member.workspace, operations | member.operations)
    with transaction.atomic():
        if name != OWNER:
            _check_not_last_owner(member)
        before, member.role, member.custom_role = member.role, name, custom
        member.save(update_fields=["role", "custom_role"])
        if "members.manage" not in operations:
            _withdraw_links(member)
        audit.record(
            action="member.role", actor=actor, workspace=member.workspace,
            target=member.user.email, detail={"from": before, "to": name}, ip=ip,
        )  # fmt: skip
    cut_off(member.user_id)
    return member


def remove_member(*, member: Membership, actor: User, ip: str | None = None) -> None:
    """Take a member out: their tokens for this workspace, sessions and sockets end at once."""
    user, workspace = member.user, member.workspace
    if actor.pk != user.pk:
        check_may_grant(actor, workspace, member.operations)
    with transaction.atomic():
        _check_not_last_owner(member)
        _withdraw_links(member)
        member.delete()
        ApiToken.objects.filter(user=user, workspace=workspace, revoked_at=None).update(
            revoked_at=timezone.now()
        )
        user.end_sessions()
        if user.is_service:
            user.is_active = False
            user.save(update_fields=["is_active"])
        audit.record(
            action="member.remove", actor=actor, workspace=workspace, target=user.email, ip=ip
        )
    cut_off(user.pk)
