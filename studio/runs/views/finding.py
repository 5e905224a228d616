"""What every view of one run starts with."""

from __future__ import annotations

from officina.errors import StudioError
from studio.runs.models import Run
from studio.workspaces.models import Workspace


def run_or_404(workspace: Workspace, guid: str) -> Run:
    """Return a run of the workspace; another workspace's run is not found."""
    rows = Run.objects.filter(workspace=workspace).select_related(
        "workspace", "experiment", "owner", "compute", "parent", "root", "reused_from"
    )
    run = rows.filter(guid=guid).first() or rows.filter(name=guid).first()
    if run is None:
        raise StudioError("There is no such run in this workspace.", where="run", code="not_found")
    return run


def api_url(run: Run, rest: str) -> str:
    """Return an address below the run in the API."""
    return f"/api/v1/workspaces/{run.workspace.name}/runs/{run.guid}/{rest}"
