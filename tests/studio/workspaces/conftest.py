"""What the tests of people and sharing share."""

from __future__ import annotations

import pytest
from django.test import Client

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def fast_hashes(settings: object) -> None:
    """Hash passwords fast: what is tested is not Argon2."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # type: ignore[attr-defined]


@pytest.fixture
def browser() -> Client:
    """Return a client that checks CSRF as a browser meets it."""
    return Client(enforce_csrf_checks=True)
