"""The named operations, and the built-in roles that hold them."""

from __future__ import annotations

OPERATIONS: dict[str, str] = {
    "workspace.read": "See the workspace and its events",
    "workspace.manage": "Change the workspace's settings",
    "members.read": "See who belongs to the workspace",
    "members.manage": "Invite and remove people, change roles, make custom roles",
    "tokens.own": "Make API tokens that act as oneself",
    "serviceaccounts.manage": "Make service accounts and their tokens",
    "secrets.list": "See the names of secrets",
    "secrets.write": "Set and delete secrets",
    "secrets.read": "Read a secret's value from a job",
    "audit.read": "Read the audit log",
    "experiments.read": "See experiments",
    "experiments.write": "Create, rename and archive experiments",
    "runs.read": "See runs, their logs, metrics and outputs",
    "runs.submit": "Submit jobs",
    "runs.cancel": "Cancel runs",
    "runs.edit": "Change a run's name, tags and notes",
    "runs.delete": "Delete runs",
    "compute.read": "See computes and the queue",
    "compute.manage": "Create, change and delete computes",
    "registry.read": "See data, models, environments and components",
    "registry.write": "Register assets",
    "registry.delete": "Archive and delete assets",
    "registry.approve": "Approve a model's move to a guarded stage",
    "designer.read": "Open pipelines in the designer",
    "designer.write": "Change pipelines in the designer",
}

ALL = frozenset(OPERATIONS)
_READS = frozenset(name for name in OPERATIONS if name.endswith((".read", ".list")))
_OWNERS_ONLY = frozenset({"workspace.manage", "members.manage", "serviceaccounts.manage"})

OWNER = "Owner"
CONTRIBUTOR = "Contributor"
DATA_SCIENTIST = "Data Scientist"
COMPUTE_OPERATOR = "Compute Operator"
READER = "Reader"

BUILT_IN_ROLES: dict[str, frozenset[str]] = {
    OWNER: ALL,
    CONTRIBUTOR: ALL - _OWNERS_ONLY,
    DATA_SCIENTIST: ALL - _OWNERS_ONLY - {"compute.manage"},
    COMPUTE_OPERATOR: frozenset(
        {
            "workspace.read",
            "members.read",
            "tokens.own",
            "compute.read",
            "compute.manage",
            "runs.read",
        }
    ),
    READER: (_READS - {"secrets.read", "audit.read"}) | {"tokens.own"},
}

# What a job's own token may do on its own run, and nothing else.
RUN_TOKEN_OPERATIONS = ("runs.read", "runs.edit", "registry.read", "registry.write", "secrets.read")
