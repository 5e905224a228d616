"""Keys that act for a person, a service account, or one run."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from officina.errors import StudioError
from studio.workspaces import audit
from studio.workspaces.authentication import TOKEN_PREFIX
from studio.workspaces.models import (
    ApiToken,
    Membership,
    ServiceAccount,
    User,
    Workspace,
    digest_of,
)
from studio.workspaces.operations import RUN_TOKEN_OPERATIONS

SHOWN = len(TOKEN_PREFIX) + 6
LONGEST_RUN = timedelta(days=30)


def create_token(
    *,
    user: User,
    name: str,
    workspace: Workspace | None = None,
    days: int | None = None,
    actor: User | None = None,
) -> tuple[ApiToken, str]:
    """Make a token; the secret is returned once and only its digest is kept."""
    if days is not None and not 1 <= days <= 3650:
        raise StudioError("A token lasts 1 to 3650 days, or for ever.", where="days")
    if not name.strip():
        raise StudioError("A token needs a name.", where="name")
    expires = timezone.now() + timedelta(days=days) if days else None
    with transaction.atomic():
        token, secret = _make(user, name.strip()[:80], workspace, {}, expires)
        audit.record(
            workspace=workspace, actor=actor or user, action="tokens.create", target=token.prefix
        )
    return token, secret


def create_run_token(*, user: User, run: str, workspace: Workspace) -> tuple[ApiToken, str]:
    """Make the token of one run: it opens that run alone and is deleted when the run ends."""
    scope = {"run": run, "operations": list(RUN_TOKEN_OPERATIONS)}
    return _make(user, f"run {run}", workspace, scope, timezone.now() + LONGEST_RUN)


def _make(
    user: User,
    name: str,
    workspace: Workspace | None,
    scope: dict[str, object],
    expires: object,
) -> tuple[ApiToken, str]:
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        token_hash=digest_of(secret),
        prefix=secret[:SHOWN],
        name=name,
        user=user,
        workspace=workspace,
        scope=scope,
        expires=expires,
    )
    return token, secret


def revoke_token(*, token: ApiToken, actor: User) -> None:
    """End a token at once."""
    with transaction.atomic():
        ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
        audit.record(
            workspace=token.workspace, actor=actor, action="tokens.revoke", target=token.prefix
        )


def create_service_account(
    *, workspace: Workspace, name: str, role: str, actor: User
) -> tuple[ServiceAccount, str]:
    """Make a principal for scripts, with a token that is shown once."""
    from studio.workspaces.services.members import membership_values

    if not name.strip():
        raise StudioError("A service account needs a name.", where="name")
    values = membership_values(workspace, role)
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                f"{secrets.token_hex(8)}@service.invalid", None, display_name=name, is_service=True
            )
            account = ServiceAccount.objects.create(
                workspace=workspace, name=name.strip()[:60], user=user, created_by=actor
            )
            Membership.objects.create(workspace=workspace, user=user, **values)
            _, secret = create_token(user=user, name=name, workspace=workspace, actor=actor)
    except IntegrityError as error:
        raise StudioError(
            f"There is a service account {name!r} already.", where="name", code="conflict"
        ) from error
    return account, secret


def delete_service_account(*, account: ServiceAccount, actor: User) -> None:
    """End a service account; its runs stay and keep its name."""
    with transaction.atomic():
        user = account.user
        ApiToken.objects.filter(user=user).update(revoked_at=timezone.now())
        Membership.objects.filter(user=user).delete()
        audit.record(
            workspace=account.workspace, actor=actor, action="serviceaccounts.delete",
            target=account.name,
        )  # fmt: skip
        account.delete()
        User.objects.filter(pk=user.pk).update(is_active=False)
