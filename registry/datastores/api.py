"""Datastores over JSON: make, test, browse, read, upload, and register data from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponseBase
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from officina.data.samples import SAMPLES
from officina.errors import StudioError
from officina.parameters import Param
from officina.storage import datastores
from registry.api.shapes import AssetVersionSerializer, registered
from registry.datastores import looking, registering, services
from registry.models import Datastore
from studio.lib import limits
from studio.lib.files import UserFileResponse
from studio.lib.parsers import JSONParser
from studio.workspaces.access import WorkspaceViewMixin, person, require

CHUNK = 256 << 10
WORDS_FOR_YES = frozenset({"1", "true", "yes", "on"})


class RawParser(BaseParser):
    """Leaves a body of any type unread, so that a file is never in memory whole."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream


def field_of(param: Param, *, secret: bool = False) -> dict[str, Any]:
    """Return a parameter as a form's field."""
    return {"name": param.name, "title": param.title, "secret": secret, **param.to_spec()}


def form_of(kind: datastores.Kind) -> dict[str, Any]:
    """Return a kind with the fields of its form."""
    return {
        "name": kind.name, "title": kind.title, "azureType": kind.azure_type, "gives": kind.gives,
        "help": kind.help, "icon": kind.icon,
        "fields": [field_of(p) for p in kind.params]
        + [field_of(p, secret=True) for p in kind.secrets],
    }  # fmt: skip


class DatastoreView(WorkspaceViewMixin, APIView):
    """What the views of datastores share."""

    kwargs: dict[str, Any]

    def row(self) -> Datastore:
        return services.find(workspace=self.workspace, name=self.kwargs["name"])

    def body(self) -> dict[str, Any]:
        data = self.request.data
        if not isinstance(data, dict):
            raise StudioError("The body is a JSON object.", where="body")
        return data

    def asked(self, name: str) -> str:
        return str(self.request.query_params.get(name, ""))


class DatastoreList(DatastoreView):
    """The datastores of a workspace; POST {"name", "kind", "config"} makes one."""

    operations = {"get": "registry.read", "post": "registry.write"}

    @extend_schema(operation_id="datastores_list", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str) -> Response:
        items = [services.shown(row) for row in services.rows(self.workspace)]
        return Response({"items": items, "total": len(items)})

    @extend_schema(operation_id="datastores_create", request=dict, responses={201: dict})
    def post(self, request: Request, workspace: str) -> Response:
        body = self.body()
        row = services.create(
            workspace=self.workspace, name=str(body.get("name") or ""),
            kind=str(body.get("kind") or ""), config=_object(body.get("config")),
            description=str(body.get("description") or ""), user=person(request),
        )  # fmt: skip
        return Response(services.shown(row), status=status.HTTP_201_CREATED)


class DatastoreKinds(DatastoreView):
    """The kinds of datastores and what each asks for."""

    operations = {"get": "registry.read"}

    @extend_schema(operation_id="datastores_kinds", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str) -> Response:
        return Response({"items": [form_of(kind) for kind in datastores.KINDS.values()]})


class DatastoreTry(DatastoreView):
    """Whether what a form holds would answer; nothing is kept."""

    operations = {"post": "registry.write"}

    @extend_schema(operation_id="datastores_try", request=dict, responses=dict)
    def post(self, request: Request, workspace: str) -> Response:
        body = self.body()
        kind = str(body.get("kind") or "")
        return Response(services.try_out(kind=kind, config=_object(body.get("config"))))


