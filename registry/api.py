"""Stored trees and versioned assets over JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from officina.errors import StudioError
from officina.storage import Entry, trees
from registry import services
from registry.models import Asset, AssetKind, AssetVersion
from studio.lib.pages import Page
from studio.workspaces.access import WorkspaceViewMixin

CHUNK = 1 << 20
MOST_BYTES = 50 << 30
MOST_FILES = 200_000


class RawParser(BaseParser):
    """Leaves the body unread: blobs go to the store chunk by chunk, whatever type they claim."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream


class BlobView(WorkspaceViewMixin, APIView):
    """One file's bytes, under the digest that they must have."""

    operations = {"put": "runs.submit"}
    parser_classes = (RawParser,)

    @extend_schema(
        operation_id="blobs_put",
        request={"application/octet-stream": bytes},
        responses={201: OpenApiTypes.OBJECT},
    )
    def put(self, request: Request, workspace: str, sha256: str) -> Response:
        row = services.receive_blob(
            workspace=self.workspace, sha256=sha256, chunks=_chunks(request), limit=MOST_BYTES
        )
        return Response({"sha256": row.sha256, "size": row.size}, status=status.HTTP_201_CREATED)


def _chunks(request: Request) -> Iterator[bytes]:
    while chunk := request.read(CHUNK):
        yield chunk


class TreeView(WorkspaceViewMixin, APIView):
    """A folder's manifest: tells which files are missing, and stores it once none is."""

    operations = {"post": "runs.submit"}

    @extend_schema(
        operation_id="trees_post", request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT
    )
    def post(self, request: Request, workspace: str) -> Response:
        files = _entries(request.data)
        missing = services.missing_blobs(workspace=self.workspace, files=files)
        if missing:
            return Response(
                {"digest": trees.build(files)[0].digest, "missing": missing, "stored": False}
            )
        tree = services.receive_tree(workspace=self.workspace, files=files)
        return Response({"digest": tree.digest, "missing": [], "stored": True})


def _entries(body: Any) -> dict[str, Entry]:
    files = body.get("files") if isinstance(body, dict) else None
    if not isinstance(files, dict) or len(files) > MOST_FILES:
        raise StudioError(f"A tree is an object with `files`, at most {MOST_FILES}.", where="files")
    return trees.entries(files)


class AssetSerializer(serializers.ModelSerializer[Asset]):
    """An asset's name with its newest version."""

    latest = serializers.SerializerMethodField()

    class Meta:
        model = Asset
        fields = ["kind", "name", "description", "tags", "archived", "created", "changed", "latest"]

    def get_latest(self, asset: Asset) -> str | None:
        newest = asset.versions.filter(archived=False).order_by("-number").first()
        return newest.version if newest else None


class AssetVersionSerializer(serializers.ModelSerializer[AssetVersion]):
    """One version of an asset."""

    name = serializers.CharField(source="asset.name")
    kind = serializers.CharField(source="asset.kind")

    class Meta:
        model = AssetVersion
        fields = [
            "kind", "name", "version", "reference", "document", "tree", "size", "description",
            "tags", "run_guid", "archived", "created",
        ]  # fmt: skip


class AssetView(WorkspaceViewMixin, APIView):
    """What the views of assets share."""

    operations = {"get": "registry.read"}

    def kind(self) -> str:
        kind = {"models": "model", "environments": "environment", "components": "component"}.get(
            self.kwargs["kind"], self.kwargs["kind"]
        )
        if kind not in AssetKind.values:
            raise StudioError(
                f"There is no kind of asset {kind!r}.", code="not_found",
                hint=f"Known: {', '.join(AssetKind.values)}.",
            )  # fmt: skip
        return kind

    def page(self, rows: Any, serializer: type[Any]) -> Response:
        pager = Page()
        items: list[Any] | None = pager.paginate_queryset(rows, self.request, view=self)
        return pager.get_paginated_response(serializer(items, many=True).data)


class AssetList(AssetView):
    """The assets of one kind."""

    @extend_schema(operation_id="assets_list", responses=AssetSerializer(many=True))
    def get(self, request: Request, workspace: str, kind: str) -> Response:
        rows = Asset.objects.filter(workspace=self.workspace, kind=self.kind())
        return self.page(rows.order_by("name"), AssetSerializer)


class AssetVersions(AssetView):
    """The versions of one asset, newest first."""

    @extend_schema(operation_id="assets_versions", responses=AssetVersionSerializer(many=True))
    def get(self, request: Request, workspace: str, kind: str, name: str) -> Response:
        services.find(workspace=self.workspace, kind=self.kind(), name=name)
        rows = AssetVersion.objects.select_related("asset").filter(
            asset__workspace=self.workspace, asset__kind=self.kind(), asset__name=name
        )
        return self.page(rows.order_by("-number"), AssetVersionSerializer)


BASE = "workspaces/<str:workspace>"
urlpatterns = [
    path(f"{BASE}/blobs/<str:sha256>", BlobView.as_view(), name="api-blob"),
    path(f"{BASE}/trees", TreeView.as_view(), name="api-trees"),
    path(f"{BASE}/assets/<str:kind>", AssetList.as_view(), name="api-assets"),
    path(f"{BASE}/assets/<str:kind>/<str:name>", AssetVersions.as_view(), name="api-asset"),
]
