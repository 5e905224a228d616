"""The verbs of people and sharing: keyword-only functions, each the whole of one change."""

from studio.workspaces.services.people import (
    accept_invitation,
    change_password,
    change_role,
    create_role,
    create_user,
    create_workspace,
    delete_role,
    find_invitation,
    invite,
    on_workspace_created,
    remove_member,
    update_role,
    update_workspace,
    withdraw_invitation,
)
from studio.workspaces.services.setup import (
    admin_init,
    create_first_admin,
    setup_link,
    setup_link_is_open,
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
    "change_password",
    "change_role",
    "create_first_admin",
    "create_role",
    "create_run_token",
    "create_service_account",
    "create_token",
    "create_user",
    "create_workspace",
    "delete_role",
    "delete_secret",
    "delete_service_account",
    "find_invitation",
    "invite",
    "on_workspace_created",
    "read_secret",
    "remove_member",
    "revoke_token",
    "set_secret",
    "setup_link",
    "setup_link_is_open",
    "update_role",
    "update_workspace",
    "withdraw_invitation",
]
