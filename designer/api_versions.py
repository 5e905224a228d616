"""Versions, history and comments of a draft over JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from designer.api_drafts import PipelineView
from designer.serializers import (
    CommentChangeSerializer,
    NewCommentSerializer,
    NewVersionSerializer,
    comment_entry,
    history_entry,
    version_summary,
)
from designer.services import comments, versions
from studio.lib.pages import Page
from studio.workspaces.access import person


class ListView(PipelineView):
    """A list that belongs to one draft."""

    def paged(self, rows: Any, entry: Callable[[Any], dict[str, Any]]) -> Response:
        pager = Page()
        items: list[Any] = pager.paginate_queryset(rows, self.request, view=self) or []
        return pager.get_paginated_response([entry(item) for item in items])


class VersionList(ListView):
    """The checkpoints of a draft."""

    operations = {"get": "designer.read", "post": "designer.write"}

    @extend_schema(operation_id="pipeline_versions_list", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str, guid: str) -> Response:
        rows = self.get_pipeline().versions.defer("graph").select_related("author")
        return self.paged(rows, version_summary)

    @extend_schema(
        operation_id="pipeline_versions_create",
        request=NewVersionSerializer,
        responses={201: OpenApiTypes.OBJECT},
    )
    def post(self, request: Request, workspace: str, guid: str) -> Response:
        pipeline = self.get_pipeline()
        body = NewVersionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = versions.create_version(
            pipeline=pipeline, user=person(request), **body.validated_data
        )
        return Response(version_summary(made), status=status.HTTP_201_CREATED)


class VersionDetail(PipelineView):
    """One checkpoint with its graph."""

    operations = {"get": "designer.read"}

    @extend_schema(operation_id="pipeline_versions_show", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str, guid: str, number: int) -> Response:
        version = versions.version_of(self.get_pipeline(), number)
        return Response({**version_summary(version), "graph": version.graph})


class VersionRestore(PipelineView):
    """Brings a checkpoint back into the live draft."""

    operations = {"post": "designer.write"}

    @extend_schema(
        operation_id="pipeline_versions_restore", request=None, responses=OpenApiTypes.OBJECT
    )
    def post(self, request: Request, workspace: str, guid: str, number: int) -> Response:
        restored = versions.restore_version(
            pipeline=self.get_pipeline(), user=person(request), number=number
        )
        return Response(self.detail(restored))


class Diff(PipelineView):
    """What leads from one version to another."""

    operations = {"get": "designer.read"}

    @extend_schema(
        operation_id="pipeline_diff",
        parameters=[
            OpenApiParameter(name, description="a version's number, or draft") for name in "ab"
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, workspace: str, guid: str) -> Response:
        asked = request.query_params
        found = versions.compare(
            pipeline=self.get_pipeline(),
            before=asked.get("a", versions.DRAFT),
            after=asked.get("b", versions.DRAFT),
        )
        return Response(found)


class History(ListView):
    """Who changed what, the newest first."""

    operations = {"get": "designer.read"}

    @extend_schema(operation_id="pipeline_history", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str, guid: str) -> Response:
        return self.paged(versions.history(self.get_pipeline()), history_entry)


class CommentList(ListView):
    """What people say about a draft; `?node=` chooses one module's."""

    operations = {"get": "designer.read", "post": "designer.write"}

    @extend_schema(operation_id="pipeline_comments_list", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str, guid: str) -> Response:
        rows = self.get_pipeline().comments.select_related("author", "resolved_by")
        if "node" in request.query_params:
            rows = rows.filter(node=request.query_params["node"])
        return self.paged(rows, comment_entry)

    @extend_schema(
        operation_id="pipeline_comments_create",
        request=NewCommentSerializer,
        responses={201: OpenApiTypes.OBJECT},
    )
    def post(self, request: Request, workspace: str, guid: str) -> Response:
        pipeline = self.get_pipeline()
        body = NewCommentSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = comments.add_comment(pipeline=pipeline, user=person(request), **body.validated_data)
        return Response(comment_entry(made), status=status.HTTP_201_CREATED)


class CommentDetail(PipelineView):
    """Settles a comment, or opens it again."""

    operations = {"patch": "designer.write"}

    @extend_schema(
        operation_id="pipeline_comments_change",
        request=CommentChangeSerializer,
        responses=OpenApiTypes.OBJECT,
    )
    def patch(self, request: Request, workspace: str, guid: str, comment: int) -> Response:
        found = comments.comment_of(self.get_pipeline(), comment)
        body = CommentChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        changed = comments.resolve_comment(
            comment=found, user=person(request), resolved=body.validated_data["resolved"]
        )
        return Response(comment_entry(changed))


P = "workspaces/<str:workspace>/pipelines/<str:guid>"
V = f"{P}/versions"

urlpatterns = [
    path(V, VersionList.as_view(), name="api-pipeline-versions"),
    path(f"{V}/<int:number>", VersionDetail.as_view(), name="api-pipeline-version"),
    path(f"{V}/<int:number>/restore", VersionRestore.as_view(), name="api-pipeline-restore"),
    path(f"{P}/diff", Diff.as_view(), name="api-pipeline-diff"),
    path(f"{P}/history", History.as_view(), name="api-pipeline-history"),
    path(f"{P}/comments", CommentList.as_view(), name="api-pipeline-comments"),
    path(f"{P}/comments/<int:comment>", CommentDetail.as_view(), name="api-pipeline-comment"),
]
