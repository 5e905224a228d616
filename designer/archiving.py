"""Drafts, their versions and comments, and what is published of them, as a workspace's archive carries them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import transaction

from designer import journal
from designer.models import (
    Comment,
    Pipeline,
    PipelineEndpoint,
    PipelineVersion,
    PublishedPipeline,
)
from designer.services.drafts import checked_graph
from designer.services.publishing import NAME, VERSION
from designer.ydoc import set_graph
from officina.errors import StudioError
from officina.graph import Graph
from registry.archive import Arrival, moment
from studio.runs.importing import check_guid, derived_guid
from studio.workspaces.models import Workspace


def count(workspace: Workspace) -> int:
    """Return how many drafts there are."""
    return Pipeline.objects.alive().filter(workspace=workspace).count()


def draft_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield the drafts as they are now."""
    rows = Pipeline.objects.alive().filter(workspace=workspace).order_by("pk")
    for row in rows.select_related("created_by").iterator():
        graph = journal.refresh(row).graph
        yield {
            "guid": row.guid, "name": row.name, "description": row.description, "graph": graph,
            "created": row.created.isoformat(), "by": row.created_by.email,
        }  # fmt: skip


def version_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield the versions of the drafts."""
    rows = PipelineVersion.objects.filter(
        pipeline__workspace=workspace, pipeline__deleted_at=None
    ).order_by("pipeline_id", "number")
    for row in rows.select_related("pipeline", "author").iterator():
        yield {
            "pipeline": row.pipeline.guid, "number": row.number, "graph": row.graph,
            "name": row.name, "note": row.note, "by": row.author.email, "at": row.at.isoformat(),
        }  # fmt: skip


def comment_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield what people said about drafts."""
    rows = Comment.objects.filter(pipeline__workspace=workspace, pipeline__deleted_at=None)
    for row in rows.select_related("pipeline", "author").order_by("pk").iterator():
        yield {
            "pipeline": row.pipeline.guid, "node": row.node, "text": row.text,
            "by": row.author.email, "at": row.at.isoformat(),
            "resolved_at": row.resolved_at.isoformat() if row.resolved_at else None,
        }  # fmt: skip


