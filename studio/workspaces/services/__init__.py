"""The verbs of people and sharing: keyword-only functions, each the whole of one change."""

from studio.workspaces.services.invitations import (
    accept_invitation,
    find_invitation,
    invite,
    join,
    withdraw_invitation,
)
from studio.workspaces.services.members import change_role, remove_member
from studio.workspaces.services.roles import create_role, delete_role, update_role
from studio.workspaces.services.setup import (
    admin_init,
    create_first_admin,
    setup_link,
    setup_link_is_open,
)
from studio.workspaces.services.tokens import (
    create_account_token,
    create_run_token,
    create_service_account,
    create_token,
    delete_service_account,
    revoke_token,
)
from studio.workspaces.services.users import change_password, create_user
from studio.workspaces.services.vault import delete_secret, read_secret, set_secret
from studio.workspaces.services.workspaces import (
    change_settings,
    create_workspace,
    on_workspace_created,
    update_workspace,
)

__all__ = [
    "accept_invitation",
    "admin_init",
    "change_password",
    "change_role",
    "change_settings",
    "create_account_token",
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
    "join",
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
