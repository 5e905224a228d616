"""Roles: the built-in ones, those of a workspace, and who may give which."""

from __future__ import annotations

import re

from django.db import IntegrityError, transaction

from officina.errors import StudioError
from studio.workspaces import audit
from studio.workspaces.live import cut_off
from studio.workspaces.models import Invitation, Membership, Role, User, Workspace
from studio.workspaces.operations import BUILT_IN_ROLES, OPERATIONS


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
