"""Computes, their nodes, sizes, usage and quotas over JSON, in Azure's terms."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from officina.errors import StudioError
from studio.compute import services
from studio.compute.documents import as_document, from_document
from studio.compute.models import ComputeTarget, Node, Quota
from studio.compute.sizes import SIZES, Size
from studio.lib.pages import Page
from studio.workspaces import audit
from studio.workspaces.access import WorkspaceViewMixin
from studio.workspaces.models import User


class ComputeSerializer(serializers.ModelSerializer[ComputeTarget]):
    """A compute with the slots of the living nodes that serve it, and Azure's `properties`."""

    slots = serializers.SerializerMethodField()
    nodes = serializers.SerializerMethodField()
    state = serializers.SerializerMethodField()
    properties = serializers.SerializerMethodField()

    class Meta:
        model = ComputeTarget
        fields = [
            "name", "kind", "pool", "slots", "nodes", "state", "description", "tags", "hourly",
            "created", "changed", "properties",
        ]  # fmt: skip

    def get_slots(self, target: ComputeTarget) -> int:
        if target.kind_row.recorded:
            return 0
        return sum(n.slots for n in Node.objects.filter(pool=target.pool) if n.alive)

    def get_nodes(self, target: ComputeTarget) -> int:
        return services.count_nodes(target, held_of(target))

    def get_state(self, target: ComputeTarget) -> str:
        if target.kind_row.recorded:
            return "Recorded"
        return "Stopped" if target.stopped else "Running"

    def get_properties(self, target: ComputeTarget) -> dict[str, Any]:
        return as_document(target, busy=len(held_of(target)))


class ComputeBody(serializers.Serializer[Any]):
    """What a compute is made of: Azure's `properties`, or our own `kind` and `config`."""

    properties = serializers.DictField(required=False)
    kind = serializers.CharField(required=False)
    config = serializers.DictField(required=False)
    description = serializers.CharField(required=False, allow_blank=True)
    tags = serializers.DictField(required=False)
    person = serializers.EmailField(required=False)


def held_of(target: ComputeTarget) -> list[Any]:
    """Return the runs that a compute works on."""
    return list(target.runs.held().defer("document").order_by("started", "pk"))


