"""Uploads that go on where they stopped: begin, send from an offset, finish."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from officina.errors import StudioError
from registry.api.blobs import RawParser, chunks_of
from registry.api.shapes import RegistryView
from registry.models import Upload
from registry.services import uploading
from studio.lib import limits

CHUNK_BYTES = 8 << 20
# How long one request reads what has come.
CHECK_SECONDS = 5.0


def shape(upload: Upload) -> dict[str, Any]:
    """Return what a sender needs to know of its upload."""
    return {
        "upload": upload.guid,
        "name": upload.name,
        "size": upload.size,
        "offset": upload.offset,
        "sha256": upload.sha256 or None,
        "finished": upload.finished,
        "chunk": CHUNK_BYTES,
    }


class UploadList(RegistryView):
    """One's own unfinished uploads; POST {"name", "size", "sha256"?} begins one."""

    operations = {"get": "registry.write", "post": "registry.write"}

    @extend_schema(operation_id="uploads_list", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str) -> Response:
        rows = Upload.objects.filter(
            workspace=self.workspace, user=request.user.pk, finished=False
        ).order_by("-changed")
        return Response({"items": [shape(row) for row in rows]})

    @extend_schema(operation_id="uploads_begin", request=OpenApiTypes.OBJECT, responses={201: dict})
    def post(self, request: Request, workspace: str) -> Response:
        body = self.body()
        upload = uploading.begin_upload(
            workspace=self.workspace,
            user=request.user,
            name=str(body.get("name") or ""),
            size=body.get("size"),
            sha256=str(body.get("sha256") or ""),
        )
        return Response(shape(upload), status=status.HTTP_201_CREATED)


class UploadView(RegistryView):
    """What finding one's own upload takes."""

    def upload(self) -> Upload:
        return uploading.find_upload(
            workspace=self.workspace, user=self.request.user, guid=self.kwargs["upload"]
        )


class UploadDetail(UploadView):
    """One upload: where it stands, the next bytes (header `Upload-Offset`), its end."""

    operations = {"get": "registry.write", "patch": "registry.write", "delete": "registry.write"}
    takes = {"PATCH": limits.FILE}
    parser_classes = (RawParser,)

    @extend_schema(operation_id="uploads_get", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        return Response(shape(self.upload()))

    @extend_schema(
        operation_id="uploads_append",
        request={"application/octet-stream": bytes},
        responses=OpenApiTypes.OBJECT,
    )
    def patch(self, request: Request, **_: str) -> Response:
        upload = self.upload()
        given = request.headers.get("Upload-Offset", "")
        if not given.isdigit() or len(given) > 15:
            raise StudioError(
                "Say where the bytes begin.", hint="Send the header Upload-Offset: <bytes>.",
                where="Upload-Offset",
            )  # fmt: skip
        try:
            uploading.append(upload, offset=int(given), chunks=chunks_of(request))
        except OSError as error:
            # The sender's line was cut; what arrived is kept and counted.
            raise StudioError(
                f"The line was cut; {upload.offset} bytes have arrived.",
                hint="Go on from there.",
                where="Upload-Offset",
            ) from error
        return Response(shape(upload))

    @extend_schema(operation_id="uploads_cancel", responses={204: None})
    def delete(self, request: Request, **_: str) -> Response:
        uploading.cancel_upload(self.upload())
        return Response(status=status.HTTP_204_NO_CONTENT)


class UploadFinish(UploadView):
    """Checks the digest of all bytes and stores them; answers what a tree's entry needs.

    202 and `checked` mean that a large file is read once more, after a restart: ask again until it is 200.
    """

    operations = {"post": "registry.write"}

    @extend_schema(operation_id="uploads_finish", request=None, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, **_: str) -> Response:
        upload = self.upload()
        checked = uploading.check(upload, seconds=CHECK_SECONDS)
        if checked < upload.size:
            return Response({"checked": checked, "size": upload.size}, status=202)
        blob = uploading.finish(upload)
        return Response({"name": upload.name, "sha256": blob.sha256, "size": blob.size})
