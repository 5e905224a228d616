"""What the command palette finds: everything of a workspace that has a name and that the person may see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.db.models import Q
from django.urls import reverse

from designer.models import Pipeline, PipelineEndpoint
from officina import environments
from officina.catalogue import Catalogue
from registry import services as registry
from registry.models import Datastore
from studio.automation.models import Schedule
from studio.compute.models import ComputeTarget
from studio.runs import runtable
from studio.runs.models import Experiment
from studio.workspaces.models import Membership, Workspace

LEAST = 2
RUNS, ASSETS, OTHERS = 8, 10, 5

FOLDERS = {
    "model": ("models", "Models", "box"),
    "data": ("data", "Data", "database"),
    "component": ("components", "Components", "puzzle"),
    "environment": ("environments", "Environments", "package"),
    "code": ("code", "Code", "code"),
}


class Line(NamedTuple):
    """One thing found: what it is called, where it is, and what is told beside it."""

    label: str
    url: str
    note: str = ""
    group: str = ""
    icon: str = ""


class Source(NamedTuple):
    """Where to look: the operation that it takes, and how its lines are headed."""

    operation: str
    group: str
    icon: str
    find: Callable[[Workspace, str], Iterator[Line]]


def search(workspace: Workspace, text: str, allowed: frozenset[str]) -> list[dict[str, str]]:
    """Return what fits the text, by kind; less than two letters find nothing."""
    if len(text) < LEAST:
        return []
    found = []
    for source in SOURCES:
        if source.operation not in allowed:
            continue
        for line in source.find(workspace, text):
            filled = line._replace(group=line.group or source.group, icon=line.icon or source.icon)
            found.append(filled._replace(note=line.note or filled.group)._asdict())
    return found


def _runs(workspace: Workspace, text: str) -> Iterator[Line]:
    fitting = runtable.select(workspace, runtable.Asked(text=text))
    keys = runtable.ordered(fitting, "-created").values_list("pk", flat=True)[:RUNS]
    for run in runtable.load(list(keys)):
        yield Line(run.title, _to("run", workspace, guid=run.guid), str(run.status))


def _experiments(workspace: Workspace, text: str) -> Iterator[Line]:
    rows = Experiment.objects.filter(workspace=workspace, name__icontains=text)
    for name in rows.order_by("name").values_list("name", flat=True)[:OTHERS]:
        yield Line(name, _to("experiment", workspace, name=name))


def _assets(workspace: Workspace, text: str) -> Iterator[Line]:
    for row in registry.assets(workspace=workspace, text=text)[:ASSETS]:
        folder, group, icon = FOLDERS[row.kind]
        if row.kind == "environment":
            url = _to("environment", workspace, name=row.name)
        else:
            url = _to("asset", workspace, folder=folder, name=row.name)
        yield Line(row.name, url, group=group, icon=icon)


def _modules(workspace: Workspace, text: str) -> Iterator[Line]:
    fitting = [e for e in Catalogue().all() if _fits(text, e.title) or _fits(text, e.name)]
    for each in fitting[:OTHERS]:
        yield Line(each.title, _to("component", workspace, name=each.name), each.category)


def _curated(workspace: Workspace, text: str) -> Iterator[Line]:
    for each in environments.CURATED.values():
        if any(_fits(text, name) for name in (each.name, *each.aliases)):
            yield Line(each.name, _to("environment", workspace, name=each.name), "curated")


def _pipelines(workspace: Workspace, text: str) -> Iterator[Line]:
    rows = Pipeline.objects.alive().filter(workspace=workspace, name__icontains=text)
    for guid, name in rows.values_list("guid", "name")[:OTHERS]:
        yield Line(name, _to("pipeline", workspace, guid=guid))


def _pipeline_endpoints(workspace: Workspace, text: str) -> Iterator[Line]:
    rows = PipelineEndpoint.objects.filter(workspace=workspace, name__icontains=text)
    for name in rows.values_list("name", flat=True)[:OTHERS]:
        yield Line(name, _to("pipeline-endpoint", workspace, name=name))


def _schedules(workspace: Workspace, text: str) -> Iterator[Line]:
    rows = Schedule.objects.filter(
        Q(name__icontains=text) | Q(display_name__icontains=text), workspace=workspace
    )
    for row in rows[:OTHERS]:
        yield Line(row.title, _to("schedule", workspace, name=row.name))


def _datastores(workspace: Workspace, text: str) -> Iterator[Line]:
    rows = Datastore.objects.filter(workspace=workspace, name__icontains=text).order_by("name")
    for name in rows.values_list("name", flat=True)[:OTHERS]:
        yield Line(name, _to("datastore", workspace, name=name))


def _computes(workspace: Workspace, text: str) -> Iterator[Line]:
    rows = ComputeTarget.objects.filter(workspace=workspace, name__icontains=text).order_by("name")
    for name in rows.values_list("name", flat=True)[:OTHERS]:
        yield Line(name, _to("compute-one", workspace, name=name))


def _members(workspace: Workspace, text: str) -> Iterator[Line]:
    rows = Membership.objects.filter(
        Q(user__email__icontains=text) | Q(user__display_name__icontains=text),
        workspace=workspace, user__is_service=False,
    )  # fmt: skip
    for row in rows.select_related("user", "custom_role").order_by("user__email")[:OTHERS]:
        yield Line(row.user.name, f"{_to('members', workspace)}#member-{row.pk}", row.role)


# What has a page of its own beside the menu: each is found by any of its words.
PAGES = (
    ("Settings: workspace", "workspace-settings", "workspace.read", "title labels resource id"),
    ("Settings: assets", "asset-upkeep", "workspace.manage", "stages approval retention archive"),
    ("Settings: bring in an archive", "asset-import", "workspace.manage", "import restore"),
    ("Settings: secrets", "secrets", "secrets.list", "key vault credentials"),
    ("Settings: service accounts", "service-accounts", "serviceaccounts.manage", "principal rbac"),
    ("New datastore", "datastore-new", "registry.write", "connect storage database"),
    ("New environment", "environment-new", "registry.write", "conda pip"),
    ("New compute", "compute-new", "compute.manage", "cluster instance"),
    ("New schedule", "schedule-new", "runs.submit", "cron recurrence"),
    ("Import data", "data-import", "registry.write", "http sql address"),
)


def _pages(operation: str) -> Callable[[Workspace, str], Iterator[Line]]:
    def find(workspace: Workspace, text: str) -> Iterator[Line]:
        for label, route, needed, words in PAGES:
            if needed == operation and all(_fits(w, f"{label} {words}") for w in text.split()):
                yield Line(label, _to(route, workspace))

    return find


def _fits(text: str, name: str) -> bool:
    return text.lower() in name.lower()


def _to(route: str, workspace: Workspace, **names: Any) -> str:
    return reverse(route, kwargs={"workspace": workspace.name, **names})


SOURCES = (
    Source("runs.read", "Runs", "player-play", _runs),
    Source("experiments.read", "Experiments", "flask", _experiments),
    Source("registry.read", "Assets", "box", _assets),
    Source("designer.read", "Pipelines", "sitemap", _pipelines),
    Source("designer.read", "Pipeline endpoints", "plug", _pipeline_endpoints),
    Source("runs.read", "Schedules", "clock", _schedules),
    Source("registry.read", "Datastores", "stack-2", _datastores),
    Source("registry.read", "Environments", "package", _curated),
    Source("compute.read", "Compute", "server-2", _computes),
    Source("members.read", "Members", "users", _members),
    *(
        Source(operation, "Pages", "settings", _pages(operation))
        for operation in dict.fromkeys(page[2] for page in PAGES)
    ),
    Source("registry.read", "Components", "puzzle", _modules),
)
