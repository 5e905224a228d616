"""Users, workspaces, members, roles and invitations."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone

from officina.errors import StudioError
from studio.workspaces import audit
from studio.workspaces.live import cut_off
from studio.workspaces.models import (
    WORKSPACE_NAME,
    ApiToken,
    Invitation,
    Membership,
    Role,
    User,
    Workspace,
    digest_of,
)
from studio.workspaces.operations import BUILT_IN_ROLES, OPERATIONS, OWNER

if TYPE_CHECKING:
    from collections.abc import Callable

INVITATION_DAYS = 7

_on_created: list[Callable[[Workspace], object]] = []


def on_workspace_created(function: Callable[[Workspace], object]) -> Callable[[Workspace], object]:
    """Register a function that gives each new workspace its defaults; called in its transaction."""
    if function not in _on_created:
        _on_created.append(function)
    return function


def create_user(*, email: str, password: str, display_name: str = "", **extra: Any) -> User:
    """Make a person who can sign in; refuses a bad e-mail, a taken one and a weak password."""
    email = email.strip().lower()
    check_email(email)
    check_password(password, User(email=email, display_name=display_name))
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password, display_name=display_name, **extra)
    except IntegrityError:
        raise StudioError(
            f"There is already a user with the e-mail {email}.",
            hint="Sign in with it, or use another address.",
            where="email",
            code="conflict",
        ) from None


def check_email(email: str) -> None:
    """Refuse what is not an e-mail address."""
    try:
        validate_email(email)
    except ValidationError:
        raise StudioError(
            f'"{email}" is not an e-mail address.', hint="Write it as name@host.", where="email"
        ) from None


def check_password(password: str, user: User) -> None:
    """Refuse a password that is blank, short, common or like the user's name."""
    if not password.strip():
        raise StudioError("The password is empty.", hint="Choose one.", where="password")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise StudioError(
            " ".join(error.messages), hint="Choose a longer or less common one.", where="password"
        ) from None


def change_password(*, user: User, old: str, new: str) -> None:
    """Set a new password, which ends every session of the user; the old one is asked if there is one."""
    if user.has_usable_password() and not user.check_password(old):
        raise StudioError("The current password is not right.", where="old_password")
    check_password(new, user)
    with transaction.atomic():
        user.set_password(new)
        user.save(update_fields=["password"])
        audit.record(action="password.change", actor=user, target=user.email)
    cut_off(user.pk)


def create_workspace(
    *,
    name: str,
    user: User,
    display_name: str = "",
    exist_ok: bool = False,
    subscription_id: str = "",
    resource_group: str = "",
    location: str = "",
) -> Workspace:
    """Make a workspace owned by this user; with `exist_ok` return one that the user already owns."""
    if not re.fullmatch(WORKSPACE_NAME, name):
        raise StudioError(
            f'"{name}" cannot be a workspace name.',
            hint="Use 2 to 33 letters, digits, dashes or underscores, with a letter or digit first.",
            where="name",
        )
    given = {
        "subscription_id": subscription_id,
        "resource_group": resource_group,
        "location": location,
    }
    try:
        with transaction.atomic():
            workspace = Workspace.objects.create(
                name=name,
                display_name=display_name,
                **{key: value for key, value in given.items() if value},
            )
            Membership.objects.create(workspace=workspace, user=user, role=OWNER)
            audit.record(
                action="workspace.create", actor=user, workspace=workspace, target=workspace.name
            )
            for function in _on_created:
                function(workspace)
    except IntegrityError:
        mine = Membership.objects.filter(user=user, workspace__name__iexact=name, role=OWNER)
        found = mine.select_related("workspace").first()
        if found is None or not exist_ok:
            raise StudioError(
                f'There is already a workspace "{name}".',
                hint="Choose another name.",
                where="name",
                code="conflict",
            ) from None
        return found.workspace
    return workspace


def update_workspace(
    *, workspace: Workspace, actor: User, ip: str | None = None, isolated: bool | None = None,
    **changes: str,
) -> Workspace:  # fmt: skip
    """Change the labels of a workspace (display_name, resource group and so on), or isolate its jobs."""
    fields = {"display_name", "description", "subscription_id", "resource_group", "location"}
    unknown = set(changes) - fields
    if unknown:
        raise StudioError(f"{', '.join(sorted(unknown))} cannot be changed.", where="settings")
    for key, value in changes.items():
        setattr(workspace, key, value)
    try:
        workspace.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        where, texts = next(iter(error.message_dict.items()))
        raise StudioError(texts[0], where=where) from None
    if isolated is not None and isolated != workspace.isolated:
        workspace.settings = {**(workspace.settings or {}), "isolated": isolated}
        _note_isolation(workspace, actor, ip)
    with transaction.atomic():
        workspace.save(update_fields=[*sorted(changes), "settings"])
        audit.record(
            action="workspace.update",
            actor=actor,
            workspace=workspace,
            target=workspace.name,
            detail={"fields": sorted(changes)},
            ip=ip,
        )
    return workspace


