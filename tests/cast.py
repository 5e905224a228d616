"""What the tests of access need beside the cast fixture: tokens, and a client that carries one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from studio.workspaces.models import User, Workspace


def bearer(secret: str) -> APIClient:
    """Return a client that sends this token and has no session."""
    from rest_framework.test import APIClient

    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def token_of(user: User, **more: Any) -> str:
    """Return the secret of a fresh token of this user."""
    from studio.workspaces import services

    return services.create_token(user=user, name="test", **more)[1]


def run_token_of(user: User, workspace: Workspace, run: str) -> str:
    """Return the secret of a run's own token."""
    from studio.workspaces import services

    return services.create_run_token(user=user, run=run, workspace=workspace)[1]
