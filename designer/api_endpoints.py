"""Published pipelines and their endpoints over JSON; Azure's field names are understood as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.urls import path, reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from designer.access import pipeline_of
from designer.api_drafts import PipelineView
from designer.models import PipelineEndpoint, PublishedPipeline
from designer.serializers import person as person_json
from designer.services import publishing
from officina.errors import StudioError
from studio.lib.pages import Page
from studio.runs.serializers import RunDetailSerializer, RunSerializer
from studio.workspaces.access import WorkspaceViewMixin, person
from studio.workspaces.idempotency import idempotent

RECENT = 20
# The names of Azure's PipelineEndpoint REST call, in any spelling, and ours beside them.
FIELDS = {
    "experimentname": "experiment",
    "experiment": "experiment",
    "parameterassignments": "parameters",
    "parameters": "parameters",
    "pipelineversion": "version",
    "version": "version",
    "displayname": "display_name",
    "description": "description",
    "tags": "tags",
}
# What Azure's clients send besides and what has no meaning here.
IGNORED = frozenset({"runsource", "runtype", "continueonstepfailure", "enableemailnotification"})


class PublishSerializer(serializers.Serializer[Any]):
    """A version to publish of a draft."""

    name = serializers.CharField(max_length=255)
    version = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    description = serializers.CharField(
        max_length=20_000, required=False, allow_blank=True, default=""
    )
    parameters = serializers.ListField(
        child=serializers.CharField(max_length=255), required=False, allow_null=True, default=None
    )
    make_default = serializers.BooleanField(required=False, default=True)


class NewEndpointSerializer(PublishSerializer):
    """The same, with the draft."""

    pipeline = serializers.CharField(max_length=64)


class EndpointChangeSerializer(serializers.Serializer[Any]):
    """What may change of an endpoint."""

    default_version = serializers.CharField(max_length=60, required=False)
    description = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    disabled = serializers.BooleanField(required=False)


def submit_url(endpoint: PipelineEndpoint) -> str:
    """Return the address that callers use; it stays when versions come and go."""
    kwargs = {"workspace": endpoint.workspace.name, "name": endpoint.name}
    return settings.PUBLIC_URL + reverse("api-pipeline-endpoint-submit", kwargs=kwargs)


def endpoint_summary(endpoint: PipelineEndpoint) -> dict[str, Any]:
    """Return what the list shows of an endpoint."""
    default = endpoint.default
    return {
        "name": endpoint.name,
        "guid": endpoint.guid,
        "description": endpoint.description,
        "default_version": default.version if default else None,
        "parameters": default.parameters if default else {},
        "disabled": endpoint.disabled,
        "created": endpoint.created,
        "created_by": person_json(endpoint.created_by),
        "modified": endpoint.modified,
        "submit_url": submit_url(endpoint),
        "url": settings.PUBLIC_URL
        + reverse(
            "pipeline-endpoint",
            kwargs={"workspace": endpoint.workspace.name, "name": endpoint.name},
        ),
    }


def version_json(row: PublishedPipeline, default: int | None) -> dict[str, Any]:
    """Return one published version."""
    return {
        "version": row.version,
        "guid": row.guid,
        "name": row.name,
        "description": row.description,
        "parameters": row.parameters,
        "default": row.pk == default,
        "disabled": row.disabled,
        "published": row.published,
        "published_by": person_json(row.published_by),
        "pipeline": row.source.pipeline.guid if row.source else None,
        "pipeline_version": row.source.number if row.source else None,
    }


def endpoint_detail(endpoint: PipelineEndpoint) -> dict[str, Any]:
    """Return an endpoint with its versions and latest runs."""
    rows = endpoint.published.select_related("source__pipeline", "published_by")
    runs = publishing.runs_of(endpoint).select_related(
        "experiment", "owner", "compute", "parent", "reused_from", "workspace"
    )
    return endpoint_summary(endpoint) | {
        "versions": [version_json(row, endpoint.default_id) for row in rows],
        "runs": RunSerializer(runs[:RECENT], many=True).data,
    }


class PipelinePublish(PipelineView):
    """Publishes the draft as it is now."""

    operations = {"post": "designer.write"}

    @extend_schema(
        operation_id="pipelines_publish",
        request=PublishSerializer,
        responses={201: OpenApiTypes.OBJECT},
    )
    @idempotent
    def post(self, request: Request, workspace: str, guid: str) -> Response:
        pipeline = self.get_pipeline()
        body = PublishSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        row = publishing.publish(pipeline=pipeline, user=person(request), **body.validated_data)
        endpoint = publishing.endpoint_of(self.workspace, row.endpoint.name)
        answer = endpoint_summary(endpoint) | {"published": version_json(row, endpoint.default_id)}
        return Response(answer, status=status.HTTP_201_CREATED)


class EndpointView(WorkspaceViewMixin, APIView):
    """What the views of one endpoint share."""

    def get_endpoint(self) -> PipelineEndpoint:
        return publishing.endpoint_of(self.workspace, self.kwargs["name"])


class EndpointList(EndpointView):
    """The workspace's pipeline endpoints."""

    operations = {"get": "designer.read", "post": "designer.write"}

    @extend_schema(operation_id="pipeline_endpoints_list", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str) -> Response:
        rows = PipelineEndpoint.objects.filter(workspace=self.workspace).select_related(
            "default", "created_by", "workspace"
        )
        rows = rows.annotate(count=Count("published")).order_by("name")
        pager = Page()
        page: list[Any] = pager.paginate_queryset(rows, request, view=self) or []
        return pager.get_paginated_response(
            [endpoint_summary(row) | {"versions": row.count} for row in page]
        )

    @extend_schema(
        operation_id="pipeline_endpoints_create",
        request=NewEndpointSerializer,
        responses={201: OpenApiTypes.OBJECT},
    )
    @idempotent
    def post(self, request: Request, workspace: str) -> Response:
        body = NewEndpointSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        pipeline = pipeline_of(self.workspace, given.pop("pipeline"))
        row = publishing.publish(pipeline=pipeline, user=person(request), **given)
        endpoint = publishing.endpoint_of(self.workspace, row.endpoint.name)
        return Response(endpoint_detail(endpoint), status=status.HTTP_201_CREATED)