def _note_isolation(workspace: Workspace, actor: User, ip: str | None) -> None:
    audit.record(
        action="workspace.isolate" if workspace.isolated else "workspace.open", actor=actor,
        workspace=workspace, target=workspace.name, ip=ip,
    )  # fmt: skip


def find_role(workspace: Workspace, name: str) -> tuple[str, Role | None, frozenset[str]]:
    """Return a role's exact name, its row if it is a custom one, and its operations."""
    for built_in, operations in BUILT_IN_ROLES.items():
        if built_in.lower() == name.strip().lower():
            return built_in, None, operations
    custom = Role.objects.filter(workspace=workspace, name__iexact=name.strip()).first()
    if custom is not None:
        return custom.name, custom, frozenset(custom.operations)
    known = [*BUILT_IN_ROLES, *workspace.custom_roles.values_list("name", flat=True)]
    raise StudioError(
        f'There is no role "{name}".', hint=f"Roles: {', '.join(known)}.", where="role"
    )


def check_may_grant(actor: User, workspace: Workspace, operations: frozenset[str]) -> None:
    """Nobody gives away more than they hold, or members.manage would be as good as Owner."""
    member = (
        Membership.objects.select_related("custom_role")
        .filter(workspace=workspace, user=actor)
        .first()
    )
    lacking = operations - (member.operations if member else frozenset())
    if lacking:
        raise StudioError(
            "You cannot give a role that may do more than yours.",
            hint=f"Yours lacks {', '.join(sorted(lacking))}.",
            where="role",
            code="forbidden",
        )


def _clean_operations(operations: list[str]) -> list[str]:
    unknown = sorted(set(operations) - set(OPERATIONS))
    if unknown:
        raise StudioError(
            f"There is no operation {', '.join(unknown)}.",
            hint=f"Operations: {', '.join(OPERATIONS)}.",
            where="operations",
        )
    if not operations:
        raise StudioError("A role needs at least one operation.", where="operations")
    return [name for name in OPERATIONS if name in set(operations)]


def create_role(
    *,
    workspace: Workspace,
    actor: User,
    name: str,
    operations: list[str],
    ip: str | None = None,
) -> Role:
    """Make a custom role from named operations."""
    name = name.strip()
    if not re.fullmatch(r"[\w][\w .-]{0,59}", name):
        raise StudioError(
            f'"{name}" cannot be a role name.', hint="Use letters, digits and spaces.", where="name"
        )
    chosen = _clean_operations(operations)
    check_may_grant(actor, workspace, frozenset(chosen))
    taken = name.lower() in {known.lower() for known in BUILT_IN_ROLES}
    try:
        with transaction.atomic():
            if taken:
                raise IntegrityError
            role = Role.objects.create(workspace=workspace, name=name, operations=chosen)
            audit.record(
                action="role.create", actor=actor, workspace=workspace, target=name,
                detail={"operations": chosen}, ip=ip,
            )  # fmt: skip
    except IntegrityError:
        raise StudioError(
            f'There is already a role "{name}".', where="name", code="conflict"
        ) from None
    return role


def update_role(*, role: Role, actor: User, operations: list[str], ip: str | None = None) -> Role:
    """Give a custom role other operations; its members have them at once."""
    chosen = _clean_operations(operations)
    check_may_grant(actor, role.workspace, frozenset(chosen))
    with transaction.atomic():
        role.operations = chosen
        role.save(update_fields=["operations"])
        audit.record(
            action="role.update", actor=actor, workspace=role.workspace, target=role.name,
            detail={"operations": chosen}, ip=ip,
        )  # fmt: skip
    for user_id in role.members.values_list("user_id", flat=True):
        cut_off(user_id)
    return role


def delete_role(*, role: Role, actor: User, ip: str | None = None) -> None:
    """Delete a custom role that nobody holds."""
    if role.members.exists():
        raise StudioError(
            f'Somebody still holds the role "{role.name}".',
            hint="Give its members another role first.",
            code="conflict",
        )
    with transaction.atomic():
        Invitation.objects.filter(workspace=role.workspace, role=role.name, used_at=None).delete()
        audit.record(
            action="role.delete", actor=actor, workspace=role.workspace, target=role.name, ip=ip
        )
        role.delete()


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


def change_role(*, member: Membership, actor: User, role: str, ip: str | None = None) -> Membership:
    """Give a member another role; open pages and sockets lose what it no longer allows at once."""
    name, custom, operations = find_role(member.workspace, role)
    check_may_grant(actor, member.workspace, operations | member.operations)
    with transaction.atomic():
        if name != OWNER:
            _check_not_last_owner(member)
        before, member.role, member.custom_role = member.role, name, custom
        member.save(update_fields=["role", "custom_role"])
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
