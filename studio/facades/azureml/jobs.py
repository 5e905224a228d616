"""Jobs of every kind: put, get, list, cancel; the run behind each is what the rest of the studio sees."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest

from officina.errors import StudioError
from studio.automation import services as automation
from studio.automation.models import Firing
from studio.facades.azureml import importing, rendering, translating, wire
from studio.facades.azureml.models import SentJob
from studio.runs import services
from studio.runs.models import Experiment, Run, Status
from studio.runs.services.creating import NAME, label_run
from studio.workspaces import audit
from studio.workspaces.access import person
from studio.workspaces.models import Workspace

_GIT = {
    "mlflow.source.git.repoURL": "url",
    "mlflow.source.git.branch": "branch",
    "mlflow.source.git.commit": "commit",
}


# What is told of every run: fetched with it, so that a list costs as many queries as one.
TOLD = ("experiment", "owner", "compute", "workspace", "reused_from", "parent", "root", "sent_job")


def find(workspace: Workspace, name: str) -> Run:
    """Return a run by its name or guid."""
    rows = Run.objects.shown().filter(workspace=workspace).filter(Q(name=name) | Q(guid=name))
    run = rows.select_related(*TOLD).first()
    if run is None:
        raise StudioError(
            f"There is no job {name!r} in workspace {workspace.name}.", where="name",
            code="not_found",
        )  # fmt: skip
    return run


def shown(request: HttpRequest, run: Run) -> dict[str, Any]:
    """Return a job as ARM sends it."""
    properties = rendering.properties(run, studio=public_url(request))
    id_ = wire.resource_id(run.workspace, "jobs", run.name)
    return wire.envelope(id_, run.name, "jobs", properties, created=run.created, by=run.owner.name)


def public_url(request: HttpRequest) -> str:
    """Return where people see the studio: the client's own port may be another one."""
    return str(settings.PUBLIC_URL) or wire.base(request)


def get(request: HttpRequest, workspace: Workspace, name: str) -> dict[str, Any]:
    """Return a job."""
    return shown(request, find(workspace, name))


