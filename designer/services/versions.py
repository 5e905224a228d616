"""Checkpoints of a draft: making, listing, restoring and comparing them, and who changed what between."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from designer import journal
from designer.models import Pipeline, PipelineUpdate, PipelineVersion
from designer.ydoc import set_graph
from officina import graphdiff
from officina.errors import StudioError
from officina.graph import Graph

DRAFT = "draft"


@transaction.atomic
def create_version(
    *, pipeline: Pipeline, user: Any, name: str = "", note: str = ""
) -> PipelineVersion:
    """Keep the draft as it is now under the next number."""
    row = Pipeline.objects.select_for_update().get(pk=pipeline.pk)
    journal.refresh(row)
    number = row.versions.aggregate(last=Max("number"))["last"] or 0
    return PipelineVersion.objects.create(
        pipeline=row,
        number=number + 1,
        digest=Graph.from_json(row.graph).digest(),
        graph=row.graph,
        revision=row.revision,
        name=name.strip()[:255],
        note=note,
        author=user,
        at=timezone.now(),
    )


def version_of(pipeline: Pipeline, number: int) -> PipelineVersion:
    """Return one version; an unknown number is not found."""
    found = pipeline.versions.filter(number=number).select_related("author").first()
    if found is None:
        raise StudioError(
            f"{pipeline.name} has no version {number}.", where="version", code="not_found"
        )
    return found


def restore_version(*, pipeline: Pipeline, user: Any, number: int) -> Pipeline:
    """Make the draft say again what a version says: one more edit, which can be undone like any."""
    version = version_of(pipeline, number)
    graph = version.graph
    restored = journal.edit(pipeline, user=user, change=lambda doc: set_graph(doc, graph))
    journal.frame(
        pipeline.guid,
        {"type": "restored", "revision": restored.seq, "version": number, "by": user.name},
    )
    return restored


def compare(*, pipeline: Pipeline, before: str, after: str) -> dict[str, Any]:
    """Return what leads from one version to another; `draft` is the present state."""
    a, b = (Graph.from_json(_graph(pipeline, which)) for which in (before, after))
    return graphdiff.diff(a, b)


def _graph(pipeline: Pipeline, which: str) -> dict[str, Any]:
    if which == DRAFT:
        return journal.refresh(pipeline).graph
    if not which.isdecimal() or len(which) > 9:
        raise StudioError(
            f"There is no version {which!r}.", hint="Give a number, or draft.", where="version"
        )
    return version_of(pipeline, int(which)).graph


def history(pipeline: Pipeline) -> QuerySet[PipelineUpdate]:
    """Return who changed what, the newest first."""
    rows = PipelineUpdate.objects.filter(pipeline=pipeline).exclude(summary=[])
    return rows.defer("update").select_related("author").order_by("-seq")
