"""People of every role in a workspace, for tests in a browser; runs inside the studio (see `Studio.seed`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.workspaces.models import Workspace

ROLES = ("Owner", "Contributor", "Data Scientist", "Compute Operator", "Reader")
OUTSIDER = "Outsider"


def email_of(role: str) -> str:
    """Return the address of the person with a role; the outsider is a member of nothing."""
    return f"{role.replace(' ', '.').lower()}@example.org"


def sessions_of(workspace: Workspace) -> dict[str, str]:
    """Return a session by role, of people made at the first call and the studio's own first owner."""
    from django.test import Client

    from studio.workspaces.models import Membership, User

    sessions = {}
    for role in (*ROLES, OUTSIDER):
        email = email_of(role)
        user = User.objects.filter(email=email).first()
        user = user or User.objects.create_user(email, "correct horse battery")
        if role != OUTSIDER:
            defaults = {"role": role}
            Membership.objects.get_or_create(workspace=workspace, user=user, defaults=defaults)
        client = Client()
        client.force_login(user)
        sessions[role] = client.cookies["sessionid"].value
    return sessions
