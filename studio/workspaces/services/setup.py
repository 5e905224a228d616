"""How the first administrator comes to be: a one-time link, or a command on the server."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from officina.errors import StudioError
from studio.workspaces import audit
from studio.workspaces.models import Membership, SetupLink, User, Workspace, digest_of
from studio.workspaces.operations import OWNER
from studio.workspaces.services.tokens import create_token
from studio.workspaces.services.users import check_email, create_user
from studio.workspaces.services.workspaces import create_workspace


def has_admin() -> bool:
    return User.objects.filter(is_superuser=True, is_active=True).exists()


def setup_link() -> str | None:
    """Return a fresh one-time path for the first administrator, or None when there is one.

    Links made at earlier starts stop working.
    """
    if has_admin():
        return None
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        SetupLink.objects.filter(used_at=None).delete()
        SetupLink.objects.create(token_hash=digest_of(secret))
    return f"/setup/{secret}/"


def setup_link_is_open(secret: str) -> bool:
    """Say whether the link still works."""
    found = SetupLink.objects.filter(token_hash=digest_of(secret), used_at=None)
    return found.exists() and not has_admin()


def create_first_admin(
    *,
    secret: str,
    email: str,
    password: str,
    display_name: str,
    workspace: str,
    ip: str | None = None,
) -> tuple[User, Workspace]:
    """Use the one-time link: make the administrator and the first workspace, or neither."""
    with transaction.atomic():
        claimed = SetupLink.objects.filter(token_hash=digest_of(secret), used_at=None).update(
            used_at=timezone.now()
        )
        if claimed != 1 or has_admin():
            raise StudioError(
                "This set-up link was used or has expired.",
                hint="Sign in, or restart the studio for a new link.",
                code="not_found",
            )
        user = create_user(
            email=email, password=password, display_name=display_name, is_superuser=True
        )
        made = create_workspace(name=workspace, user=user)
        audit.record(action="admin.create", actor=user, target=user.email, ip=ip)
    return user, made


def admin_init(*, email: str, workspace: str) -> dict[str, str]:
    """Make or find an administrator and a workspace; always returns a fresh token that works.

    Only for the server's own machine: it asks nobody. A user made here has no password until they set
    one, with the token.
    """
    email = email.strip().lower()
    with transaction.atomic():
        user = User.objects.filter(email__iexact=email).first()
        if user is None:
            check_email(email)
            user = User.objects.create_user(email, None)
        if not user.is_superuser or not user.is_active:
            user.is_superuser = user.is_active = True
            user.save(update_fields=["is_superuser", "is_active"])
        found = Workspace.objects.filter(name__iexact=workspace).first()
        if found is None:
            found = create_workspace(name=workspace, user=user)
        Membership.objects.get_or_create(workspace=found, user=user, defaults={"role": OWNER})
        _, token = create_token(user=user, name=f"admin init {timezone.now():%Y-%m-%d %H:%M}")
        audit.record(action="admin.init", actor=user, workspace=found, target=user.email)
    return {"url": settings.PUBLIC_URL, "token": token, "workspace": found.name}
