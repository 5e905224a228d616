"""Runs over JSON: submit, list, look, cancel, logs, files."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from officina.documents import load_job
from officina.errors import StudioError
from registry import services as registry
from studio.lib.files import UserFileResponse
from studio.lib.pages import Page
from studio.runs import listing, logs, services
from studio.runs.models import Experiment, Run
from studio.runs.serializers import (
    ArtifactSerializer,
    ExperimentSerializer,
    NewRunSerializer,
    RerunSerializer,
    RunChangeSerializer,
    RunDetailSerializer,
    RunSerializer,
)
from studio.runs.services.creating import label_run
from studio.workspaces.access import WorkspaceViewMixin
from studio.workspaces.idempotency import idempotent


class RunView(WorkspaceViewMixin, APIView):
    """What the views of one run share: finding it by guid or name inside the workspace."""

    def get_run(self, guid: str = "") -> Run:
        wanted = guid or self.kwargs["guid"]
        run = (
            Run.objects.filter(workspace=self.workspace)
            .filter(Q(guid=wanted) | Q(name=wanted))
            .select_related(
                "experiment", "owner", "compute", "parent", "root", "reused_from", "workspace"
            )
            .first()
        )
        if run is None:
            raise StudioError(
                f"There is no run {wanted!r} in workspace {self.workspace.name}.", code="not_found"
            )
        return run

    def page(self, rows: Any, serializer: type[Any]) -> Response:
        pager = Page()
        if serializer is RunSerializer:
            keys: Any = pager.paginate_queryset(
                rows.values_list("pk", flat=True), self.request, view=self
            )
            items: list[Any] = listing.page_of(list(keys or []))
        else:
            items = list(pager.paginate_queryset(rows, self.request, view=self) or [])
        return pager.get_paginated_response(serializer(items, many=True).data)


def query(name: str, text: str, type_: Any = OpenApiTypes.STR) -> OpenApiParameter:
    return OpenApiParameter(name, type_, OpenApiParameter.QUERY, description=text)


class RunList(RunView):
    """The workspace's runs."""

    operations = {"get": "runs.read", "post": "runs.submit"}

    @extend_schema(
        operation_id="runs_list",
        parameters=[query(name, "see docs/api.md") for name in listing.FILTERS],
        responses=RunSerializer(many=True),
    )
    def get(self, request: Request, workspace: str) -> Response:
        runs = Run.objects.shown().filter(workspace=self.workspace)
        rows = listing.filter_runs(runs, request.query_params.dict())
        return self.page(rows, RunSerializer)

    @extend_schema(
        operation_id="runs_submit", request=NewRunSerializer, responses={201: RunDetailSerializer}
    )
    @idempotent
    def post(self, request: Request, workspace: str) -> Response:
        body = NewRunSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        # The same reader as for YAML: an unknown key is refused with the nearest known one.
        document = load_job(body.validated_data.pop("document")).document
        run = services.create_run(
            workspace=self.workspace, user=request.user, document=document, **body.validated_data
        )
        shown = RunDetailSerializer(self.get_run(run.guid)).data
        return Response(shown, status=status.HTTP_201_CREATED)


class RunDetail(RunView):
    """One run."""

    operations = {"get": "runs.read", "patch": "runs.edit"}

    @extend_schema(operation_id="runs_show", responses=RunDetailSerializer)
    def get(self, request: Request, workspace: str, guid: str) -> Response:
        return Response(RunDetailSerializer(self.get_run()).data)

    @extend_schema(
        operation_id="runs_change", request=RunChangeSerializer, responses=RunDetailSerializer
    )
    def patch(self, request: Request, workspace: str, guid: str) -> Response:
        run = self.get_run()
        body = RunChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        archived = body.validated_data.pop("archived", None)
        if archived is not None:
            verb = services.archive if archived else services.restore
            verb(run=run, user=request.user)
        priority = body.validated_data.pop("priority", None)
        if priority is not None:
            services.set_priority(run=run, priority=priority)
        if body.validated_data:
            run.touch(**body.validated_data)
            if "tags" in body.validated_data:
                label_run(run)
        return Response(RunDetailSerializer(run).data)


class RunCancel(RunView):
    """Ask a run to end."""

    operations = {"post": "runs.cancel"}

    @extend_schema(operation_id="runs_cancel", request=None, responses=RunDetailSerializer)
    def post(self, request: Request, workspace: str, guid: str) -> Response:
        run = services.cancel_run(run=self.get_run(), user=request.user)
        return Response(RunDetailSerializer(run).data)


class RunAgain(RunView):
    """Submit a run's document again."""

    operations = {"post": "runs.submit"}

    @extend_schema(
        operation_id="runs_rerun", request=RerunSerializer, responses={201: RunDetailSerializer}
    )
    @idempotent
    def post(self, request: Request, workspace: str, guid: str) -> Response:
        body = RerunSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        run = services.rerun(run=self.get_run(), user=request.user, **body.validated_data)
        run.refresh_from_db()
        return Response(RunDetailSerializer(run).data, status=status.HTTP_201_CREATED)


class RunChildren(RunView):
    """The steps of a pipeline run."""

    operations = {"get": "runs.read"}

    @extend_schema(operation_id="runs_children", responses=RunSerializer(many=True))
    def get(self, request: Request, workspace: str, guid: str) -> Response:
        children = Run.objects.filter(parent=self.get_run()).order_by("created", "pk")
        return self.page(children, RunSerializer)


