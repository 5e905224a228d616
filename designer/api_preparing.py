"""Preparation steps saved as a pipeline, or run at once, over JSON."""

from __future__ import annotations

from typing import Any

from django.urls import path, reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from designer.services import preparing
from registry.api.shapes import RegistryView
from registry.datastores import prepare
from registry.services import check_name
from studio.runs.serializers import RunSerializer
from studio.workspaces.access import person, require
from studio.workspaces.idempotency import idempotent


class PreparedSerializer(serializers.Serializer[Any]):
    """Steps, and what becomes of them."""

    steps = serializers.ListField(child=serializers.JSONField(), max_length=200)
    file = serializers.CharField(required=False, allow_blank=True, default="", max_length=1000)
    name = serializers.CharField(required=False, allow_blank=True, default="", max_length=255)


class PreparationPipeline(RegistryView):
    """Makes a draft of the designer that does the steps on the whole table."""

    operations = {"post": "designer.write"}
    kind = "data"

    @extend_schema(
        operation_id="data_preparation_save",
        request=PreparedSerializer,
        responses={201: OpenApiTypes.OBJECT},
    )
    @idempotent
    def post(self, request: Request, **_: str) -> Response:
        body = PreparedSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data) | {"steps": prepare.read(body.validated_data["steps"])}
        pipeline = preparing.save_pipeline(version=self.version(), user=person(request), **given)
        url = reverse("pipeline", args=[self.workspace.name, pipeline.guid])
        answer = {"guid": pipeline.guid, "name": pipeline.name, "url": url}
        return Response(answer, status=status.HTTP_201_CREATED)


class PreparationRun(RegistryView):
    """Runs the steps on the whole table; the result is the next version of data asset `name`."""

    operations = {"post": "runs.submit"}
    kind = "data"

    @extend_schema(
        operation_id="data_preparation_run",
        request=PreparedSerializer,
        responses={201: OpenApiTypes.OBJECT},
    )
    @idempotent
    def post(self, request: Request, **_: str) -> Response:
        require(request.user, self.workspace, "registry.write")
        body = PreparedSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        name = given["name"].strip()
        run = preparing.run_steps(
            version=self.version(), user=person(request), file=given["file"],
            steps=prepare.read(given["steps"]), asset=check_name(name, "data") if name else "",
        )  # fmt: skip
        url = reverse("run", args=[self.workspace.name, run.guid])
        return Response(RunSerializer(run).data | {"url": url}, status=status.HTTP_201_CREATED)


P = "workspaces/<str:workspace>/data/<str:name>/versions/<str:version>/preparation"
urlpatterns = [
    path(f"{P}/pipeline", PreparationPipeline.as_view(), name="api-preparation-pipeline"),
    path(f"{P}/run", PreparationRun.as_view(), name="api-preparation-run"),
]
