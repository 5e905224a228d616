"""Imports and data quality over JSON; a running import asks here what it is to open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from officina.errors import StudioError
from registry import services as registry
from registry.datastores.api import send_file
from studio.automation import services
from studio.automation.services import importing, quality
from studio.lib.pages import Page
from studio.runs.models import Run
from studio.runs.serializers import RunDetailSerializer, RunSerializer
from studio.workspaces.access import WorkspaceViewMixin, person
from studio.workspaces.authentication import run_scope
from studio.workspaces.idempotency import idempotent


class DataView(WorkspaceViewMixin, APIView):
    """What the views of imports and checks share."""

    kwargs: dict[str, Any]

    def body(self) -> dict[str, Any]:
        data = self.request.data
        if not isinstance(data, dict):
            raise StudioError("The body is a JSON object.", where="body")
        return data

    def run_asked(self) -> Run:
        rows = Run.objects.select_related("workspace", "owner")
        run = rows.filter(workspace=self.workspace, guid=self.kwargs["guid"]).first()
        if run is None:
            raise StudioError("There is no such run in this workspace.", code="not_found")
        return run

    def asset(self) -> str:
        """Return the name of the data asset that the address names; an unknown one is not found."""
        name = self.kwargs["name"]
        return registry.named(workspace=self.workspace, kind="data", name=name).name

    def runs_page(self, rows: Any) -> Response:
        pager = Page()
        found = rows.select_related("experiment", "owner", "compute", "parent", "root",
                                    "reused_from", "workspace")  # fmt: skip
        items: list[Any] = pager.paginate_queryset(found, self.request, view=self) or []
        return pager.get_paginated_response(RunSerializer(items, many=True).data)

    def started(self, run: Run) -> Response:
        run.refresh_from_db()
        return Response(RunDetailSerializer(run).data, status=status.HTTP_201_CREATED)


class ImportList(DataView):
    """The imports of a workspace (`?name=` of one asset); POST a `data import` document starts one."""

    operations = {"get": "runs.read", "post": "runs.submit"}

    @extend_schema(operation_id="imports_list", responses=RunSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        name = str(request.query_params.get("name", ""))
        return self.runs_page(services.imports_of(self.workspace, name))

    @extend_schema(operation_id="imports_start", request=dict, responses={201: RunDetailSerializer})
    @idempotent
    def post(self, request: Request, workspace: str) -> Response:
        return self.started(
            services.import_data(
                workspace=self.workspace, user=person(request), document=self.body()
            )
        )


class ImportPreview(DataView):
    """The beginning of what an import would bring; nothing is kept."""

    operations = {"post": "registry.write"}

    @extend_schema(operation_id="imports_preview", request=dict, responses=dict)
    def post(self, request: Request, workspace: str) -> Response:
        return Response(
            importing.preview(workspace=self.workspace, user=person(request), document=self.body())
        )


class OwnImport(DataView):
    """What only the running import itself may ask, with its own token."""

    operations = {"get": "registry.write"}

    def run_asked(self) -> Run:
        scope = run_scope(self.request.auth)
        if scope is None or str(scope["run"]) != self.kwargs["guid"]:
            raise StudioError(
                "What an import opens is given only to jobs: to the import's own run.",
                where="Authorization",
                code="forbidden",
            )
        return super().run_asked()


class ImportOrder(OwnImport):
    """What the import is to open, with the credentials for it."""

    @extend_schema(exclude=True)
    def get(self, request: Request, **_: str) -> Response:
        return Response(
            importing.order_for(self.run_asked()), headers={"Cache-Control": "no-store"}
        )


class ImportFiles(OwnImport):
    """The files that the import takes from a place that only the studio reaches, a line each."""

    @extend_schema(exclude=True)
    def get(self, request: Request, **_: str) -> HttpResponseBase:
        found = importing.files_of(self.run_asked())
        first = next(found)

        def lines() -> Iterator[bytes]:
            yield json.dumps(first).encode() + b"\n"
            for each in found:
                yield json.dumps(each).encode() + b"\n"

        return StreamingHttpResponse(lines(), content_type="application/x-ndjson")


class ImportFile(OwnImport):
    """One of these files."""

    @extend_schema(exclude=True)
    def get(self, request: Request, **_: str) -> HttpResponseBase:
        run, wanted = self.run_asked(), self.kwargs["path"]
        return send_file(importing.file_of(run, wanted), wanted, run.owner)


class QualityRulesView(DataView):
    """The rules of a data asset; PUT {"rules": [...]} declares them."""

    operations = {"get": "registry.read", "put": "registry.write"}

    @extend_schema(operation_id="quality_rules", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        name = self.asset()
        rules = services.rules_of(workspace=self.workspace, name=name)
        return Response({"name": name, "rules": rules})

    @extend_schema(operation_id="quality_rules_set", request=dict, responses=dict)
    def put(self, request: Request, **_: str) -> Response:
        rules = services.set_rules(
            workspace=self.workspace, user=person(request), name=self.kwargs["name"],
            rules=self.body().get("rules"),
        )  # fmt: skip
        return Response({"name": self.kwargs["name"], "rules": rules})


class QualityChecks(DataView):
    """The checks of a data asset's versions; POST {"version"?, "rules"?} starts one."""

    operations = {"get": "runs.read", "post": "runs.submit"}

    @extend_schema(operation_id="quality_checks", responses=RunSerializer(many=True))
    def get(self, request: Request, **_: str) -> Response:
        return self.runs_page(services.checks_of(self.workspace, self.asset()))

    @extend_schema(operation_id="quality_check", request=dict, responses={201: RunDetailSerializer})
    @idempotent
    def post(self, request: Request, **_: str) -> Response:
        body = self.body()
        return self.started(
            services.check_quality(
                workspace=self.workspace, user=person(request), name=self.kwargs["name"],
                version=str(body.get("version") or ""), rules=body.get("rules"),
            )
        )  # fmt: skip


class QualityReport(DataView):
    """What a check, or an import that holds to rules, found."""

    operations = {"get": "runs.read"}

    @extend_schema(operation_id="quality_report", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        found = quality.report_of(self.run_asked())
        if found is None:
            raise StudioError(
                "This run has no quality report.", code="not_found",
                hint="It may still be going, or it checked nothing.",
            )  # fmt: skip
        return Response(found)


W = "workspaces/<str:workspace>"
RUN = f"{W}/runs/<str:guid>"
urlpatterns = [
    path(f"{W}/imports", ImportList.as_view(), name="api-imports"),
    path(f"{W}/imports:preview", ImportPreview.as_view(), name="api-import-preview"),
    path(f"{RUN}/import", ImportOrder.as_view(), name="api-import-order"),
    path(f"{RUN}/import/files", ImportFiles.as_view(), name="api-import-files"),
    path(f"{RUN}/import/files/<path:path>", ImportFile.as_view(), name="api-import-file"),
    path(f"{RUN}/quality", QualityReport.as_view(), name="api-quality-report"),
    path(f"{W}/quality/<str:name>", QualityRulesView.as_view(), name="api-quality-rules"),
    path(f"{W}/quality/<str:name>/checks", QualityChecks.as_view(), name="api-quality-checks"),
]
