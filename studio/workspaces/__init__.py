"""People, workspaces, roles, tokens, secrets, events and the audit log."""