class RunLog(RunView):
    """A run's log, by byte offset."""

    operations = {"get": "runs.read"}

    @extend_schema(
        operation_id="runs_log",
        parameters=[
            query("offset", "first byte wanted", OpenApiTypes.INT),
            query("limit", "most bytes wanted", OpenApiTypes.INT),
            query("download", "1 for the whole log as a file"),
        ],
        responses={(200, "text/plain"): OpenApiTypes.STR},
    )
    def get(self, request: Request, workspace: str, guid: str) -> HttpResponse:
        run = self.get_run()
        offset = natural(request, "offset", 0)
        part = logs.read_log(run=run, offset=offset, limit=natural(request, "limit", 1 << 20))
        response = HttpResponse(part.data, content_type="text/plain; charset=utf-8")
        headers = {"Offset": part.offset, "Next": part.next, "Size": part.size}
        for name, value in headers.items():
            response[f"X-Log-{name}"] = str(value)
        response["X-Log-Sealed"] = "1" if part.sealed else "0"
        response["Cache-Control"] = "no-store"
        if request.query_params.get("download"):
            response["Content-Disposition"] = f'attachment; filename="{run.guid}.log"'
        return response


def natural(request: Request, name: str, default: int) -> int:
    """Return a whole number of the query, 0 or more; refuse anything else."""
    text = request.query_params.get(name, str(default))
    if not text.isdigit() or len(text) > 15:
        raise StudioError(f"{text!r} is not a whole number.", where=name)
    return int(text)


class RunArtifacts(RunView):
    """The files that a run left."""

    operations = {"get": "runs.read"}

    @extend_schema(operation_id="runs_artifacts", responses=ArtifactSerializer(many=True))
    def get(self, request: Request, workspace: str, guid: str) -> Response:
        run = self.get_run()
        return self.page((run.reused_from or run).artifacts.order_by("path"), ArtifactSerializer)


class RunArtifact(RunView):
    """The bytes of one file that a run left."""

    operations = {"get": "runs.read"}

    @extend_schema(
        operation_id="runs_artifact", responses={(200, "application/octet-stream"): bytes}
    )
    def get(self, request: Request, workspace: str, guid: str, name: str) -> UserFileResponse:
        run = self.get_run()
        artifact = (run.reused_from or run).artifacts.filter(path=name).first()
        if artifact is None:
            raise StudioError(f"The run has no file {name!r}.", code="not_found")
        source = services.artifact_bytes(artifact)
        return UserFileResponse(
            source,
            name=name,
            size=artifact.size,
            download=True,
            part=request.headers.get("Range", ""),
        )


class RunOutputFiles(RunView):
    """The files of one named output."""

    operations = {"get": "runs.read"}

    @extend_schema(operation_id="runs_output_files", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str, guid: str, port: str) -> Response:
        tree = _output_tree(self.get_run(), port)
        items = [
            {"path": name, "sha256": entry.sha256, "size": entry.size}
            for name, entry in sorted(tree.files.items())
        ]
        pager = Page()
        return pager.get_paginated_response(pager.paginate_queryset(items, request, view=self))


class RunOutputFile(RunView):
    """The bytes of one file of a named output."""

    operations = {"get": "runs.read"}

    @extend_schema(
        operation_id="runs_output_file", responses={(200, "application/octet-stream"): bytes}
    )
    def get(
        self, request: Request, workspace: str, guid: str, port: str, name: str
    ) -> UserFileResponse:
        entry = _output_tree(self.get_run(), port).files.get(name)
        if entry is None:
            raise StudioError(f"Output {port} has no file {name!r}.", code="not_found")
        source = registry.store().open(entry.sha256)
        return UserFileResponse(
            source,
            name=name,
            size=entry.size,
            download=True,
            part=request.headers.get("Range", ""),
        )


def _output_tree(run: Run, port: str) -> Any:
    output = run.outputs.get(port)
    if output is None:
        known = ", ".join(run.outputs) or "none yet"
        raise StudioError(
            f"The run has no output {port!r}.", hint=f"It has: {known}.", code="not_found"
        )
    digest = output["uri"].removeprefix("tree:")
    return registry.open_tree(workspace=run.workspace, digest=digest)


class ExperimentList(RunView):
    """The workspace's experiments."""

    operations = {"get": "experiments.read"}

    @extend_schema(operation_id="experiments_list", responses=ExperimentSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        top = Count("runs", filter=Q(runs__parent=None, runs__deleted=None))
        rows = Experiment.objects.filter(workspace=self.workspace).annotate(total=top)
        rows = rows.order_by("name")
        pager = Page()
        items = [
            {
                "name": row.name,
                "description": row.description,
                "archived": row.archived,
                "created": row.created,
                "runs": row.total,
            }
            for row in pager.paginate_queryset(rows, request, view=self) or []
        ]
        return pager.get_paginated_response(items)


BASE = "workspaces/<str:workspace>"
RUN = f"{BASE}/runs/<str:guid>"
urlpatterns = [
    path(f"{BASE}/experiments", ExperimentList.as_view(), name="api-experiments"),
    path(f"{BASE}/runs", RunList.as_view(), name="api-runs"),
    path(RUN, RunDetail.as_view(), name="api-run"),
    path(f"{RUN}/cancel", RunCancel.as_view(), name="api-run-cancel"),
    path(f"{RUN}/rerun", RunAgain.as_view(), name="api-run-rerun"),
    path(f"{RUN}/children", RunChildren.as_view(), name="api-run-children"),
    path(f"{RUN}/log", RunLog.as_view(), name="api-run-log"),
    path(f"{RUN}/artifacts", RunArtifacts.as_view(), name="api-run-artifacts"),
    path(f"{RUN}/artifacts/<path:name>", RunArtifact.as_view(), name="api-run-artifact"),
    path(f"{RUN}/outputs/<str:port>/files", RunOutputFiles.as_view(), name="api-run-output"),
    path(
        f"{RUN}/outputs/<str:port>/files/<path:name>",
        RunOutputFile.as_view(),
        name="api-run-output-file",
    ),
]
