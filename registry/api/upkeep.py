"""A workspace's archive, its retention rules and its stages, over JSON; for those who manage it."""

from __future__ import annotations

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from officina.errors import StudioError
from registry import archive, services
from registry.api.shapes import RegistryView
from registry.models import RetentionRule, StoredBlob
from registry.services import retention, staging
from studio.workspaces import audit
from studio.workspaces.models import Workspace

# One request of an import works for so long, then tells where to go on.
IMPORT_SECONDS = 5.0


def send_archive(workspace: Workspace, user: object) -> StreamingHttpResponse:
    """Stream a workspace's archive; taking it is noted."""
    audit.record(workspace=workspace, actor=user, action="registry.export")  # type: ignore[arg-type]
    answer = StreamingHttpResponse(
        archive.export_workspace(workspace), content_type="application/zip"
    )
    answer["Content-Disposition"] = f'attachment; filename="{workspace.name}.zip"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


class Export(RegistryView):
    """The workspace's assets as a zip with a manifest."""

    operations = {"get": "workspace.manage"}

    @extend_schema(operation_id="workspace_export", responses=bytes)
    def get(self, request: Request, workspace: str) -> HttpResponseBase:
        return send_archive(self.workspace, request.user)


class Import(RegistryView):
    """Brings in an archive that was uploaded: POST {"sha256", "confirm"}; without confirm a dry run.

    A large one takes several requests: send the answer's `next` as `after` until it is null.
    """

    operations = {"post": "workspace.manage"}

    @extend_schema(operation_id="workspace_import", request=OpenApiTypes.OBJECT, responses=dict)
    def post(self, request: Request, workspace: str) -> Response:
        body = self.body()
        sha256 = str(body.get("sha256") or "")
        if not StoredBlob.objects.filter(workspace=self.workspace, sha256=sha256).exists():
            raise StudioError(
                "That archive is not stored here.", where="sha256", code="not_found",
                hint="Upload it first: POST .../uploads, PATCH its bytes, POST .../finish.",
            )  # fmt: skip
        with services.store().open(sha256) as source:
            report = archive.import_archive(
                workspace=self.workspace, source=source, confirm=body.get("confirm") is True,
                user=request.user, after=_place(body.get("after")), seconds=IMPORT_SECONDS,
            )  # fmt: skip
        return Response(report)


def _place(value: object) -> archive.Place | None:
    if value is None:
        return None
    part, line = (value.get("part"), value.get("line")) if isinstance(value, dict) else (0, 0)
    if not isinstance(part, str) or isinstance(line, bool) or not isinstance(line, int):
        raise StudioError("Send `next` of the last answer as it came.", where="after")
    return archive.Place(part, line)


class RetentionSerializer(serializers.ModelSerializer[RetentionRule]):
    """A retention rule and what it did last."""

    class Meta:
        model = RetentionRule
        fields = [
            "id", "kind", "pattern", "keep_versions", "min_age_days", "enabled", "last_run",
            "last_result",
        ]  # fmt: skip


class RetentionList(RegistryView):
    """The retention rules; POST adds one."""

    operations = {"get": "registry.read", "post": "workspace.manage"}

    @extend_schema(operation_id="retention_list", responses=RetentionSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        return self.page(self.workspace.retention_rules.all(), RetentionSerializer)

    @extend_schema(
        operation_id="retention_add",
        request=OpenApiTypes.OBJECT,
        responses={201: RetentionSerializer},
    )
    def post(self, request: Request, workspace: str) -> Response:
        body = self.body()
        row = retention.add_rule(
            workspace=self.workspace, kind=str(body.get("kind") or ""),
            pattern=str(body.get("pattern") or "*"), keep_versions=body.get("keep_versions", 10),
            min_age_days=body.get("min_age_days", 30), user=request.user,
        )  # fmt: skip
        return Response(RetentionSerializer(row).data, status=status.HTTP_201_CREATED)


class RetentionDetail(RegistryView):
    """One rule: GET says what it would delete now, POST applies it, DELETE takes it away."""

    operations = {
        "get": "registry.read", "post": "workspace.manage", "delete": "workspace.manage",
    }  # fmt: skip

    @extend_schema(operation_id="retention_plan", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str, number: int) -> Response:
        row = rule_of(self.workspace, number)
        return Response({**RetentionSerializer(row).data, "plan": retention.plan(row)})

    @extend_schema(operation_id="retention_apply", request=None, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, workspace: str, number: int) -> Response:
        return Response(retention.apply_rule(rule_of(self.workspace, number), user=request.user))

    @extend_schema(operation_id="retention_delete", responses={204: None})
    def delete(self, request: Request, workspace: str, number: int) -> Response:
        retention.delete_rule(rule_of(self.workspace, number), user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


def rule_of(workspace: Workspace, number: int) -> RetentionRule:
    """Return a workspace's own rule."""
    row = RetentionRule.objects.filter(workspace=workspace, pk=number).first()
    if row is None:
        raise StudioError("There is no such rule.", where="rule", code="not_found")
    return row


class Stages(RegistryView):
    """The stages of models; PUT {"model_stages", "guarded_stages"} changes them."""

    operations = {"get": "registry.read", "put": "workspace.manage"}

    @extend_schema(operation_id="stages_get", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str) -> Response:
        here = self.workspace
        return Response({"stages": staging.stages(here), "guarded": staging.guarded(here)})

    @extend_schema(operation_id="stages_put", request=OpenApiTypes.OBJECT, responses=dict)
    def put(self, request: Request, workspace: str) -> Response:
        body = self.body()
        lists = {key: body.get(key, []) for key in ("model_stages", "guarded_stages")}
        if not all(isinstance(value, list) for value in lists.values()):
            raise StudioError("Stages are lists of names.", where="guarded_stages")
        staging.set_rules(
            workspace=self.workspace, own=[str(each) for each in lists["model_stages"]],
            guarded_stages=[str(each) for each in lists["guarded_stages"]], user=request.user,
        )  # fmt: skip
        return self.get(request, workspace)