def published_rows(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yield what is published, each version with its endpoint."""
    rows = PublishedPipeline.objects.filter(workspace=workspace).order_by("pk")
    for row in rows.select_related("endpoint", "source__pipeline", "published_by").iterator():
        endpoint, source = row.endpoint, row.source
        yield {
            "endpoint": {
                "name": endpoint.name, "description": endpoint.description,
                "disabled": endpoint.disabled,
            },
            "default": endpoint.default_id == row.pk, "name": row.name, "version": row.version,
            "description": row.description, "graph": row.graph, "parameters": row.parameters,
            "source": [source.pipeline.guid, source.number] if source else None,
            "disabled": row.disabled, "by": row.published_by.email,
            "published": row.published.isoformat(),
        }  # fmt: skip


def import_draft(arrival: Arrival, row: dict[str, Any]) -> None:
    """Take in a draft; one that is there, also with other content, stays as it is."""
    old, name = check_guid(str(row.get("guid") or "")), _name(row)
    graph = checked_graph(row.get("graph"))
    known = _draft(arrival.workspace, old)
    if known is not None:
        same = journal.refresh(known).graph == graph
        arrival.note("skipped" if same else "conflicts", f"pipeline/{name}")
        return
    if arrival.confirm:
        author = arrival.person(row.get("by"))
        with transaction.atomic():
            made = Pipeline(
                workspace=arrival.workspace, guid=_guid_in(arrival.workspace, old), name=name,
                description=str(row.get("description") or ""), created_by=author, modified_by=author,
            )  # fmt: skip
            made.created = moment(row.get("created")) or made.created
            made.save()
            journal.edit(made, user=author, change=lambda doc: set_graph(doc, graph))
    arrival.note("imported", f"pipeline/{name}")


def import_version(arrival: Arrival, row: dict[str, Any]) -> None:
    """Take in a version of a draft; a number that is taken stays as it is."""
    draft, number = _draft(arrival.workspace, str(row.get("pipeline") or "")), row.get("number")
    graph = checked_graph(row.get("graph"))
    if not isinstance(number, int) or not 0 < number < 2**31:
        raise StudioError("A version in the archive has no number.", where="pipeline_versions")
    if draft is None or not arrival.confirm or draft.versions.filter(number=number).exists():
        return
    PipelineVersion.objects.create(
        pipeline=draft, number=number, digest=Graph.from_json(graph).digest(), graph=graph,
        name=str(row.get("name") or "")[:255], note=str(row.get("note") or ""),
        author=arrival.person(row.get("by")), at=moment(row.get("at")) or draft.created,
    )  # fmt: skip


def import_comment(arrival: Arrival, row: dict[str, Any]) -> None:
    """Take in a comment; what was said already is not said twice."""
    draft, at = _draft(arrival.workspace, str(row.get("pipeline") or "")), moment(row.get("at"))
    text = str(row.get("text") or "")
    if draft is None or at is None or not text or not arrival.confirm:
        return
    Comment.objects.get_or_create(
        pipeline=draft, at=at, text=text, node=str(row.get("node") or "")[:255],
        defaults={
            "author": arrival.person(row.get("by")), "resolved_at": moment(row.get("resolved_at")),
        },
    )  # fmt: skip


def import_published(arrival: Arrival, row: dict[str, Any]) -> None:
    """Take in a published pipeline with its endpoint; versions that are there stay as they are."""
    told = row.get("endpoint")
    told = told if isinstance(told, dict) else {}
    name, version = str(told.get("name") or ""), str(row.get("version") or "")
    if not NAME.match(name) or not VERSION.match(version):
        raise StudioError(f"{name[:80]!r} cannot name an endpoint.", where="published_pipelines")
    graph, parameters = checked_graph(row.get("graph")), row.get("parameters")
    workspace = arrival.workspace
    endpoint = PipelineEndpoint.objects.filter(workspace=workspace, name__iexact=name).first()
    known = endpoint.published.filter(version=version).first() if endpoint else None
    if known is not None:
        same = known.graph == graph
        arrival.note("skipped" if same else "conflicts", f"pipeline-endpoint/{name}/{version}")
        return
    arrival.note("imported", f"pipeline-endpoint/{name}/{version}")
    if not arrival.confirm:
        return
    author = arrival.person(row.get("by"))
    with transaction.atomic():
        endpoint = endpoint or PipelineEndpoint.objects.create(
            workspace=workspace, name=name, description=str(told.get("description") or ""),
            disabled=told.get("disabled") is True, created_by=author,
        )  # fmt: skip
        made = PublishedPipeline(
            workspace=workspace, endpoint=endpoint, name=_name(row), version=version, graph=graph,
            description=str(row.get("description") or ""), published_by=author,
            parameters=parameters if isinstance(parameters, dict) else {},
            disabled=row.get("disabled") is True, source=_source(workspace, row.get("source")),
        )  # fmt: skip
        made.published = moment(row.get("published")) or made.published
        made.save()
        if row.get("default") is True or endpoint.default_id is None:
            endpoint.default = made
            endpoint.save(update_fields=["default"])


def _source(workspace: Workspace, told: Any) -> PipelineVersion | None:
    if not isinstance(told, list) or len(told) != 2 or not isinstance(told[1], int):
        return None
    draft = _draft(workspace, str(told[0]))
    return draft.versions.filter(number=told[1]).first() if draft else None


def _guid_in(workspace: Workspace, guid: str) -> str:
    """Return the guid of an imported draft: its own, or one made of it where another workspace has that."""
    if Pipeline.objects.filter(guid=guid).exclude(workspace=workspace).exists():
        return derived_guid(workspace, guid)
    return guid


def _draft(workspace: Workspace, guid: str) -> Pipeline | None:
    return Pipeline.objects.filter(workspace=workspace, guid=_guid_in(workspace, guid)).first()


def _name(row: dict[str, Any]) -> str:
    return str(row.get("name") or "").strip()[:255] or "Untitled"
