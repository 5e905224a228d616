"""Drafts over JSON: list, make, read, save, rename, delete."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from designer import journal
from designer.access import pipeline_of
from designer.models import Pipeline
from designer.serializers import (
    DraftSerializer,
    NewPipelineSerializer,
    PipelineChangeSerializer,
    pipeline_detail,
    pipeline_summary,
)
from designer.services import drafts
from officina.errors import StudioError
from studio.lib.pages import Page
from studio.lib.parsers import MAX_BYTES
from studio.workspaces.access import WorkspaceViewMixin, person
from studio.workspaces.idempotency import idempotent


class PipelineView(WorkspaceViewMixin, APIView):
    """What the views of one draft share: finding it within the workspace."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        size = request.META.get("CONTENT_LENGTH") or "0"
        if size.isdecimal() and int(size) > MAX_BYTES:
            raise StudioError(
                f"The request has {int(size) / 2**20:,.0f} MiB; {MAX_BYTES >> 20} MiB is the most.",
                hint="Register the data as a data asset, and read it with the module Data asset.",
                where="body",
                code="too_large",
            )

    def get_pipeline(self, *, deleted: bool = False) -> Pipeline:
        return pipeline_of(self.workspace, self.kwargs["guid"], deleted=deleted)

    def detail(self, pipeline: Pipeline) -> dict[str, Any]:
        """Return the draft with its graph brought up to the last stored edit."""
        last = drafts.last_runs([pipeline]).get(pipeline.guid)
        return pipeline_detail(journal.refresh(pipeline), last)


class PipelineList(PipelineView):
    """The workspace's drafts."""

    operations = {"get": "designer.read", "post": "designer.write"}

    @extend_schema(operation_id="pipelines_list", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str) -> Response:
        asked = request.query_params
        rows = drafts.drafts(
            self.workspace,
            text=asked.get("q", ""),
            archived=asked.get("archived") == "true",
            owner=asked.get("owner", ""),
        )
        pager = Page()
        page = pager.paginate_queryset(rows, request, view=self) or []
        last = drafts.last_runs(page)
        return pager.get_paginated_response([pipeline_summary(p, last.get(p.guid)) for p in page])

    @extend_schema(
        operation_id="pipelines_create",
        request=NewPipelineSerializer,
        responses={201: OpenApiTypes.OBJECT},
    )
    @idempotent
    def post(self, request: Request, workspace: str) -> Response:
        body = NewPipelineSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        sample = given.pop("from_sample")
        if sample:
            given["graph"] = drafts.sample_graph(sample)
            given["description"] = given.get("description") or drafts.sample_text(sample)
        pipeline = drafts.create_draft(workspace=self.workspace, user=person(request), **given)
        return Response(self.detail(pipeline), status=status.HTTP_201_CREATED)


class PipelineDetail(PipelineView):
    """One draft."""

    operations = {"get": "designer.read", "patch": "designer.write", "delete": "designer.write"}

    @extend_schema(operation_id="pipelines_show", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str, guid: str) -> Response:
        archived = request.query_params.get("archived") == "true"
        return Response(self.detail(self.get_pipeline(deleted=archived)))

    @extend_schema(
        operation_id="pipelines_change",
        request=PipelineChangeSerializer,
        responses=OpenApiTypes.OBJECT,
    )
    def patch(self, request: Request, workspace: str, guid: str) -> Response:
        pipeline = self.get_pipeline()
        body = PipelineChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        changed = drafts.change_draft(
            pipeline=pipeline, user=person(request), **body.validated_data
        )
        return Response(self.detail(changed))

    @extend_schema(operation_id="pipelines_delete", responses={204: None})
    def delete(self, request: Request, workspace: str, guid: str) -> Response:
        drafts.delete_draft(pipeline=self.get_pipeline(), user=person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class PipelineUndelete(PipelineView):
    """Brings a deleted draft back."""

    operations = {"post": "designer.write"}

    @extend_schema(operation_id="pipelines_undelete", request=None, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, workspace: str, guid: str) -> Response:
        pipeline = self.get_pipeline(deleted=True)
        return Response(self.detail(drafts.undelete_draft(pipeline=pipeline, user=person(request))))


class PipelineDraft(PipelineView):
    """The graph of a draft, saved whole."""

    operations = {"put": "designer.write"}

    @extend_schema(
        operation_id="pipelines_save", request=DraftSerializer, responses=OpenApiTypes.OBJECT
    )
    def put(self, request: Request, workspace: str, guid: str) -> Response:
        pipeline = self.get_pipeline()
        body = DraftSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        saved = drafts.save_draft(pipeline=pipeline, user=person(request), **body.validated_data)
        return Response(self.detail(saved))


W = "workspaces/<str:workspace>"
P = f"{W}/pipelines/<str:guid>"

urlpatterns = [
    path(f"{W}/pipelines", PipelineList.as_view(), name="api-pipelines"),
    path(f"{P}", PipelineDetail.as_view(), name="api-pipeline"),
    path(f"{P}/undelete", PipelineUndelete.as_view(), name="api-pipeline-undelete"),
    path(f"{P}/draft", PipelineDraft.as_view(), name="api-pipeline-draft"),
]
