"""Running a draft: a version that never changes, its document, and a run of it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max

from designer import journal
from designer.models import Pipeline, PipelineVersion
from designer.services.arranging import Ask, arrange
from officina.errors import StudioError
from officina.graph import Graph
from studio.runs.models import Run
from studio.runs.services import create_run
from studio.workspaces.models import Workspace

TEXT = 255


def submit(
    *,
    pipeline: Pipeline,
    user: Any,
    ask: Ask,
    experiment: str = "",
    display_name: str = "",
    revision: int | None = None,
) -> Run:
    """Run a draft or a part of it; with a `revision`, a draft that went on since is a conflict."""
    journal.refresh(pipeline)
    if revision is not None and revision != pipeline.seq:
        raise journal.stale(revision, pipeline)
    arranged = arrange(pipeline, ask)
    document = arranged.document
    if experiment:
        document["experimentName"] = experiment[:TEXT]
    if display_name:
        document["displayName"] = display_name[:TEXT]
    with transaction.atomic():
        version = version_of(pipeline=pipeline, user=user, graph=arranged.graph)
        document["tags"]["officina.version"] = str(version.number)
        run = create_run(workspace=pipeline.workspace, user=user, document=document)
        journal.frame(pipeline.guid, {"type": "run", "guid": run.guid})
    run.refresh_from_db()
    return run


@transaction.atomic
def version_of(*, pipeline: Pipeline, user: Any, graph: Graph) -> PipelineVersion:
    """Return the version of this very graph, made now when there is none yet."""
    digest = graph.digest()
    # The draft's row is the lock under which versions get their numbers.
    Pipeline.objects.select_for_update().only("pk").get(pk=pipeline.pk)
    found = pipeline.versions.filter(digest=digest).order_by("number").first()
    if found is not None:
        return found
    number = pipeline.versions.aggregate(last=Max("number"))["last"] or 0
    return PipelineVersion.objects.create(
        pipeline=pipeline,
        number=number + 1,
        digest=digest,
        graph=graph.to_json(),
        revision=pipeline.seq,
        author=user,
    )


def submit_graph(
    *,
    workspace: Workspace,
    user: Any,
    document: dict[str, Any],
    tags: dict[str, str],
    experiment: str = "",
    display_name: str = "",
) -> Run:
    """Run a document that stands for itself, not for the present state of a draft."""
    document["tags"] = {**(document.get("tags") or {}), **tags}
    document["experimentName"] = experiment[:TEXT] or document.get("experimentName")
    document["displayName"] = display_name[:TEXT] or document.get("displayName")
    if not document.get("jobs"):
        raise StudioError("The pipeline has no steps.", hint="Add at least one module.")
    run = create_run(workspace=workspace, user=user, document=document)
    run.refresh_from_db()
    return run
