"""Building an environment ahead of its first use, as a job whose log is the build's."""

from __future__ import annotations

from typing import Any

from studio.runs.models import ENDED, Run
from studio.runs.services.creating import create_run
from studio.workspaces.models import Workspace

EXPERIMENT = "environment-builds"
TAG = "environment"
# What the finished environment says of itself ends the log.
_LIST = (
    "import importlib.metadata as m; "
    "print(*sorted(d.name + '==' + d.version for d in m.distributions()), sep='\\n')"
)


def build_environment(
    *, workspace: Workspace, user: Any, environment: Any, reference: str, compute: str = ""
) -> Run:
    """Submit the build of an environment on a compute; `reference` is what people call it."""
    document = {
        "jobType": "Command",
        "displayName": f"Build {reference}",
        "experimentName": EXPERIMENT,
        "description": f"Builds the environment {reference} and lists what it holds.",
        "environmentId": environment,
        "command": f'python -c "{_LIST}"',
        "inputs": {},
        "outputs": {},
        "tags": {TAG: reference},
    }
    if compute:
        document["computeId"] = compute
    return create_run(workspace=workspace, user=user, document=document)


def builds_of(workspace: Workspace, reference: str) -> Any:
    """Return the builds of an environment, newest first."""
    rows = Run.objects.filter(
        workspace=workspace, experiment__name=EXPERIMENT, labels__kind="tag",
        labels__key=TAG, labels__value=reference,
    )  # fmt: skip
    return rows.order_by("-created")


def builds_now(workspace: Workspace) -> list[Run]:
    """Return the builds that wait or go on."""
    rows = Run.objects.filter(workspace=workspace, experiment__name=EXPERIMENT)
    return list(rows.exclude(status__in=ENDED).defer("document").order_by("-created")[:20])
