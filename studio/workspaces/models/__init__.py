"""Who is there and what each may touch: people, workspaces, roles, tokens, secrets, events, audit."""

from studio.workspaces.models.keys import (
    SECRET_NAME,
    ApiToken,
    Secret,
    ServiceAccount,
    digest_of,
)
from studio.workspaces.models.people import User, UserManager
from studio.workspaces.models.records import (
    AppendOnlyError,
    AuditEntry,
    Event,
    IdempotencyKey,
    LoginFailure,
)
from studio.workspaces.models.sharing import (
    WORKSPACE_NAME,
    Invitation,
    Membership,
    Role,
    SetupLink,
    Workspace,
)

__all__ = [
    "SECRET_NAME",
    "WORKSPACE_NAME",
    "ApiToken",
    "AppendOnlyError",
    "AuditEntry",
    "Event",
    "IdempotencyKey",
    "Invitation",
    "LoginFailure",
    "Membership",
    "Role",
    "Secret",
    "ServiceAccount",
    "SetupLink",
    "User",
    "UserManager",
    "Workspace",
    "digest_of",
]
