"""API tokens, a run's own tokens and service accounts."""

from __future__ import annotations

import re
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from officina.errors import StudioError
from studio.workspaces import audit
from studio.workspaces.authentication import TOKEN_PREFIX
from studio.workspaces.live import cut_off
from studio.workspaces.models import (
    ApiToken,
    Membership,
    ServiceAccount,
    User,
    Workspace,
    digest_of,
)
from studio.workspaces.operations import RUN_TOKEN_OPERATIONS
from studio.workspaces.services.roles import check_may_grant, find_role

# The longest a run's token lives should nobody end it: it normally dies with the run.
# A run's end deletes its token; this is for what no end was ever written of, and longer than a training takes.
RUN_TOKEN_DAYS = 90


def create_token(
    *,
    user: User,
    name: str,
    workspace: Workspace | None = None,
    scope: dict[str, Any] | None = None,
    expires: datetime | None = None,
    actor: User | None = None,
    ip: str | None = None,
) -> tuple[ApiToken, str]:
    """Make a token that acts as the user; its secret is returned here once and never again."""
    name = name.strip()
    if not name or len(name) > 80:
        raise StudioError("A token needs a name of at most 80 characters.", where="name")
    if expires is not None and expires <= timezone.now():
        raise StudioError("The token would already have expired.", where="expires")
    token, secret = _make(
        user=user, name=name, workspace=workspace, scope=scope or {}, expires=expires
    )
    audit.record(
        action="token.create", actor=actor or user, workspace=workspace,
        target=f"{token.prefix} {name}", detail={"for": user.email}, ip=ip,
    )  # fmt: skip
    return token, secret


def create_run_token(
    *,
    user: User,
    run: uuid.UUID | str,
    workspace: Workspace,
    operations: tuple[str, ...] = RUN_TOKEN_OPERATIONS,
    lifetime: timedelta = timedelta(days=RUN_TOKEN_DAYS),
) -> tuple[ApiToken, str]:
    """Make a job's token: it acts as the run's owner on that run only; delete it at the end."""
    return _make(
        user=user,
        name=f"run {run}"[:80],
        workspace=workspace,
        scope={"run": str(run), "operations": list(operations)},
        expires=timezone.now() + lifetime,
    )


def _make(**columns: Any) -> tuple[ApiToken, str]:
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        token_hash=digest_of(secret), prefix=secret[: len(TOKEN_PREFIX) + 6], **columns
    )
    return token, secret


def revoke_token(*, token: ApiToken, actor: User, ip: str | None = None) -> None:
    """Make a token stop working from the next request on."""
    with transaction.atomic():
        changed = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(
            revoked_at=timezone.now()
        )
        if changed:
            audit.record(
                action="token.revoke", actor=actor, workspace=token.workspace,
                target=f"{token.prefix} {token.name}", ip=ip,
            )  # fmt: skip
    token.refresh_from_db()
    cut_off(token.user_id)


def create_service_account(
    *, workspace: Workspace, actor: User, name: str, role: str, ip: str | None = None
) -> ServiceAccount:
    """Make a principal for scripts, with a role; its tokens are made with `create_token`."""
    name = name.strip()
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}", name):
        raise StudioError(
            f'"{name}" cannot be a service account\'s name.',
            hint="Use letters, digits, dots and dashes.",
            where="name",
        )
    role_name, custom, operations = find_role(workspace, role)
    check_may_grant(actor, workspace, operations)
    try:
        with transaction.atomic():
            # A random part: the name may be used again after a deletion, the address never is.
            email = f"{uuid.uuid4().hex[:12]}@{workspace.guid.hex[:12]}.service.invalid"
            user = User.objects.create_user(email, display_name=name, is_service=True)
            account = ServiceAccount.objects.create(
                workspace=workspace, name=name, user=user, created_by=actor
            )
            Membership.objects.create(
                workspace=workspace, user=user, role=role_name, custom_role=custom
            )
            audit.record(
                action="serviceaccount.create", actor=actor, workspace=workspace, target=name,
                detail={"role": role_name}, ip=ip,
            )  # fmt: skip
    except IntegrityError:
        raise StudioError(
            f'There is already a service account "{name}".', where="name", code="conflict"
        ) from None
    return account


def create_account_token(
    *,
    account: ServiceAccount,
    actor: User,
    name: str,
    expires: datetime | None = None,
    ip: str | None = None,
) -> tuple[ApiToken, str]:
    """Make a service account's token; whoever makes it must hold what the account may do."""
    member = Membership.objects.select_related("custom_role").get(
        user=account.user, workspace=account.workspace
    )
    check_may_grant(actor, account.workspace, member.operations)
    return create_token(
        user=account.user,
        name=name,
        workspace=account.workspace,
        expires=expires,
        actor=actor,
        ip=ip,
    )


def delete_service_account(*, account: ServiceAccount, actor: User, ip: str | None = None) -> None:
    """Take a service account out; its user stays as the name on what it did."""
    user = account.user
    with transaction.atomic():
        Membership.objects.filter(user=user).delete()
        ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())
        User.objects.filter(pk=user.pk).update(is_active=False)
        audit.record(
            action="serviceaccount.delete", actor=actor, workspace=account.workspace,
            target=account.name, ip=ip,
        )  # fmt: skip
        account.delete()
    cut_off(user.pk)