class ComputeView(WorkspaceViewMixin, APIView):
    """What the views of one compute share."""

    operations: ClassVar[dict[str, str]]

    def target(self) -> ComputeTarget:
        """Return the compute that the URL names."""
        if self.kwargs["name"] == "local":
            services.create_local_compute(self.workspace)
        return services.find(workspace=self.workspace, name=self.kwargs["name"])

    def wish(self, request: Request, *, kind: str = "") -> dict[str, Any]:
        """Return kind, config and description of a body in either form; `kind` where it names none."""
        body = ComputeBody(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        found: dict[str, Any] = {}
        if data.get("properties"):
            found = from_document({"computeType": kind, **data["properties"]})
            if "description" not in data["properties"]:
                found.pop("description")
        found |= {
            key: data[key] for key in ("kind", "config", "description", "tags") if key in data
        }
        if data.get("person"):
            members = User.objects.filter(memberships__workspace=self.workspace)
            found["person"] = members.filter(email__iexact=data["person"]).first()
            if found["person"] is None:
                raise StudioError(
                    f"{data['person']} is not a member of {self.workspace.name}.",
                    where="person",
                    code="not_found",
                )
        return found


class ComputeList(WorkspaceViewMixin, APIView):
    """The workspace's computes."""

    operations = {"get": "compute.read"}

    @extend_schema(operation_id="computes_list", responses=ComputeSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        services.create_local_compute(self.workspace)
        pager = Page()
        rows = ComputeTarget.objects.filter(workspace=self.workspace).order_by("name")
        items = pager.paginate_queryset(rows, request, view=self)
        return pager.get_paginated_response(ComputeSerializer(items, many=True).data)


class ComputeOne(ComputeView):
    """One compute."""

    operations = {
        "get": "compute.read",
        "put": "compute.manage",
        "patch": "compute.manage",
        "delete": "compute.manage",
    }

    @extend_schema(operation_id="computes_show", responses=ComputeSerializer)
    def get(self, request: Request, workspace: str, name: str) -> Response:
        return Response(ComputeSerializer(self.target()).data)

    @extend_schema(operation_id="computes_create", request=ComputeBody, responses=ComputeSerializer)
    def put(self, request: Request, workspace: str, name: str) -> Response:
        wish = self.wish(request)
        if not wish.get("kind"):
            raise StudioError("A compute needs a kind.", where="kind")
        known = ComputeTarget.objects.filter(workspace=self.workspace, name=name).exists()
        target = services.create(workspace=self.workspace, name=name, user=request.user, **wish)
        return Response(ComputeSerializer(target).data, status=200 if known else 201)

    @extend_schema(operation_id="computes_update", request=ComputeBody, responses=ComputeSerializer)
    def patch(self, request: Request, workspace: str, name: str) -> Response:
        target = self.target()
        wish = self.wish(request, kind=target.kind)
        wish = {key: wish[key] for key in ("config", "description", "tags") if key in wish}
        return Response(
            ComputeSerializer(services.update(target=target, user=request.user, **wish)).data
        )

    @extend_schema(operation_id="computes_delete", responses={204: None})
    def delete(self, request: Request, workspace: str, name: str) -> Response:
        services.delete(target=self.target(), user=request.user)
        return Response(status=204)


class ComputeAction(ComputeView):
    """Start, stop or restart an instance."""

    operations = {"post": "compute.manage"}

    @extend_schema(operation_id="computes_action", request=None, responses=ComputeSerializer)
    def post(self, request: Request, workspace: str, name: str, action: str) -> Response:
        verbs = {"start": services.start, "stop": services.stop, "restart": services.restart}
        if action not in verbs:
            raise StudioError(
                f"A compute cannot {action!r}.", hint=f"Known: {', '.join(verbs)}.",
                where="action", code="not_found",
            )  # fmt: skip
        target = verbs[action](target=self.target(), user=request.user)
        return Response(ComputeSerializer(target).data)


class ComputeNodes(ComputeView):
    """The nodes of a compute, with what runs on each."""

    operations = {"get": "compute.read"}

    @extend_schema(operation_id="computes_nodes", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str, name: str) -> Response:
        target = self.target()
        return Response({"nodes": services.list_nodes(target, held_of(target))})


class ComputeAgent(ComputeView):
    """What to run on a machine, or to apply to a cluster, so that it serves this compute."""

    operations = {"get": "compute.manage"}

    @extend_schema(operation_id="computes_agent", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str, name: str) -> Response:
        target = self.target()
        command = services.agent_command(target)
        return Response({"name": target.name, "pool": target.pool, "command": command})


def size_document(size: Size) -> dict[str, Any]:
    """Return a size in Azure's words."""
    return {
        "name": size.name,
        "family": f"standard{size.family}Family",
        "vCPUs": size.cores,
        "gpus": size.gpus,
        "gpuType": size.gpu or None,
        "osVhdSizeMB": 1_047_552,
        "maxResourceVolumeMB": size.disk * 1024,
        "memoryGB": size.memory,
        "lowPriorityCapable": False,
        "premiumIO": False,
        "supportedComputeTypes": ["AmlCompute", "ComputeInstance"],
        "slots": size.slots,
        "hourly": size.hourly,
        "hint": size.hint,
    }


class SizeList(WorkspaceViewMixin, APIView):
    """The size table; `?type=gpu` or `?type=cpu` shows a part."""

    operations = {"get": "compute.read"}

    @extend_schema(operation_id="computes_sizes", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str) -> Response:
        part = request.query_params.get("type", "").lower()
        rows = [
            s
            for s in SIZES.values()
            if part not in {"gpu", "cpu"} or bool(s.gpus) == (part == "gpu")
        ]
        return Response({"value": [size_document(size) for size in rows]})


class UsageList(WorkspaceViewMixin, APIView):
    """What the workspace uses of what it may."""

    operations = {"get": "compute.read"}

    @extend_schema(operation_id="computes_usage", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str) -> Response:
        rows = ComputeTarget.objects.filter(workspace=self.workspace)
        held = [run for target in rows for run in held_of(target)]
        return Response({"value": services.usage(self.workspace, held=held)})


class QuotaBody(serializers.Serializer[Any]):
    """The most slots of the workspace, or of one person in it; null lifts the quota."""

    user = serializers.EmailField(required=False, allow_null=True, default=None)
    slots = serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)
    share = serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)


class QuotaList(WorkspaceViewMixin, APIView):
    """How many slots may be used at once, and what weighs the workspace against the others."""

    operations = {"get": "compute.read", "put": "compute.manage"}

    @extend_schema(operation_id="computes_quotas", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str) -> Response:
        rows = Quota.objects.filter(workspace=self.workspace).order_by("user__email")
        found = [
            {"user": row.user.email if row.user else None, "slots": row.slots, "share": row.share}
            for row in rows.select_related("user")
        ]
        return Response({"value": found})

    @extend_schema(operation_id="computes_set_quota", request=QuotaBody, responses=QuotaBody)
    def put(self, request: Request, workspace: str) -> Response:
        body = QuotaBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        email = asked["user"] or ""
        row = services.set_quota(
            workspace=self.workspace,
            email=email,
            slots=asked["slots"],
            share=asked["share"],
            user=request.user,
            ip=audit.ip_of(request),
        )
        kept = {"slots": row.slots, "share": row.share} if row else {"slots": None, "share": 1}
        return Response({"user": email or None, **kept})


BASE = "workspaces/<str:workspace>/computes"
urlpatterns = [
    path(BASE, ComputeList.as_view(), name="api-computes"),
    path("workspaces/<str:workspace>/compute-sizes", SizeList.as_view(), name="api-compute-sizes"),
    path("workspaces/<str:workspace>/compute-usage", UsageList.as_view(), name="api-compute-usage"),
    path(
        "workspaces/<str:workspace>/compute-quotas", QuotaList.as_view(), name="api-compute-quotas"
    ),
    path(f"{BASE}/<str:name>", ComputeOne.as_view(), name="api-compute"),
    path(f"{BASE}/<str:name>/nodes", ComputeNodes.as_view(), name="api-compute-nodes"),
    path(f"{BASE}/<str:name>/agent", ComputeAgent.as_view(), name="api-compute-agent"),
    path(f"{BASE}/<str:name>/<str:action>", ComputeAction.as_view(), name="api-compute-action"),
]
