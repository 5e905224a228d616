"""Planning and running drafts, and looking at how their nodes stand, over JSON."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from designer import api_endpoints
from designer.api_drafts import PipelineView
from designer.services import inference, pins, planning, results, submitting, trying
from designer.services import state as states
from designer.services.arranging import MODES, Ask
from studio.runs.serializers import RunDetailSerializer
from studio.workspaces.access import person
from studio.workspaces.idempotency import idempotent


class AskSerializer(serializers.Serializer[Any]):
    """What part of a draft is to run, and how."""

    mode = serializers.ChoiceField(choices=MODES, required=False, default="all")
    nodes = serializers.ListField(
        child=serializers.CharField(max_length=255), required=False, default=list, max_length=5000
    )
    run = serializers.CharField(max_length=255, required=False, allow_blank=True, default="")
    force_rerun = serializers.BooleanField(required=False, default=False)
    parameters = serializers.DictField(required=False, default=dict)

    def ask(self) -> Ask:
        """Return the checked request."""
        given = self.validated_data
        return Ask(
            mode=given["mode"],
            nodes=tuple(given["nodes"]),
            run=given["run"],
            force_rerun=given["force_rerun"],
            parameters=given["parameters"],
        )


class SubmitSerializer(AskSerializer):
    """The same, with names for the run and the revision that it must be of."""

    experiment = serializers.CharField(max_length=255, required=False, allow_blank=True, default="")
    display_name = serializers.CharField(
        max_length=255, required=False, allow_blank=True, default=""
    )
    revision = serializers.IntegerField(min_value=0, required=False, allow_null=True, default=None)


class PipelinePlan(PipelineView):
    """What a submission would do, and why."""

    operations = {"post": "designer.read"}

    @extend_schema(
        operation_id="pipelines_plan", request=AskSerializer, responses=OpenApiTypes.OBJECT
    )
    def post(self, request: Request, workspace: str, guid: str) -> Response:
        pipeline = self.get_pipeline()
        body = AskSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(planning.plan(pipeline=pipeline, ask=body.ask()))


class PipelineSubmit(PipelineView):
    """Runs a draft or a part of it."""

    operations = {"post": "runs.submit"}

    @extend_schema(
        operation_id="pipelines_submit",
        request=SubmitSerializer,
        responses={201: RunDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, workspace: str, guid: str) -> Response:
        pipeline = self.get_pipeline()
        body = SubmitSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        run = submitting.submit(
            pipeline=pipeline,
            user=person(request),
            ask=body.ask(),
            experiment=given["experiment"],
            display_name=given["display_name"],
            revision=given["revision"],
        )
        return Response(RunDetailSerializer(run).data, status=status.HTTP_201_CREATED)


class PipelineState(PipelineView):
    """How the nodes stand in a run."""

    operations = {"get": "designer.read"}

    @extend_schema(operation_id="pipelines_state", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str, guid: str) -> Response:
        pipeline = self.get_pipeline()
        wanted = request.query_params.get("run", "")
        run = results.run_of(pipeline, wanted) if wanted else None
        return Response(states.state(pipeline=pipeline, run=run))


class PipelinePins(PipelineView):
    """The runs whose results a node can be pinned to."""

    operations = {"get": "designer.read"}

    @extend_schema(operation_id="pipelines_pins", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str, guid: str) -> Response:
        pipeline = self.get_pipeline()
        return Response({"runs": pins.offers(pipeline, request.query_params.get("node", ""))})


class TrySerializer(serializers.Serializer[Any]):
    """A node to try, and the script to try it with when it is not saved yet."""

    node = serializers.CharField(max_length=255)
    code = serializers.CharField(
        max_length=1_000_000, required=False, allow_null=True, default=None, trim_whitespace=False,
        allow_blank=True,
    )  # fmt: skip


class PipelineTry(PipelineView):
    """Runs one node on a sample of its inputs."""

    operations = {"post": "runs.submit"}

    @extend_schema(
        operation_id="pipelines_try", request=TrySerializer, responses={201: RunDetailSerializer}
    )
    @idempotent
    def post(self, request: Request, workspace: str, guid: str) -> Response:
        pipeline = self.get_pipeline()
        body = TrySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        run = trying.try_node(pipeline=pipeline, user=person(request), **body.validated_data)
        return Response(RunDetailSerializer(run).data, status=status.HTTP_201_CREATED)


class InferenceSerializer(serializers.Serializer[Any]):
    """The run whose models answer requests, and the scorer to keep where there are several."""

    run = serializers.CharField(max_length=255, required=False, allow_blank=True, default="")
    node = serializers.CharField(max_length=255, required=False, allow_blank=True, default="")


class PipelineInference(PipelineView):
    """Makes a draft that answers requests with what this one trained."""

    operations = {"post": "designer.write"}

    @extend_schema(
        operation_id="pipelines_inference",
        request=InferenceSerializer,
        responses={201: OpenApiTypes.OBJECT},
    )
    @idempotent
    def post(self, request: Request, workspace: str, guid: str) -> Response:
        pipeline = self.get_pipeline()
        body = InferenceSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        run = results.run_of(pipeline, given["run"]) if given["run"] else None
        made = inference.make_inference(
            pipeline=pipeline, user=person(request), run=run, node=given["node"]
        )
        return Response(self.detail(made), status=status.HTTP_201_CREATED)


PIPELINE = "workspaces/<str:workspace>/pipelines/<str:guid>"
urlpatterns = [
    path(f"{PIPELINE}/plan", PipelinePlan.as_view(), name="api-pipeline-plan"),
    path(f"{PIPELINE}/submit", PipelineSubmit.as_view(), name="api-pipeline-submit"),
    path(f"{PIPELINE}/try", PipelineTry.as_view(), name="api-pipeline-try"),
    path(f"{PIPELINE}/state", PipelineState.as_view(), name="api-pipeline-state"),
    path(f"{PIPELINE}/inference", PipelineInference.as_view(), name="api-pipeline-inference"),
    path(f"{PIPELINE}/pins", PipelinePins.as_view(), name="api-pipeline-pins"),
    *api_endpoints.urlpatterns,
]