class DatastoreDetail(DatastoreView):
    """One datastore; its credentials can be replaced and never read."""

    operations = {"get": "registry.read", "patch": "registry.write", "delete": "registry.delete"}

    @extend_schema(operation_id="datastores_get", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        return Response(services.shown(self.row()))

    @extend_schema(operation_id="datastores_update", request=dict, responses=dict)
    def patch(self, request: Request, **_: str) -> Response:
        body = self.body()
        config = _object(body["config"]) if "config" in body else None
        row = services.update(
            self.row(), user=person(request), config=config, is_default=body.get("isDefault")
        )
        return Response(services.shown(row))

    @extend_schema(operation_id="datastores_delete", responses={204: None})
    def delete(self, request: Request, **_: str) -> Response:
        services.delete(self.row(), user=person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class DatastoreTest(DatastoreView):
    """Whether a datastore answers, and why not."""

    operations = {"post": "registry.read"}

    @extend_schema(operation_id="datastores_test", request=None, responses=dict)
    def post(self, request: Request, **_: str) -> Response:
        return Response(services.test(self.row(), user=person(request)))


class DatastoreBrowse(DatastoreView):
    """A page of a folder (`?path=&after=&limit=`), or the tables of a database."""

    operations = {"get": "registry.read"}

    @extend_schema(operation_id="datastores_browse", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        limit = self.asked("limit") or "200"
        if not limit.isdigit():
            raise StudioError(f"{limit[:20]!r} is not a count.", where="limit")
        return Response(
            looking.page(
                self.row(), user=person(request), path=self.asked("path").strip("/"),
                after=self.asked("after"), limit=int(limit),
            )
        )  # fmt: skip


class DatastorePreview(DatastoreView):
    """The beginning of a file (`path`) or of a query's rows (`query` or `table`)."""

    operations = {"post": "registry.read"}

    @extend_schema(operation_id="datastores_preview", request=dict, responses=dict)
    def post(self, request: Request, **_: str) -> Response:
        body = self.body()
        if body.get("query"):
            # Whoever writes a query reads all that the credentials may, and calls any function.
            require(request.user, self.workspace, "registry.write")
        return Response(
            looking.preview(
                self.row(), user=person(request), path=str(body.get("path") or ""),
                query=str(body.get("query") or ""), table=str(body.get("table") or ""),
            )
        )  # fmt: skip


class DatastoreFile(DatastoreView):
    """One file: GET its bytes, PUT a body (`?overwrite=true` replaces one that is there)."""

    operations = {"get": "registry.read", "put": "registry.write"}
    takes = {"PUT": limits.FILE}
    parser_classes = [RawParser]

    @extend_schema(operation_id="datastores_file", responses=bytes)
    def get(self, request: Request, **_: str) -> HttpResponseBase:
        return send_file(self.row(), self.kwargs["path"], person(request))

    @extend_schema(operation_id="datastores_upload", request=bytes, responses={201: dict})
    def put(self, request: Request, **_: str) -> Response:
        where = self.kwargs["path"]
        size = services.upload(
            self.row(), path=where, chunks=_chunks(request._request),
            overwrite=self.asked("overwrite").lower() in WORDS_FOR_YES, user=person(request),
        )  # fmt: skip
        return Response({"path": where, "size": size}, status=status.HTTP_201_CREATED)


def send_file(row: Datastore, where: str, user: Any) -> UserFileResponse:
    """Send a file of a datastore as a download."""
    place = services.files(row, user=user, reason="download")
    size = place.size(where)
    source = place.open(where)
    if size is None:
        size = source.seek(0, 2)
        source.seek(0)
    return UserFileResponse(source, name=where, size=size, download=True)


class DatastoreRegister(DatastoreView):
    """Makes the next version of a data asset: {"asset", "path" | "table" | "query"}.

    What takes long is done by a run: 202 and {"run": {"guid", "name", "url"}, "asset"}.
    """

    operations = {"post": "registry.write"}
    parser_classes = [JSONParser]

    @extend_schema(
        operation_id="datastores_register", request=dict, responses={201: dict, 202: dict}
    )
    def post(self, request: Request, **_: str) -> Response:
        body = self.body()
        version = looking.register(
            self.row(), user=person(request), path=str(body.get("path") or ""),
            query=str(body.get("query") or ""), table=str(body.get("table") or ""),
            asset=str(body.get("asset") or ""), description=str(body.get("description") or ""),
        )  # fmt: skip
        return registered(version)


class SampleList(DatastoreView):
    """The sample tables; POST {"name"} registers one as data."""

    operations = {"get": "registry.read", "post": "registry.write"}

    @extend_schema(operation_id="samples_list", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str) -> Response:
        return Response({"items": [vars(sample) for sample in SAMPLES.values()]})

    @extend_schema(operation_id="samples_register", request=dict, responses={201: dict})
    def post(self, request: Request, workspace: str) -> Response:
        body = self.body()
        version = registering.register_sample(
            workspace=self.workspace, name=str(body.get("name") or ""),
            asset=str(body.get("asset") or ""), user=person(request),
        )  # fmt: skip
        return Response(AssetVersionSerializer(version).data, status=status.HTTP_201_CREATED)


def _object(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise StudioError("config is an object.", where="config")
    return value


def _chunks(request: Any) -> Iterator[bytes]:
    while chunk := request.read(CHUNK):
        yield chunk


BASE = "workspaces/<str:workspace>/datastores"
ONE = f"{BASE}/<str:name>"
urlpatterns = [
    path(BASE, DatastoreList.as_view(), name="api-datastores"),
    path(f"{BASE}:kinds", DatastoreKinds.as_view(), name="api-datastore-kinds"),
    path(f"{BASE}:try", DatastoreTry.as_view(), name="api-datastore-try"),
    path("workspaces/<str:workspace>/samples/data", SampleList.as_view(), name="api-data-samples"),
    path(ONE, DatastoreDetail.as_view(), name="api-datastore"),
    path(f"{ONE}/test", DatastoreTest.as_view(), name="api-datastore-test"),
    path(f"{ONE}/browse", DatastoreBrowse.as_view(), name="api-datastore-browse"),
    path(f"{ONE}/preview", DatastorePreview.as_view(), name="api-datastore-preview"),
    path(f"{ONE}/register", DatastoreRegister.as_view(), name="api-datastore-register"),
    path(f"{ONE}/files/<path:path>", DatastoreFile.as_view(), name="api-datastore-file"),
]
