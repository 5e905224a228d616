"""What follows when a run ends that a schedule started or that checked data."""

from __future__ import annotations

from studio.automation.services import firing
from studio.runs.models import Run
from studio.workspaces import events
from studio.workspaces.models import Event


@events.listen(events.RUN_STATUS_CHANGED)
def tell_of_failures(event: Event) -> None:
    """Say that a schedule's run failed, and that data does not meet its rules."""
    status = event.data.get("status")
    if status not in ("Failed", "Completed") or event.data.get("step"):
        return  # a pipeline's steps, maybe a thousand, are not what a schedule starts
    guid = event.subject.removeprefix("run/")
    run = Run.objects.filter(guid=guid, parent=None).select_related("workspace").first()
    if run is None:
        return
    if status == "Failed":
        firing.tell_of_run(run)
    if run.tags.get("quality") == "failed":
        name = run.tags.get("checks") or run.tags.get("import") or run.name
        events.emit(run.workspace, events.DATA_QUALITY_FAILED, f"data/{name}", {"run": run.guid})