class EndpointDetail(EndpointView):
    """One endpoint with its versions."""

    operations = {"get": "designer.read", "patch": "designer.write"}

    @extend_schema(operation_id="pipeline_endpoints_show", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str, name: str) -> Response:
        return Response(endpoint_detail(self.get_endpoint()))

    @extend_schema(
        operation_id="pipeline_endpoints_change",
        request=EndpointChangeSerializer,
        responses=OpenApiTypes.OBJECT,
    )
    def patch(self, request: Request, workspace: str, name: str) -> Response:
        endpoint = self.get_endpoint()
        body = EndpointChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        changed = publishing.change_endpoint(
            endpoint=endpoint, user=person(request), **body.validated_data
        )
        return Response(endpoint_detail(changed))


class EndpointSubmit(EndpointView):
    """Runs the default version, or the one that is named."""

    operations = {"post": "runs.submit"}

    @extend_schema(
        operation_id="pipeline_endpoints_submit",
        request=OpenApiTypes.OBJECT,
        responses={201: RunDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, workspace: str, name: str) -> Response:
        endpoint = self.get_endpoint()
        given = read_call(request.data)
        run = publishing.run_endpoint(endpoint=endpoint, user=person(request), **given)
        # Azure's clients read the run's id from `Id`.
        answer = {"Id": run.guid, **RunDetailSerializer(run).data}
        return Response(answer, status=status.HTTP_201_CREATED)


def read_call(data: Any) -> dict[str, Any]:
    """Read the body of a call; a field that means nothing here is refused, not dropped."""
    if not isinstance(data, Mapping):
        raise StudioError(
            "The body must be a JSON object.",
            hint='For example {"ExperimentName": "mine", "ParameterAssignments": {"fraction": 0.8}}.',
        )
    given: dict[str, Any] = {}
    for key, value in data.items():
        plain = str(key).replace("_", "").lower()
        if plain in FIELDS:
            given[FIELDS[plain]] = value
        elif plain not in IGNORED and value not in (None, {}, [], ""):
            raise StudioError(
                f"There is no field {str(key)[:80]!r} in this call.",
                hint="Known: ExperimentName, ParameterAssignments, PipelineVersion, DisplayName, Tags.",
                where=str(key)[:80],
            )
    given.pop("description", None)
    for name in ("parameters", "tags"):
        if not isinstance(given.setdefault(name, {}) or {}, Mapping):
            raise StudioError(f"{name} must be a JSON object.", where=name)
    for name in ("experiment", "version", "display_name"):
        given[name] = str(given.get(name) or "")
    return given


BASE = "workspaces/<str:workspace>/pipeline-endpoints"
urlpatterns = [
    path(
        "workspaces/<str:workspace>/pipelines/<str:guid>/publish",
        PipelinePublish.as_view(),
        name="api-pipeline-publish",
    ),
    path(BASE, EndpointList.as_view(), name="api-pipeline-endpoints"),
    path(f"{BASE}/<str:name>", EndpointDetail.as_view(), name="api-pipeline-endpoint"),
    path(
        f"{BASE}/<str:name>/submit", EndpointSubmit.as_view(), name="api-pipeline-endpoint-submit"
    ),
]
