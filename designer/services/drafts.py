"""Drafts: making, renaming, saving, deleting and bringing back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from designer import journal, shapes
from designer.models import Pipeline
from designer.ydoc import flatten, set_graph
from officina import samples
from officina.errors import StudioError
from officina.graph import Graph
from studio.runs.models import Run, RunTag
from studio.workspaces import audit
from studio.workspaces.models import Workspace

PIPELINE_TAG = "officina.pipeline"


def checked_graph(graph: Any) -> dict[str, Any]:
    """Return a graph JSON that a draft may hold; drafts may be broken, but not shapeless."""
    if not isinstance(graph, Mapping):
        raise StudioError("A graph must be a JSON object.", where="graph")
    Graph.from_json(graph)
    _refuse_double_ids(graph)
    shapes.check(flatten(graph))
    return dict(graph)


def _refuse_double_ids(graph: Mapping[str, Any]) -> None:
    seen: set[str] = set()
    for node in graph.get("nodes") or []:
        if node["id"] in seen:
            raise StudioError(
                f"Two modules have the id {node['id']!r}.",
                hint="Give each its own.",
                where="graph.nodes",
            )
        seen.add(node["id"])


@transaction.atomic
def create_draft(
    *,
    workspace: Workspace,
    user: Any,
    name: str,
    description: str = "",
    graph: Mapping[str, Any] | None = None,
) -> Pipeline:
    """Make a draft, empty or with a graph."""
    pipeline = Pipeline.objects.create(
        workspace=workspace,
        name=_name(name),
        description=description,
        created_by=user,
        modified_by=user,
    )
    audit.record(
        workspace=workspace,
        actor=user,
        action="designer.create",
        target=f"pipeline/{pipeline.guid}",
    )
    if graph is not None:
        wanted = checked_graph(graph)
        pipeline = journal.edit(pipeline, user=user, change=lambda doc: set_graph(doc, wanted))
    return pipeline


def sample_text(name: str) -> str:
    """Return what a sample is about: its graph's own description, else that of its card."""
    told = sample_graph(name).get("settings", {}).get("description")
    return str(told or samples.get_sample(name).summary)


def sample_graph(name: str) -> dict[str, Any]:
    """Return the graph of a sample of the designer."""
    sample = samples.get_sample(name)
    if sample.kind != "graph":
        raise StudioError(
            f"The sample {name!r} is a job, not a pipeline of the designer.", where="from_sample"
        )
    return Graph.from_json(sample.path.read_text("utf-8")).to_json()


def save_draft(
    *, pipeline: Pipeline, user: Any, graph: Any, revision: int | None = None
) -> Pipeline:
    """Make the draft say what the graph says; a revision that is not the latest is a conflict.

    Only what differs becomes an edit, so that people who have the draft open keep their place.
    """
    wanted = checked_graph(graph)
    return journal.edit(
        pipeline, user=user, change=lambda doc: set_graph(doc, wanted), revision=revision
    )


def change_draft(*, pipeline: Pipeline, user: Any, **changes: Any) -> Pipeline:
    """Rename or describe a draft."""
    if "name" in changes:
        changes["name"] = _name(changes["name"])
    changes |= {"modified": timezone.now(), "modified_by": user}
    Pipeline.objects.filter(pk=pipeline.pk).update(**changes)
    pipeline.refresh_from_db()
    journal.frame(
        pipeline.guid,
        {"type": "renamed", "name": pipeline.name, "description": pipeline.description},
    )
    return pipeline


@transaction.atomic
def delete_draft(*, pipeline: Pipeline, user: Any) -> None:
    """Put a draft away; `undelete_draft` brings it back as it was."""
    Pipeline.objects.filter(pk=pipeline.pk, deleted_at=None).update(deleted_at=timezone.now())
    audit.record(
        workspace=pipeline.workspace, actor=user, action="designer.delete",
        target=f"pipeline/{pipeline.guid}",
    )  # fmt: skip
    journal.tell(pipeline.guid, {"type": "draft.deleted"})


@transaction.atomic
def undelete_draft(*, pipeline: Pipeline, user: Any) -> Pipeline:
    """Bring a deleted draft back."""
    Pipeline.objects.filter(pk=pipeline.pk).update(deleted_at=None)
    audit.record(
        workspace=pipeline.workspace, actor=user, action="designer.undelete",
        target=f"pipeline/{pipeline.guid}",
    )  # fmt: skip
    pipeline.refresh_from_db()
    return pipeline


def drafts(
    workspace: Workspace, *, text: str = "", archived: bool = False, owner: str = ""
) -> QuerySet[Pipeline]:
    """Return the workspace's drafts, the last changed first, without what is heavy in them."""
    rows = Pipeline.objects.filter(workspace=workspace, deleted_at__isnull=not archived)
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(description__icontains=text))
    if owner:
        rows = rows.filter(created_by__email__iexact=owner)
    light = rows.select_related("modified_by", "created_by", "workspace")
    return light.defer("state", "graph").order_by("-modified", "-pk")


def last_runs(pipelines: list[Pipeline]) -> dict[str, Run]:
    """Return guid -> the newest run that was submitted from each draft."""
    guids = [pipeline.guid for pipeline in pipelines]
    labels = (
        RunTag.objects.filter(kind="tag", key=PIPELINE_TAG, value__in=guids, run__parent=None)
        .select_related("run", "run__workspace")
        .defer("run__document")
        .order_by("run_id")
    )
    workspaces = {pipeline.guid: pipeline.workspace_id for pipeline in pipelines}
    return {
        label.value: label.run
        for label in labels
        if label.run.workspace_id == workspaces[label.value]
    }


def _name(name: Any) -> str:
    text = str(name or "").strip()
    if not text or len(text) > 255:
        raise StudioError("A pipeline's name has 1 to 255 characters.", where="name")
    return text
