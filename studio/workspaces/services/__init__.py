"""What one does with workspaces and the people, keys and secrets in them."""

from __future__ import annotations

from studio.workspaces.services.creation import (
    admin_init,
    create_user,
    create_workspace,
    finish_setup,
    on_workspace_created,
    setup_link,
)
from studio.workspaces.services.members import (
    accept_invitation,
    change_role,
    create_custom_role,
    invite,
    known_roles,
    remove_member,
)
from studio.workspaces.services.tokens import (
    create_run_token,
    create_service_account,
    create_token,
    delete_service_account,
    revoke_token,
)
from studio.workspaces.services.vault import delete_secret, read_secret, set_secret

__all__ = [
    "accept_invitation",
    "admin_init",
    "change_role",
    "create_custom_role",
    "create_run_token",
    "create_service_account",
    "create_token",
    "create_user",
    "create_workspace",
    "delete_secret",
    "delete_service_account",
    "finish_setup",
    "invite",
    "known_roles",
    "on_workspace_created",
    "read_secret",
    "remove_member",
    "revoke_token",
    "set_secret",
    "setup_link",
]
