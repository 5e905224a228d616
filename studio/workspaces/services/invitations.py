"""Invitations: a one-time link that carries a role, and what using it does."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from officina.errors import StudioError
from studio.workspaces import audit
from studio.workspaces.models import Invitation, Membership, User, Workspace, digest_of
from studio.workspaces.services.roles import check_may_grant, find_role
from studio.workspaces.services.users import check_email, create_user

INVITATION_DAYS = 7


def invite(
    *,
    workspace: Workspace,
    actor: User,
    role: str,
    email: str = "",
    days: int = INVITATION_DAYS,
    ip: str | None = None,
) -> tuple[Invitation, str]:
    """Make a one-time link that carries a role; returns it with its path, shown this once."""
    name, _, operations = find_role(workspace, role)
    check_may_grant(actor, workspace, operations)
    email = email.strip().lower()
    if email:
        check_email(email)
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        invitation = Invitation.objects.create(
            workspace=workspace,
            token_hash=digest_of(secret),
            role=name,
            email=email,
            created_by=actor,
            expires=timezone.now() + timedelta(days=min(max(days, 1), 90)),
        )
        audit.record(
            action="member.invite", actor=actor, workspace=workspace, target=email or "anyone",
            detail={"role": name}, ip=ip,
        )  # fmt: skip
    return invitation, f"/invite/{secret}/"


def find_invitation(secret: str) -> Invitation:
    """Return the open invitation behind a link, or say that it no longer works."""
    invitation = (
        Invitation.objects.select_related("workspace").filter(token_hash=digest_of(secret)).first()
    )
    if invitation is None or not invitation.is_open:
        raise StudioError(
            "This invitation was used, withdrawn or has expired.",
            hint="Ask for a new link.",
            code="not_found",
        )
    return invitation


def accept_invitation(*, secret: str, user: User, ip: str | None = None) -> Membership:
    """Join with the invitation's role; the link then no longer works."""
    invitation = find_invitation(secret)
    workspace = invitation.workspace
    if invitation.email and invitation.email != user.email:
        raise StudioError(
            f"This invitation is for {invitation.email}.",
            hint="Sign in with that address.",
            code="forbidden",
        )
    name, custom, _ = find_role(workspace, invitation.role)
    with transaction.atomic():
        open_ = Invitation.objects.filter(pk=invitation.pk, used_at=None)
        # A claim, not a check: two people with one link must not both get in.
        if open_.update(used_at=timezone.now(), used_by=user) != 1:
            raise StudioError("This invitation was just used.", code="not_found")
        member, made = Membership.objects.get_or_create(
            workspace=workspace, user=user, defaults={"role": name, "custom_role": custom}
        )
        audit.record(
            action="member.join", actor=user, workspace=workspace, target=user.email,
            detail={"role": member.role, "already_member": not made}, ip=ip,
        )  # fmt: skip
    return member


def join(
    *,
    secret: str,
    user: User | None,
    email: str = "",
    display_name: str = "",
    password: str = "",
    ip: str | None = None,
) -> Membership:
    """Accept an invitation, as a new person where nobody is signed in; both happen or neither."""
    with transaction.atomic():
        find_invitation(secret)
        if user is None:
            user = create_user(email=email, password=password, display_name=display_name)
        return accept_invitation(secret=secret, user=user, ip=ip)


def withdraw_invitation(*, invitation: Invitation, actor: User, ip: str | None = None) -> None:
    """Make an invitation's link stop working."""
    with transaction.atomic():
        audit.record(
            action="member.uninvite", actor=actor, workspace=invitation.workspace,
            target=invitation.email or "anyone", detail={"role": invitation.role}, ip=ip,
        )  # fmt: skip
        invitation.delete()
