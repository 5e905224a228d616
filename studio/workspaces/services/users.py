"""Who can sign in: their e-mail, name and password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from officina.errors import StudioError
from studio.workspaces import audit
from studio.workspaces.live import cut_off
from studio.workspaces.models import User


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
