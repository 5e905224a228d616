"""What can be placed, what is wrong, and the ways in and out of the designer, over JSON."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from designer import journal
from designer.api_drafts import PipelineView
from designer.serializers import (
    FromRunSerializer,
    ImportSerializer,
    LintSerializer,
    SaveComponentSerializer,
)
from designer.services import cataloguing, checking, components, exporting, importing, linting
from officina.catalogue import Component
from officina.errors import StudioError
from studio.runs.models import Run
from studio.workspaces.access import person


class CatalogueView(PipelineView):
    """What the palette offers."""

    operations = {"get": "designer.read"}

    @extend_schema(operation_id="designer_catalogue", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str) -> Response:
        return Response(cataloguing.catalogue(self.workspace))


class Components(PipelineView):
    """A part of a graph, kept as a component for all drafts."""

    operations = {"post": "registry.write"}

    @extend_schema(
        operation_id="designer_save_component",
        request=SaveComponentSerializer,
        responses={201: OpenApiTypes.OBJECT},
    )
    def post(self, request: Request, workspace: str) -> Response:
        body = SaveComponentSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        row = components.save_component(
            workspace=self.workspace, user=person(request), **body.validated_data
        )
        entry = cataloguing.component_entry(
            Component.from_spec({**row.document, "version": row.version})
        )
        return Response(entry, status=status.HTTP_201_CREATED)


class ComponentInside(PipelineView):
    """What a pipeline component is made of."""

    operations = {"get": "designer.read"}

    @extend_schema(operation_id="designer_component_inside", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str, name: str) -> Response:
        version = request.query_params.get("version", "")
        return Response(components.inside(workspace=self.workspace, name=name, version=version))


class Problems(PipelineView):
    """What is wrong with the draft, and the columns of its ports."""

    operations = {"get": "designer.read"}

    @extend_schema(operation_id="pipeline_problems", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str, guid: str) -> Response:
        pipeline = journal.refresh(self.get_pipeline())
        return Response(
            {"revision": pipeline.revision, **checking.report(pipeline, pipeline.graph)}
        )


class Lint(PipelineView):
    """Faults of code that show without running it."""

    operations = {"post": "designer.read"}

    @extend_schema(
        operation_id="designer_lint", request=LintSerializer, responses=OpenApiTypes.OBJECT
    )
    def post(self, request: Request, workspace: str) -> Response:
        body = LintSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        found = linting.faults(**body.validated_data)
        return Response({"problems": found})


class OneAnswer(DefaultContentNegotiation):
    """Leaves `?format=` to the view: REST framework would look for a renderer of that name."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        return renderers


class Export(PipelineView):
    """The draft as a text that other tools read."""

    operations = {"get": "designer.read"}
    content_negotiation_class = OneAnswer

    @extend_schema(operation_id="pipeline_export", responses=OpenApiTypes.STR)
    def get(self, request: Request, workspace: str, guid: str) -> HttpResponse:
        pipeline = journal.refresh(self.get_pipeline())
        text = exporting.export(pipeline, request.query_params.get("format", "yaml"))
        response = HttpResponse(text.body, content_type=f"{text.media_type}; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{text.filename}"'
        return response


class Import(PipelineView):
    """A draft from a text."""

    operations = {"post": "designer.write"}

    @extend_schema(
        operation_id="pipelines_import",
        request=ImportSerializer,
        responses={201: OpenApiTypes.OBJECT},
    )
    def post(self, request: Request, workspace: str) -> Response:
        body = ImportSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = importing.import_draft(
            workspace=self.workspace, user=person(request), **body.validated_data
        )
        lost = importing.left_out(body.validated_data["text"])
        return Response({**self.detail(made), "left_out": lost}, status=status.HTTP_201_CREATED)


class FromRun(PipelineView):
    """A draft from a run."""

    operations = {"post": "designer.write"}

    @extend_schema(
        operation_id="pipelines_from_run",
        request=FromRunSerializer,
        responses={201: OpenApiTypes.OBJECT},
    )
    def post(self, request: Request, workspace: str) -> Response:
        body = FromRunSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = importing.draft_of_run(
            workspace=self.workspace,
            user=person(request),
            run=self.find_run(body.validated_data["run"]),
        )
        return Response(self.detail(made), status=status.HTTP_201_CREATED)

    def find_run(self, wanted: str) -> Run:
        runs = Run.objects.filter(workspace=self.workspace)
        run = runs.filter(Q(guid=wanted) | Q(name=wanted)).first()
        if run is None:
            raise StudioError(f"There is no run {wanted!r} here.", where="run", code="not_found")
        return run


W = "workspaces/<str:workspace>"
P = f"{W}/pipelines/<str:guid>"

urlpatterns: list[Any] = [
    path(f"{W}/designer/catalogue", CatalogueView.as_view(), name="api-designer-catalogue"),
    path(f"{W}/designer/components", Components.as_view(), name="api-designer-components"),
    path(
        f"{W}/designer/components/<str:name>",
        ComponentInside.as_view(),
        name="api-designer-component-inside",
    ),
    path(f"{W}/designer/lint", Lint.as_view(), name="api-designer-lint"),
    path(f"{W}/pipelines/import", Import.as_view(), name="api-pipelines-import"),
    path(f"{W}/pipelines/from-run", FromRun.as_view(), name="api-pipelines-from-run"),
    path(f"{P}/problems", Problems.as_view(), name="api-pipeline-problems"),
    path(f"{P}/export", Export.as_view(), name="api-pipeline-export"),
]
