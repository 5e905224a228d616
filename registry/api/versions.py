"""One version of an asset over JSON: its files, who uses it, its shares and its stage."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from officina.errors import StudioError
from officina.storage import Tree
from registry import curated, downloads, lineage, services
from registry.api.shapes import AssetVersionSerializer, RegistryView, StageRequestSerializer
from registry.inspection import inspect_model
from registry.models import AssetVersion, StageRequest
from studio.lib.files import UserFileResponse
from studio.workspaces.access import require
from studio.workspaces.models import Workspace


class VersionDetail(RegistryView):
    """One version: `latest` and labels stand for a number too."""

    operations = {"get": "registry.read", "patch": "registry.write", "delete": "registry.delete"}

    @extend_schema(operation_id="versions_get", responses=AssetVersionSerializer)
    def get(self, request: Request, **_: str) -> Response:
        if (one := self.curated) is not None:
            return Response(curated.as_version(self.workspace, one))
        return Response(AssetVersionSerializer(self.version()).data)

    @extend_schema(
        operation_id="versions_update",
        request=OpenApiTypes.OBJECT,
        responses=AssetVersionSerializer,
    )
    def patch(self, request: Request, **_: str) -> Response:
        body, row = self.body(), self.version()
        if "archived" in body:
            require(request.user, self.workspace, "registry.delete")
            verb = services.archive if body["archived"] else services.restore
            verb(**self.at(), version=row.version, user=request.user)
        fields = ("description", "tags", "properties", "stage")
        changes = {name: body[name] for name in fields if name in body}
        row.refresh_from_db()
        services.update(row, **changes, user=request.user)
        return Response(AssetVersionSerializer(row).data)

    @extend_schema(operation_id="versions_delete", responses={200: OpenApiTypes.OBJECT})
    def delete(self, request: Request, **_: str) -> Response:
        """Say what would be deleted; `?confirm=true` deletes, `&force=true` also what is in use."""
        plan = services.delete(
            self.version(), confirm=self.truth("confirm"), force=self.truth("force"),
            user=request.user,
        )  # fmt: skip
        return Response(plan)


class VersionFiles(RegistryView):
    """The files of a version."""

    operations = {"get": "registry.read"}

    @extend_schema(operation_id="versions_files", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        tree = tree_of(self.version())
        prefix = request.query_params.get("prefix", "")
        names = [name for name in tree.files if name.startswith(prefix)]
        return self.page(names, _files_of(tree))


def _files_of(tree: Tree) -> Any:
    class Files:
        def __init__(self, names: list[str], many: bool) -> None:
            self.data = [{"path": name, **tree.files[name].as_json()} for name in names]

    return Files


def tree_of(version: AssetVersion) -> Tree:
    """Return a version's files; an empty tree where it has none."""
    if not version.tree:
        return Tree("", {})
    return services.open_tree(workspace=version.asset.workspace, digest=version.tree)


class VersionFile(RegistryView):
    """One file of a version, byte for byte."""

    operations = {"get": "registry.read"}

    @extend_schema(operation_id="versions_file", responses=bytes)
    def get(self, request: Request, **_: str) -> HttpResponseBase:
        version, path = self.version(), self.kwargs["path"]
        entry = tree_of(version).files.get(path)
        if entry is None:
            raise StudioError(f"{version} has no file {path!r}.", where="path", code="not_found")
        return send_file(request, path, entry)


def send_file(request: Any, path: str, entry: Any) -> UserFileResponse:
    """Send a stored file as a download; `Range` asks for a part."""
    return UserFileResponse(
        services.store().open(entry.sha256),
        name=path,
        size=entry.size,
        download=True,
        part=request.headers.get("Range", ""),
    )


class VersionDownload(RegistryView):
    """A whole version: its one file as it is, several as a zip (`?zip=true` always)."""

    operations = {"get": "registry.read"}

    @extend_schema(operation_id="versions_download", responses=bytes)
    def get(self, request: Request, **_: str) -> HttpResponseBase:
        return send_version(request, self.version(), as_zip=self.truth("zip"))


def send_version(request: Any, version: AssetVersion, *, as_zip: bool = False) -> HttpResponseBase:
    """Stream a version's file, or a zip of its files."""
    tree = tree_of(version)
    if not tree.files:
        raise StudioError(f"{version} holds no files.", where="version", code="not_found")
    only = tree.only_file()
    if only is not None and not as_zip:
        return send_file(request, only, tree.files[only])
    answer = StreamingHttpResponse(downloads.zip_of(tree.files), content_type="application/zip")
    name = f"{version.asset.name}-{version.version}.zip"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer


class VersionLineage(RegistryView):
    """All that led to a version and all that came of it, as nodes and edges."""

    operations = {"get": "registry.read"}

    @extend_schema(operation_id="versions_lineage", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        version = self.version()
        return Response(lineage.graph(self.workspace, version.end))


class VersionDependents(RegistryView):
    """What uses a version, and whether it would break without it."""

    operations = {"get": "registry.read"}

    @extend_schema(operation_id="versions_dependents", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        return Response({"dependents": services.dependents(self.version())})


class ModelInspection(RegistryView):
    """A model's flavours, signature and pickle scan, found without loading anything."""

    operations = {"get": "registry.read"}

    @extend_schema(operation_id="versions_inspection", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        return Response(inspect_model(tree_of(self.version())))


class VersionShares(RegistryView):
    """The workspaces that a version is shared with; POST {"workspace"} adds one."""

    operations = {
        "get": "registry.read", "post": "registry.write", "delete": "registry.write",
    }  # fmt: skip

    @extend_schema(operation_id="shares_list", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        row = self.version()
        names = row.shares.values_list("workspace__name", flat=True)
        return Response({"reference": row.shared_reference, "workspaces": list(names)})

    @extend_schema(operation_id="shares_add", request=OpenApiTypes.OBJECT, responses={201: dict})
    def post(self, request: Request, **_: str) -> Response:
        row = self.version()
        services.share(row, self._other(), user=request.user)
        return Response({"reference": row.shared_reference}, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="shares_remove", request=OpenApiTypes.OBJECT, responses={204: None})
    def delete(self, request: Request, **_: str) -> Response:
        row = self.version()
        name = str(self.body().get("workspace") or "")
        share = row.shares.filter(workspace__name__iexact=name).first()
        if share is None:
            raise StudioError(f"It is not shared with {name!r}.", code="not_found")
        services.unshare(row, share.workspace, user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _other(self) -> Workspace:
        """Return the workspace named in the body; only one's own may be named."""
        return workspace_to_share(self.request.user, self.body().get("workspace"))


def workspace_to_share(user: Any, name: Any) -> Workspace:
    """Return a workspace in which the person may register assets; others do not exist for them."""
    found = Workspace.objects.visible_to(user).filter(name__iexact=str(name or "")).first()
    if found is None:
        raise StudioError(
            f"There is no workspace {str(name or '')!r} that you belong to.",
            where="workspace",
            code="not_found",
        )
    require(user, found, "registry.write")
    return found


class VersionStageRequests(RegistryView):
    """Wishes to move a model version to a stage; POST {"stage", "note"} asks."""

    operations = {"get": "registry.read", "post": "registry.write"}

    @extend_schema(
        operation_id="versions_stage_requests", responses=StageRequestSerializer(many=True)
    )
    def get(self, request: Request, **_: str) -> Response:
        return self.page(self.version().stage_requests.all(), StageRequestSerializer)

    @extend_schema(
        operation_id="versions_stage_request",
        request=OpenApiTypes.OBJECT,
        responses={201: StageRequestSerializer},
    )
    def post(self, request: Request, **_: str) -> Response:
        body = self.body()
        row = services.request_stage(
            self.version(), stage=str(body.get("stage") or ""), note=str(body.get("note") or ""),
            user=request.user,
        )  # fmt: skip
        return Response(StageRequestSerializer(row).data, status=status.HTTP_201_CREATED)


class StageRequests(RegistryView):
    """Every wish of the workspace, `?state=pending` those that wait."""

    operations = {"get": "registry.read"}

    @extend_schema(operation_id="stage_requests_list", responses=StageRequestSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        rows = StageRequest.objects.filter(version__asset__workspace=self.workspace).select_related(
            "version__asset", "requested_by", "decided_by"
        )
        if state := request.query_params.get("state"):
            rows = rows.filter(state=state)
        return self.page(rows, StageRequestSerializer)


class StageRequestDetail(RegistryView):
    """One wish; POST {"approve": true} decides it."""

    operations = {"get": "registry.read", "post": "registry.approve"}

    @extend_schema(operation_id="stage_requests_get", responses=StageRequestSerializer)
    def get(self, request: Request, workspace: str, number: int) -> Response:
        return Response(StageRequestSerializer(self._row(number)).data)

    @extend_schema(
        operation_id="stage_requests_decide",
        request=OpenApiTypes.OBJECT,
        responses=StageRequestSerializer,
    )
    def post(self, request: Request, workspace: str, number: int) -> Response:
        row, body = self._row(number), self.body()
        if not isinstance(body.get("approve"), bool):
            raise StudioError("Say approve: true or false.", where="approve")
        services.decide(
            row, approve=body["approve"], note=str(body.get("note") or ""), user=request.user
        )
        return Response(StageRequestSerializer(row).data)

    def _row(self, number: int) -> StageRequest:
        return stage_request(self.workspace, number)


def stage_request(workspace: Workspace, number: int) -> StageRequest:
    """Return a workspace's own request."""
    row = StageRequest.objects.filter(pk=number, version__asset__workspace=workspace).first()
    if row is None:
        raise StudioError("There is no such request.", where="request", code="not_found")
    return row
