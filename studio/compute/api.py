"""Computes, nodes and quotas over JSON."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from studio.compute.models import ComputeTarget, Node
from studio.compute.services import create_local_compute
from studio.lib.pages import Page
from studio.workspaces.access import WorkspaceViewMixin


class ComputeSerializer(serializers.ModelSerializer[ComputeTarget]):
    """A compute with the slots of the living nodes that serve it."""

    slots = serializers.SerializerMethodField()
    nodes = serializers.SerializerMethodField()

    class Meta:
        model = ComputeTarget
        fields = ["name", "kind", "pool", "slots", "nodes", "created"]

    def get_slots(self, target: ComputeTarget) -> int:
        return sum(n.slots for n in Node.objects.filter(pool=target.pool) if n.alive)

    def get_nodes(self, target: ComputeTarget) -> int:
        return sum(n.alive for n in Node.objects.filter(pool=target.pool))


class ComputeList(WorkspaceViewMixin, APIView):
    """The workspace's computes."""

    operations = {"get": "compute.read"}

    @extend_schema(operation_id="computes_list", responses=ComputeSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        create_local_compute(self.workspace)
        pager = Page()
        rows = ComputeTarget.objects.filter(workspace=self.workspace).order_by("name")
        items = pager.paginate_queryset(rows, request, view=self)
        return pager.get_paginated_response(ComputeSerializer(items, many=True).data)


urlpatterns = [
    path("workspaces/<str:workspace>/computes", ComputeList.as_view(), name="api-computes"),
]
