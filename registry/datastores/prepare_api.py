"""Preparation steps tried on a version's table, over JSON."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from officina.data.steps import declarations
from registry.api.shapes import RegistryView
from registry.datastores import prepare


class PreparationSerializer(serializers.Serializer[Any]):
    """Steps, the table they are for, and what of the result is to be shown."""

    steps = serializers.ListField(child=serializers.JSONField(), max_length=200)
    file = serializers.CharField(required=False, allow_blank=True, default="", max_length=1000)
    rows = serializers.IntegerField(required=False, default=1_000, min_value=1, max_value=100_000)
    spread = serializers.BooleanField(required=False, default=False)
    show = serializers.IntegerField(required=False, default=200, min_value=-1, max_value=200)
    start = serializers.IntegerField(required=False, default=0, min_value=0)
    count = serializers.IntegerField(required=False, default=100, min_value=0, max_value=1_000)
    first = serializers.IntegerField(required=False, default=0, min_value=0)
    last = serializers.IntegerField(required=False, default=50, min_value=0)


class PreparationSteps(RegistryView):
    """The kinds of steps there are, each with its form."""

    operations = {"get": "registry.read"}
    kind = "data"

    @extend_schema(operation_id="data_preparation_steps", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **_: str) -> Response:
        return Response({"schema": 1, "steps": declarations()})


class Preparation(RegistryView):
    """What steps make of a sample of a table; nothing is stored."""

    operations = {"post": "registry.read"}
    kind = "data"

    @extend_schema(
        operation_id="data_preparation_try",
        request=PreparationSerializer,
        responses=OpenApiTypes.OBJECT,
    )
    def post(self, request: Request, **_: str) -> Response:
        body = PreparationSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        found = prepare.attempt(
            version=self.version(), file=asked["file"], steps=asked["steps"],
            rows=asked["rows"], spread=asked["spread"], show=asked["show"],
            window=(asked["start"], asked["count"], asked["first"], asked["last"]),
        )  # fmt: skip
        return Response(found)


W = "workspaces/<str:workspace>"
urlpatterns = [
    path(f"{W}/data-preparation", PreparationSteps.as_view(), name="api-preparation-steps"),
    path(
        f"{W}/data/<str:name>/versions/<str:version>/preparation",
        Preparation.as_view(),
        name="api-preparation",
    ),
]