def listed(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """Return the workspace's jobs, newest first; of a parent when one is named."""
    rows: Any = Run.objects.shown().filter(workspace=workspace)
    rows = rows.listed(wire.shown(request))
    parent = request.GET.get("parentJobName")
    rows = rows.filter(parent=find(workspace, parent)) if parent else rows.filter(parent=None)
    if asset := request.GET.get("assetName"):
        # The imports that make an asset, which the client takes for pipelines.
        rows = rows.filter(pk__in=automation.imports_of(workspace, asset).values("pk"))
    elif kind := request.GET.get("jobType"):
        rows = rows.filter(kind__iexact=kind)
    if schedule := request.GET.get("scheduleId"):
        fired = Firing.objects.filter(schedule__workspace=workspace, schedule__name=schedule)
        rows = rows.filter(pk__in=fired.values("run"))
    if tag := request.GET.get("tag"):
        key, _, value = tag.partition("=")
        rows = rows.filter(labels__kind="tag", labels__key=key)
        rows = rows.filter(labels__value=value) if value else rows
    rows = rows.select_related(*TOLD).order_by("-created", "-pk")
    return wire.page(request, rows, lambda run: shown(request, run))


def put(request: HttpRequest, workspace: Workspace, name: str) -> Any:
    """Submit a job under the name that its client made, or change one that is there."""
    properties = wire.mapping(wire.body(request), "properties")
    translating.job_type(properties)
    if not NAME.match(name):
        raise StudioError(
            f"{name[:80]!r} cannot name a job.", where="name",
            hint="Use letters, digits, '.', '_' and '-'; up to 255.",
        )  # fmt: skip
    known = Run.objects.filter(workspace=workspace, name=name).first()
    if known is not None:
        run = find(workspace, name)
        refuse_another(run, properties)
        change(run, properties, user=person(request))
        return shown(request, run)
    given = (request, workspace, name, properties)
    if importing.is_import(properties):
        run = importing.start(*given)
    elif why := translating.why_not(properties):
        run = keep(*given, why)
    else:
        run = submit(*given)
    return 201, shown(request, find(workspace, run.name))


def refuse_another(run: Run, properties: dict[str, Any]) -> None:
    """Raise when a PUT would make another job of one that is there: only what is told of it changes."""
    known = rendering.properties(run, studio="")
    for key, of in (("jobType", str), ("command", str), ("jobs", sorted)):
        sent, has = properties.get(key), known.get(key)
        if sent and has and of(sent) != of(has):
            raise wire.conflict(
                f"There is a job {run.name} already, with another {key}.",
                "Choose another name. Of a job that is there its display name, description, tags "
                "and whether it is archived may change.",
            )


def submit(
    request: HttpRequest, workspace: Workspace, name: str, properties: dict[str, Any]
) -> Run:
    """Create the run of a command or pipeline job."""
    document = translating.document(workspace, properties)
    with transaction.atomic():
        run = services.create_run(
            workspace=workspace, user=person(request), document=document, name=name,
            git=_git(properties),
        )  # fmt: skip
        SentJob.objects.create(run=run, properties=properties)
    return run


def keep(
    request: HttpRequest, workspace: Workspace, name: str, properties: dict[str, Any], why: str
) -> Run:
    """Store a job that cannot run here yet, ended at once with the reason."""
    user = person(request)
    error = {"code": "unsupported", "message": why, "where": "jobType",
             "hint": "docs/azure.md lists what runs."}  # fmt: skip
    try:
        with transaction.atomic():
            experiment, _ = Experiment.objects.get_or_create(
                workspace=workspace, name=wire.text(properties, "experimentName") or "Default"
            )
            run = Run.objects.create(
                workspace=workspace, experiment=experiment, name=name, owner=user,
                kind=translating.job_type(properties).lower()[:16],
                display_name=wire.text(properties, "displayName")[:255],
                description=wire.text(properties, "description"),
                tags=wire.texts(properties, "tags"), document={**properties, "inputs": {}},
            )  # fmt: skip
            label_run(run)
            run.move(Status.NOT_STARTED, Status.FAILED, reason=why[:500], error=error)
            SentJob.objects.create(run=run, properties=properties)
            audit.record(
                workspace=workspace, actor=user, action="runs.submit", target=f"run/{run.guid}"
            )
    except IntegrityError:
        raise wire.conflict(f"There is a job {name} already.") from None
    return run


def change(run: Run, properties: dict[str, Any], *, user: Any) -> None:
    """Change what may change about a job: its texts, tags and whether it is archived."""
    changes: dict[str, Any] = {}
    if isinstance(properties.get("displayName"), str):
        changes["display_name"] = properties["displayName"][:255]
    if isinstance(properties.get("description"), str):
        changes["description"] = properties["description"]
    if isinstance(properties.get("tags"), dict):
        changes["tags"] = wire.texts(properties, "tags")
    changes = {key: value for key, value in changes.items() if value != getattr(run, key)}
    if changes:
        run.touch(**changes)
        if "tags" in changes:
            label_run(run)
    archived = properties.get("isArchived", properties.get("hidden"))
    if isinstance(archived, bool):
        verb = services.archive if archived else services.restore
        verb(run=run, user=user)


def cancel(request: HttpRequest, workspace: Workspace, name: str) -> Any:
    """Ask a job to end; one that has ended already stays as it is."""
    run = find(workspace, name)
    if not run.is_ended:
        services.cancel_run(run=run, user=request.user)
    where = wire.base(request) + request.path.rpartition("/")[0] + f"/cancelation/{run.guid}"
    return 202, None, {"Location": where, "Retry-After": "1"}


def cancelation(request: HttpRequest, workspace: Workspace, name: str, guid: str) -> Any:
    """Say whether a cancel was taken up: it is as soon as it was asked for."""
    find(workspace, name)
    return 200, None


def _git(properties: dict[str, Any]) -> dict[str, Any] | None:
    given = wire.texts(properties, "properties")
    found: dict[str, Any] = {to: given[key][:500] for key, to in _GIT.items() if given.get(key)}
    if not found.get("commit"):
        return None
    return {**found, "dirty": given.get("azureml.git.dirty", "").lower() == "true"}


_ONE = wire.WORKSPACE + "/jobs/(?P<name>[^/]+)"
urlpatterns = [
    wire.at(wire.WORKSPACE + "/jobs", GET=("runs.read", listed)),
    wire.at(_ONE, GET=("runs.read", get), PUT=("runs.submit", put)),
    wire.at(_ONE + "/cancel", POST=("runs.cancel", cancel)),
    wire.at(_ONE + "/cancelation/(?P<guid>[^/]+)", GET=("runs.read", cancelation)),
]
