"""Signing in with e-mail and password, slowed down against guessing."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import check_password, make_password
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from officina.errors import StudioError
from studio.workspaces import audit
from studio.workspaces.models import LoginFailure, User

if TYPE_CHECKING:
    from django.http import HttpRequest

WINDOW = timedelta(minutes=15)
MOST_PER_EMAIL = 10
MOST_PER_ADDRESS = 50

_decoy: list[str] = []


def check_login(*, email: str, password: str, ip: str | None) -> User:
    """Return the person with this e-mail and password; every failure looks and takes the same."""
    email = email.strip().lower()[:254]
    buckets = [(_bucket(f"{email}|{ip}"), MOST_PER_EMAIL), (_bucket(f"ip|{ip}"), MOST_PER_ADDRESS)]
    since = timezone.now() - WINDOW
    for bucket, most in buckets:
        if LoginFailure.objects.filter(bucket=bucket, created__gt=since).count() >= most:
            raise StudioError(
                "Too many failed sign-ins.",
                hint=f"Wait {int(WINDOW.total_seconds() // 60)} minutes and try again.",
                code="rate_limited",
            )
    user = User.objects.filter(email__iexact=email).first()
    # The hash is computed also for an unknown e-mail, so that the time tells nothing.
    stored = user.password if user is not None and user.has_usable_password() else _decoy_hash()
    right = check_password(password, stored)
    if user is None or not right or not user.is_active or user.is_service:
        LoginFailure.objects.filter(created__lt=since).delete()
        LoginFailure.objects.bulk_create([LoginFailure(bucket=name) for name, _ in buckets])
        # An e-mail that nobody has may be a password typed into the wrong field: it is not kept.
        audit.record(action="login.failed", actor=user, ip=ip)
        raise StudioError(
            "The e-mail or the password is not right.",
            hint="Check both; capital letters count in the password.",
            code="unauthenticated",
        )
    LoginFailure.objects.filter(bucket=buckets[0][0]).delete()
    return user


def _bucket(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _decoy_hash() -> str:
    if not _decoy:
        _decoy.append(make_password("nobody has this password"))
    return _decoy[0]


def safe_next(request: HttpRequest, default: str = "/") -> str:
    """Return where to go after signing in: `next` if it stays on this site, else the default."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    fits = target.startswith("/") and target.isprintable() and "\\" not in target
    if fits and url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        return target
    return default
