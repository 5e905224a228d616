"""Work on models over JSON: convert, package, profile, compare, and the packages' bytes."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from officina.errors import StudioError
from registry import services as registry
from registry.models import AssetVersion
from studio.lib.files import UserFileResponse
from studio.runs import modelwork
from studio.runs.api import query
from studio.runs.models import ModelWork
from studio.runs.serializers import RunSerializer
from studio.workspaces.access import WorkspaceViewMixin, require
from studio.workspaces.idempotency import idempotent
from studio.workspaces.models import Workspace


def version_at(workspace: Workspace, name: str, version: str) -> AssetVersion:
    """Return a model's version by its number or a label; archived ones too."""
    at: dict[str, Any] = {"workspace": workspace, "kind": "model", "name": name}
    try:
        return registry.find(**at, version="" if version == "latest" else version, archived=True)
    except StudioError as error:
        if error.code != "not_found" or version == "latest":
            raise
        return registry.find(**at, label=version)


def named_at(workspace: Workspace, text: str, *, name: str) -> AssetVersion:
    """Return the version that `version`, `name:version` or `azureml:name:version` means."""
    text = text.strip().removeprefix("azureml:")
    if not text:
        raise StudioError(
            "Say which version to compare with.", where="with", hint="with=2 or with=name:2"
        )
    other, mark, version = text.rpartition(":")
    return version_at(workspace, other if mark else name, version)


def archive_of(version: AssetVersion, work: int, file: str, *, part: str = "") -> UserFileResponse:
    """Return an archive of a package of this version, with its digest in the headers."""
    row = ModelWork.objects.filter(pk=work, version=version, action=ModelWork.PACKAGE).first()
    found = next(
        (each for each in (row.result if row else {}).get("archives", []) if each["file"] == file),
        None,
    )
    if found is None or row is None:
        raise StudioError(f"{version} has no package {file!r}.", where="file", code="not_found")
    answer = UserFileResponse(
        registry.store().open(found["sha256"]), name=file, size=found["size"], download=True,
        part=part,
    )  # fmt: skip
    answer["ETag"] = f'"{found["sha256"]}"'
    answer["X-Content-SHA256"] = found["sha256"]
    return answer


class ModelView(WorkspaceViewMixin, APIView):
    """What the views of one version share."""

    kwargs: dict[str, Any]

    def version(self) -> AssetVersion:
        return version_at(self.workspace, self.kwargs["name"], self.kwargs["version"])


class ModelWorkStart(ModelView):
    """What the three views that start work share."""

    def start(self, request: Request, action: str) -> Response:
        body = request.data if isinstance(request.data, dict) else {}
        run = modelwork.submit(
            version=self.version(), action=action, user=request.user, options=body
        )
        run.refresh_from_db()
        return Response(RunSerializer(run).data, status=201)


class ModelConvert(ModelWorkStart):
    """Convert a scikit-learn model to ONNX, as a run that registers it when both answer the same."""

    operations = {"post": "runs.submit"}

    @extend_schema(
        operation_id="model_convert", request=OpenApiTypes.OBJECT, responses={201: RunSerializer}
    )
    @idempotent
    def post(self, request: Request, workspace: str, name: str, version: str) -> Response:
        require(request.user, self.workspace, "registry.write")
        return self.start(request, ModelWork.CONVERT)


class ModelPack(ModelWorkStart):
    """Pack a model with all that scoring takes, as a run."""

    operations = {"post": "runs.submit"}

    @extend_schema(
        operation_id="model_pack", request=OpenApiTypes.OBJECT, responses={201: RunSerializer}
    )
    @idempotent
    def post(self, request: Request, workspace: str, name: str, version: str) -> Response:
        return self.start(request, ModelWork.PACKAGE)


class ModelProfile(ModelWorkStart):
    """Measure a model's latency, CPU and memory, as a run."""

    operations = {"post": "runs.submit"}

    @extend_schema(
        operation_id="model_profile", request=OpenApiTypes.OBJECT, responses={201: RunSerializer}
    )
    @idempotent
    def post(self, request: Request, workspace: str, name: str, version: str) -> Response:
        return self.start(request, ModelWork.PROFILE)


class ModelWorkList(ModelView):
    """What was done with a version, newest first; `?action=` chooses."""

    operations = {"get": "registry.read"}

    @extend_schema(
        operation_id="model_work", parameters=[query("action", "convert, package or profile")],
        responses=OpenApiTypes.OBJECT,
    )  # fmt: skip
    def get(self, request: Request, workspace: str, name: str, version: str) -> Response:
        action = request.query_params.get("action", "")
        found = modelwork.history(self.version(), action=action)
        return Response({"work": [{"id": each.work.pk, **each.as_json()} for each in found]})


class ModelCompare(ModelView):
    """A version beside another: `?with=2` of the same model, `?with=name:2` of another."""

    operations = {"get": "registry.read"}

    @extend_schema(
        operation_id="model_compare", parameters=[query("with", "version, or name:version")],
        responses=OpenApiTypes.OBJECT,
    )  # fmt: skip
    def get(self, request: Request, workspace: str, name: str, version: str) -> Response:
        other = named_at(self.workspace, request.query_params.get("with", ""), name=name)
        return Response(modelwork.contrast(self.version(), other))


class ModelPackage(ModelView):
    """The bytes of a package; `X-Content-SHA256` is their digest."""

    operations = {"get": "registry.read"}

    @extend_schema(operation_id="model_package", responses=bytes)
    def get(
        self, request: Request, workspace: str, name: str, version: str, number: int, file: str
    ) -> HttpResponseBase:
        return archive_of(self.version(), number, file, part=request.headers.get("Range", ""))


VERSION = "workspaces/<str:workspace>/models/<str:name>/versions/<str:version>"
urlpatterns: list[Any] = [
    path(f"{VERSION}/work", ModelWorkList.as_view(), name="api-model-work"),
    path(f"{VERSION}/convert", ModelConvert.as_view(), name="api-model-convert"),
    path(f"{VERSION}/package", ModelPack.as_view(), name="api-model-pack"),
    path(f"{VERSION}/profile", ModelProfile.as_view(), name="api-model-profile"),
    path(f"{VERSION}/compare", ModelCompare.as_view(), name="api-model-compare"),
    path(
        f"{VERSION}/packages/<int:number>/<str:file>",
        ModelPackage.as_view(),
        name="api-model-package",
    ),
]
