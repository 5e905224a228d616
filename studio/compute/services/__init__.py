"""What one does with computes, nodes and quotas."""

from __future__ import annotations

from studio.compute.services.costs import hours_on
from studio.compute.services.nodes import (
    agent_command,
    beat_node,
    count_nodes,
    limits,
    list_nodes,
    memory_limit,
    node_name,
    queue_of,
    usage,
)
from studio.compute.services.quotas import set_quota
from studio.compute.services.scaling import settle
from studio.compute.services.targets import (
    ALIASES,
    check_use,
    create,
    create_local_compute,
    delete,
    environment_of,
    find,
    lacking,
    resolve,
    restart,
    slots_for,
    start,
    stop,
    update,
)

__all__ = [
    "ALIASES",
    "agent_command",
    "beat_node",
    "check_use",
    "count_nodes",
    "create",
    "create_local_compute",
    "delete",
    "environment_of",
    "find",
    "hours_on",
    "lacking",
    "limits",
    "list_nodes",
    "memory_limit",
    "node_name",
    "queue_of",
    "resolve",
    "restart",
    "set_quota",
    "settle",
    "slots_for",
    "start",
    "stop",
    "update",
    "usage",
]
