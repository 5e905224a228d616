"""The first administrator, people and workspaces."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from officina.errors import StudioError
from studio.workspaces import audit
from studio.workspaces.models import (
    Membership,
    SetupLink,
    User,
    Workspace,
    digest_of,
    workspace_name_validator,
)
from studio.workspaces.operations import OWNER
from studio.workspaces.services.tokens import create_token

_on_created: list[Callable[[Workspace], None]] = []


def on_workspace_created(function: Callable[[Workspace], None]) -> Callable[[Workspace], None]:
    """Have a function give each new workspace what it needs, in the transaction that makes it."""
    _on_created.append(function)
    return function


def create_user(*, email: str, password: str, display_name: str = "") -> User:
    """Make a person who signs in with a password; a weak one is refused."""
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise StudioError(f"{email!r} is not an e-mail address.", where="email") from error
    if User.objects.filter(email__iexact=email).exists():
        raise StudioError(
            f"{email} has an account already.", where="email", hint="Sign in.", code="conflict"
        )
    try:
        validate_password(password, User(email=email, display_name=display_name))
    except ValidationError as error:
        raise StudioError(" ".join(error.messages), where="password") from error
    return User.objects.create_user(email, password, display_name=display_name)


@transaction.atomic
def create_workspace(
    *,
    user: User,
    name: str,
    display_name: str = "",
    subscription_id: str = "",
    resource_group: str = "",
    location: str = "",
    exist_ok: bool = False,
) -> tuple[Workspace, bool]:
    """Make a workspace with its owner; the second value is False when it was there already."""
    try:
        workspace_name_validator(name)
    except ValidationError as error:
        raise StudioError(error.messages[0], where="name") from error
    found = Workspace.objects.filter(name__iexact=name).first()
    if found is not None:
        if exist_ok and Workspace.objects.visible_to(user).filter(pk=found.pk).exists():
            return found, False
        raise StudioError(
            f"The workspace name {name!r} is taken.", where="name", code="conflict",
            hint="Choose another name.",
        )  # fmt: skip
    labels = {
        "display_name": display_name,
        "subscription_id": subscription_id,
        "resource_group": resource_group,
        "location": location,
    }
    workspace = Workspace.objects.create(name=name, **{k: v for k, v in labels.items() if v})
    Membership.objects.create(workspace=workspace, user=user, role=OWNER)
    for function in _on_created:
        function(workspace)
    audit.record(workspace=workspace, actor=user, action="workspace.create", target=name)
    return workspace, True


def setup_link() -> str | None:
    """Return the path of a fresh one-time link, or None when there is an administrator."""
    if User.objects.filter(is_superuser=True).exists():
        return None
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        # Only the newest link works, so an old console's scrollback opens nothing.
        SetupLink.objects.filter(used_at=None).delete()
        SetupLink.objects.create(token_hash=digest_of(secret))
    return f"/setup/{secret}/"


def open_setup_link(secret: str) -> SetupLink | None:
    """Return the link if it still opens."""
    if User.objects.filter(is_superuser=True).exists():
        return None
    return SetupLink.objects.filter(token_hash=digest_of(secret), used_at=None).first()


@transaction.atomic
def finish_setup(
    *, secret: str, email: str, password: str, display_name: str, workspace: str
) -> tuple[User, Workspace]:
    """Use the one-time link: make the first administrator and their workspace."""
    link = open_setup_link(secret)
    used = link and SetupLink.objects.filter(pk=link.pk, used_at=None).update(used_at=timezone.now())
    if not used:
        raise StudioError(
            "This link has been used or replaced.",
            hint="The console shows the newest one; `manage.py setup_link` makes another.",
            code="not_found",
        )
    user = create_user(email=email, password=password, display_name=display_name)
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    user.is_superuser = True
    made, _ = create_workspace(user=user, name=workspace)
    return user, made


@transaction.atomic
def admin_init(*, email: str, workspace: str) -> dict[str, str]:
    """Make or find the first administrator and a workspace; return url, token and workspace.

    For scripts on the server's machine: the user has no password until they set one.
    """
    email = email.strip().lower()
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        try:
            validate_email(email)
        except ValidationError as error:
            raise StudioError(f"{email!r} is not an e-mail address.", where="email") from error
        user = User.objects.create_user(email, None, is_superuser=True)
    found = Workspace.objects.filter(name__iexact=workspace).first()
    if found is None:
        found, _ = create_workspace(user=user, name=workspace)
    Membership.objects.get_or_create(workspace=found, user=user, defaults={"role": OWNER})
    _, secret = create_token(user=user, name="admin init")
    return {"url": settings.PUBLIC_URL, "token": secret, "workspace": found.name}


def profile(user: Any, *, display_name: str, theme: str) -> None:
    """Change what a person may change of themselves."""
    if theme not in User.Theme.values:
        raise StudioError(f"There is no theme {theme!r}.", where="theme")
    User.objects.filter(pk=user.pk).update(display_name=display_name[:120], theme=theme)
