"""Signed tokens for blob addresses: short-lived, for one container (or one path) and one purpose.

They look like Azure's SAS and carry our own signature in `sig`. Each use looks up the API token and
the membership again, so what is revoked ends at once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from django.core import signing
from django.http import HttpRequest

from officina.errors import StudioError
from studio.workspaces.access import check_run_scope, workspace_for
from studio.workspaces.authentication import bad_token
from studio.workspaces.models import ApiToken, User, Workspace

LIFETIME = 2 * 3600
READ, WRITE = "rl", "racwl"
_SALT = "studio.facades.azureml.sas"
# What a blob write must still be allowed to do when it happens.
READING = "registry.read"


@dataclass(frozen=True)
class Grant:
    """What a signature allows: a container of a workspace, one path of it when `path` is given."""

    workspace: Workspace
    container: str
    user: User
    may_write: bool
    path: str = ""


def sign(
    request: HttpRequest,
    workspace: Workspace,
    container: str,
    *,
    operation: str = "",
    path: str = "",
) -> str:
    """Return the query of a signed address; with `operation`, which is asked at each write, it may write."""
    token: Any = getattr(request, "auth", None)
    ends = int(time.time()) + LIFETIME
    facts = {
        "w": workspace.pk,
        "c": container,
        "p": path,
        "o": operation,
        "u": request.user.pk,
        "t": token.pk if isinstance(token, ApiToken) else None,
        "x": ends,
    }
    until = datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    kind = "b" if path else "c"
    rights = WRITE if operation else READ
    signature = quote(signing.dumps(facts, salt=_SALT), safe="")
    return f"sv=2021-08-06&sr={kind}&sp={rights}&se={quote(until, safe='')}&sig={signature}"


def check(signature: str, *, account: str, container: str, path: str, write: bool) -> Grant:
    """Return what a signature allows here; raise when it does not fit, has ended or was revoked."""
    try:
        facts = signing.loads(signature, salt=_SALT)
    except signing.BadSignature:
        raise refused("The address is not signed by this studio.") from None
    if facts["x"] <= time.time():
        raise refused("The signature has ended.")
    workspace = Workspace.objects.filter(pk=facts["w"]).first()
    if workspace is None or workspace.guid.hex != account or facts["c"] != container:
        raise refused("The signature is for another container.")
    if facts["p"] and facts["p"] != path:
        raise refused("The signature is for another file.")
    if write and not facts["o"]:
        raise refused("The signature does not allow writing.")
    user = _user(facts, facts["o"] if write else "", workspace)
    return Grant(workspace, container, user, bool(facts["o"]), facts["p"])


def _user(facts: dict[str, Any], operation: str, workspace: Workspace) -> User:
    auth: ApiToken | None = None
    if facts["t"] is not None:
        auth = ApiToken.objects.live().select_related("user").filter(pk=facts["t"]).first()
        if auth is None:
            raise bad_token()
    user = User.objects.filter(pk=facts["u"], is_active=True).first()
    if user is None:
        raise bad_token()
    member = workspace_for(user, workspace.name, "workspace.read", auth)
    if operation and operation not in member.operations:
        raise refused(f"You no longer hold the operation {operation}.")
    check_run_scope(auth, READING, None)
    return user


def refused(message: str) -> StudioError:
    """Return the error for an address that its signature does not open."""
    return StudioError(
        message,
        hint="Ask for the datastore's secrets again; a signature lives for two hours.",
        where="sig",
        code="forbidden",
    )
