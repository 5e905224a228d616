"""What was found out about a token a moment ago, used again only while the database still says the same.

Clients send hundreds of small calls with one token. Asking for its user, membership and workspace in full each time
would cost more than the call; one plain statement tells whether anything about them has changed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from studio.workspaces.models import ApiToken, Membership, digest_of

# Everything that decides what a token may do: a difference in any of it means asking anew.
_STATE = """
SELECT t.revoked_at, t.expires, t.workspace_id, t.scope, u.is_active, u.email, m.id, m.role,
       m.custom_role_id, r.operations, w.id, w.name, w.settings
FROM workspaces_apitoken t
JOIN workspaces_user u ON u.id = t.user_id
JOIN workspaces_membership m ON m.user_id = u.id
JOIN workspaces_workspace w ON w.id = m.workspace_id
LEFT JOIN workspaces_role r ON r.id = m.custom_role_id
WHERE t.token_hash = %s AND w.id = %s
"""
# Asked anew after this long at the latest, which also notes that the token was used.
SECONDS = 30.0
MOST = 500


@dataclass(frozen=True)
class Known:
    token: ApiToken
    member: Membership
    state: tuple[Any, ...]
    until: float


_known: dict[tuple[str, str], Known] = {}


def _state(digest: str, workspace_id: int) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(_STATE, [digest, workspace_id])
        row = cursor.fetchone()
    return None if row is None else tuple(row)


def recall(secret: str, workspace: str) -> Known | None:
    """Return what is known of this token in this workspace, if it is still so."""
    digest = digest_of(secret)
    known = _known.get((digest, workspace))
    if known is None or known.until < time.monotonic():
        return None
    expires = known.token.expires
    if expires is not None and expires <= timezone.now():
        return None
    if _state(digest, known.member.workspace_id) != known.state:
        del _known[digest, workspace]
        return None
    return known


def remember(secret: str, workspace: str, token: ApiToken, member: Membership) -> None:
    """Keep what was found out, beside the state that it was found in."""
    digest = digest_of(secret)
    state = _state(digest, member.workspace_id)
    if state is None:
        return
    if len(_known) >= MOST:
        _known.clear()
    _known[digest, workspace] = Known(token, member, state, time.monotonic() + SECONDS)
