"""What the tests of people and sharing share."""

from __future__ import annotations

import pytest
from django.test import Client

PASSWORD = "correct horse battery"


@pytest.fixture
def browser() -> Client:
    """Return a client that checks CSRF as a browser meets it."""
    return Client(enforce_csrf_checks=True)
