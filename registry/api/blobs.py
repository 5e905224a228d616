"""Blobs and trees: how a client stores a folder, sending only what is not there yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from officina.errors import StudioError
from officina.storage import Entry, frames, trees
from registry import services
from studio.lib import limits
from studio.workspaces.access import WorkspaceViewMixin

CHUNK = 256 << 10
MOST_FILES = 200_000


class RawParser(BaseParser):
    """Leaves the body unread: blobs go to the store chunk by chunk, whatever type they claim."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream


class BlobView(WorkspaceViewMixin, APIView):
    """One file's bytes, under the digest that they must have."""

    operations = {"put": "runs.submit"}
    takes = {"PUT": limits.FILE}
    parser_classes = (RawParser,)

    @extend_schema(
        operation_id="blobs_put",
        request={"application/octet-stream": bytes},
        responses={201: OpenApiTypes.OBJECT},
    )
    def put(self, request: Request, workspace: str, sha256: str) -> Response:
        row = services.receive_blob(
            workspace=self.workspace, sha256=sha256, chunks=chunks_of(request), limit=limits.FILE
        )
        return Response({"sha256": row.sha256, "size": row.size}, status=status.HTTP_201_CREATED)


class BlobBatch(WorkspaceViewMixin, APIView):
    """Many small files in one body, each a line `<sha256> <size>` and then its bytes."""

    operations = {"put": "runs.submit"}
    takes = {"PUT": frames.LARGEST_BODY}
    parser_classes = (RawParser,)

    @extend_schema(
        operation_id="blobs_put_many",
        request={"application/octet-stream": bytes},
        responses={201: OpenApiTypes.OBJECT},
    )
    def put(self, request: Request, workspace: str) -> Response:
        stored = services.receive_blobs(
            workspace=self.workspace, files=frames.unpack(request._request.read)
        )
        return Response({"stored": stored}, status=status.HTTP_201_CREATED)


def chunks_of(request: Request) -> Iterator[bytes]:
    while chunk := request.read(CHUNK):
        yield chunk


class TreeView(WorkspaceViewMixin, APIView):
    """A folder's manifest: tells which files are missing, and stores it once none is."""

    operations = {"post": "runs.submit"}
    # A list of 200,000 files with long names.
    takes = {"POST": 64 << 20}

    @extend_schema(
        operation_id="trees_post", request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT
    )
    def post(self, request: Request, workspace: str) -> Response:
        files = entries_of(request.data)
        missing = services.missing_blobs(workspace=self.workspace, files=files)
        if missing:
            return Response(
                {"digest": trees.build(files)[0].digest, "missing": missing, "stored": False}
            )
        tree = services.receive_tree(workspace=self.workspace, files=files)
        return Response({"digest": tree.digest, "missing": [], "stored": True})


def entries_of(body: Any) -> dict[str, Entry]:
    files = body.get("files") if isinstance(body, dict) else None
    if not isinstance(files, dict) or len(files) > MOST_FILES:
        raise StudioError(f"A tree is an object with `files`, at most {MOST_FILES}.", where="files")
    return trees.entries(files)
