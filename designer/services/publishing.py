"""Pipelines that programs run by name: published versions behind an endpoint whose address stays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from designer import journal
from designer.models import Pipeline, PipelineEndpoint, PublishedPipeline
from designer.services import submitting
from designer.services.arranging import parameter_values
from officina import checks
from officina.errors import StudioError
from officina.graph import Graph, pipeline_document
from studio.runs.models import Run
from studio.runs.services.creating import catalogue_of
from studio.workspaces import audit
from studio.workspaces.models import Workspace

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$")
VERSION = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")
ENDPOINT_TAG, VERSION_TAG = "officina.endpoint", "officina.published"


@transaction.atomic
def publish(
    *,
    pipeline: Pipeline,
    user: Any,
    name: str,
    version: str = "",
    description: str = "",
    parameters: list[str] | None = None,
    make_default: bool = True,
) -> PublishedPipeline:
    """Publish the draft as it is now under an endpoint of this name, made when it is new.

    `parameters` names those of the pipeline's parameters that a caller may set; None means all.
    """
    if not NAME.match(name):
        raise StudioError(
            f"{name!r} cannot name an endpoint.",
            hint="Use letters, digits, '.', '_' and '-', starting with a letter or digit.",
            where="name",
        )
    journal.refresh(pipeline)
    graph = Graph.from_json(pipeline.graph)
    _refuse_problems(pipeline.workspace, graph)
    offered = _offered(graph, parameters)
    endpoint = PipelineEndpoint.objects.filter(
        workspace=pipeline.workspace, name__iexact=name
    ).first() or PipelineEndpoint.objects.create(
        workspace=pipeline.workspace, name=name, description=description, created_by=user
    )
    endpoint = PipelineEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    row = PublishedPipeline.objects.create(
        workspace=pipeline.workspace,
        endpoint=endpoint,
        name=pipeline.name,
        version=_free_version(endpoint, version),
        description=description,
        graph=graph.to_json(),
        parameters=offered,
        source=submitting.version_of(pipeline=pipeline, user=user, graph=graph),
        published_by=user,
    )
    if make_default or endpoint.default_id is None:
        endpoint.default = row
    endpoint.modified = timezone.now()
    endpoint.save(update_fields=["default", "modified"])
    audit.record(
        workspace=pipeline.workspace, actor=user, action="designer.publish",
        target=f"pipeline-endpoint/{endpoint.name}/{row.version}",
    )  # fmt: skip
    return row


def _refuse_problems(workspace: Workspace, graph: Graph) -> None:
    catalogue = catalogue_of(workspace)
    found = checks.problems(pipeline_document(graph, catalogue), catalogue)
    wrong = [each for each in found if getattr(each, "severity", "error") == "error"]
    if wrong:
        more = f" {len(wrong) - 1} more." if len(wrong) > 1 else ""
        raise StudioError(
            f"The draft has a problem: {wrong[0].message}{more}",
            hint=wrong[0].hint or "Mend it on the canvas, then publish.",
            where=wrong[0].node,
            code="conflict",
        )


def _offered(graph: Graph, wanted: list[str] | None) -> dict[str, Any]:
    for name in wanted or ():
        if name not in graph.parameters:
            known = ", ".join(graph.parameters) or "none"
            raise StudioError(
                f"The pipeline has no parameter {name!r}.", hint=f"It has: {known}.",
                where="parameters",
            )  # fmt: skip
    names = graph.parameters if wanted is None else wanted
    return {name: dict(graph.parameters[name]) for name in names}


def _free_version(endpoint: PipelineEndpoint, wanted: str) -> str:
    taken = set(endpoint.published.values_list("version", flat=True))
    if not wanted:
        return str(max((int(each) for each in taken if each.isdigit()), default=0) + 1)
    if not VERSION.match(wanted):
        raise StudioError(
            f"{wanted!r} cannot name a version.",
            hint="Use letters, digits, '.', '_' and '-'; up to 60.",
            where="version",
        )
    if wanted in taken:
        raise StudioError(
            f"{endpoint.name} has a version {wanted} already, and versions never change.",
            hint="Leave the version out to get the next one.",
            where="version",
            code="conflict",
        )
    return wanted


def endpoint_of(workspace: Workspace, name: str) -> PipelineEndpoint:
    """Return an endpoint by name or guid."""
    rows = PipelineEndpoint.objects.filter(workspace=workspace).select_related(
        "default", "created_by", "workspace"
    )
    found = rows.filter(name__iexact=name).first() or rows.filter(guid=name).first()
    if found is None:
        known = ", ".join(rows.values_list("name", flat=True)[:8]) or "none yet"
        raise StudioError(
            f"There is no pipeline endpoint {name!r} in workspace {workspace.name}.",
            hint=f"There are: {known}.",
            where="endpoint",
            code="not_found",
        )
    return found


def version_of(endpoint: PipelineEndpoint, version: str = "") -> PublishedPipeline:
    """Return a version of the endpoint, its default one when none is named."""
    if not version:
        if endpoint.default is None:
            raise StudioError(
                f"{endpoint.name} has no default version.",
                hint="Choose one, or name a version.",
                where="version",
                code="conflict",
            )
        return endpoint.default
    found = endpoint.published.filter(version=version).first()
    if found is None:
        known = ", ".join(endpoint.published.values_list("version", flat=True)[:8])
        raise StudioError(
            f"{endpoint.name} has no version {version}.", hint=f"It has: {known}.",
            where="version", code="not_found",
        )  # fmt: skip
    return found


@transaction.atomic
def change_endpoint(
    *,
    endpoint: PipelineEndpoint,
    user: Any,
    default_version: str | None = None,
    description: str | None = None,
    disabled: bool | None = None,
) -> PipelineEndpoint:
    """Choose the version that runs by default, describe the endpoint, or switch it off and on."""
    changes: dict[str, Any] = {"modified": timezone.now()}
    if default_version is not None:
        changes["default"] = version_of(endpoint, default_version)
    if description is not None:
        changes["description"] = description
    if disabled is not None:
        changes["disabled"] = disabled
    for name, value in changes.items():
        setattr(endpoint, name, value)
    # Only what is changed, so that what somebody else sets at the same time stays.
    endpoint.save(update_fields=changes)
    audit.record(
        workspace=endpoint.workspace, actor=user, action="designer.endpoint",
        target=f"pipeline-endpoint/{endpoint.name}",
    )  # fmt: skip
    return endpoint


def run_endpoint(
    *,
    endpoint: PipelineEndpoint,
    user: Any,
    version: str = "",
    parameters: Mapping[str, Any] | None = None,
    experiment: str = "",
    display_name: str = "",
    tags: Mapping[str, str] | None = None,
) -> Run:
    """Run a published version with other values of the parameters that it offers."""
    chosen = version_of(endpoint, version)
    if endpoint.disabled or chosen.disabled:
        raise StudioError(
            f"{endpoint.name} is switched off.",
            hint="Switch it on on its page, or ask who owns it.",
            code="conflict",
        )
    given = dict(parameters or {})
    for name in given:
        if name not in chosen.parameters:
            known = ", ".join(chosen.parameters) or "none"
            raise StudioError(
                f"{endpoint.name} {chosen.version} takes no parameter {name!r}.",
                hint=f"It takes: {known}.",
                where=f"ParameterAssignments.{name}",
            )
    graph = Graph.from_json(chosen.graph)
    values = parameter_values(graph, given)
    document = pipeline_document(
        graph,
        catalogue_of(endpoint.workspace),
        display_name=endpoint.name,
        experiment_name=graph.settings.get("experiment") or endpoint.name,
    )
    for name, value in values.items():
        slot = document["inputs"][name]
        slot["value" if slot["jobInputType"] == "literal" else "uri"] = value
    own = {ENDPOINT_TAG: endpoint.name, VERSION_TAG: chosen.version}
    return submitting.submit_graph(
        workspace=endpoint.workspace,
        user=user,
        document=document,
        tags={**dict(tags or {}), **own},
        experiment=experiment,
        display_name=display_name,
    )


def runs_of(endpoint: PipelineEndpoint) -> QuerySet[Run]:
    """Return the runs that callers started through the endpoint, the newest first."""
    return Run.objects.filter(
        workspace=endpoint.workspace,
        parent=None,
        labels__kind="tag",
        labels__key=ENDPOINT_TAG,
        labels__value=endpoint.name,
    ).order_by("-pk")
