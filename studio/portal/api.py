"""Environments over JSON: list, show, register, build, export, and the cache of this machine."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from officina import environments
from registry import environments as registered
from registry import services as registry
from studio.lib.pages import Page
from studio.portal import environments as facts
from studio.runs.services.building import build_environment
from studio.workspaces.access import WorkspaceViewMixin


class NewEnvironment(serializers.Serializer[Any]):
    """A name, and one of `condaFile` (text), `requirements`, `image` or `python`."""

    name = serializers.CharField()
    version = serializers.CharField(required=False, allow_blank=True)
    description = serializers.CharField(required=False, allow_blank=True)
    tags = serializers.DictField(required=False)
    condaFile = serializers.JSONField(required=False)
    requirements = serializers.JSONField(required=False)
    image = serializers.CharField(required=False, allow_blank=True)
    python = serializers.DictField(required=False)
    environmentVariables = serializers.DictField(required=False)


class BuildBody(serializers.Serializer[Any]):
    """Which version to build, and where."""

    version = serializers.CharField(required=False, allow_blank=True, default="")
    compute = serializers.CharField(required=False, allow_blank=True, default="")


def shown(found: facts.Facts) -> dict[str, Any]:
    """Return an environment as JSON."""
    return {
        "name": found.name,
        "version": found.version,
        "reference": found.reference,
        "curated": found.curated,
        "description": found.description,
        "python": found.python,
        "aliases": list(found.aliases),
        "requested": list(found.asked),
        "packages": list(found.packages),
        "warnings": list(found.warnings),
        "state": found.state,
        "problem": found.problem,
        "log": found.log,
        "size": found.built.size if found.built else None,
        "build": found.build.guid if found.build else None,
        "document": found.document,
    }


class EnvironmentList(WorkspaceViewMixin, APIView):
    """The workspace's environments, and the curated ones first."""

    operations = {"get": "registry.read", "post": "registry.write"}

    @extend_schema(operation_id="environments_list", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str) -> Response:
        pager = Page()
        rows = registry.assets(workspace=self.workspace, kind=registered.KIND).order_by("name")
        assets = pager.paginate_queryset(rows, request, view=self) or []
        found = facts.curated() if request.query_params.get("page", "1") == "1" else []
        found += [facts.find(self.workspace, asset.name) for asset in assets]
        return pager.get_paginated_response([shown(each) for each in found])

    @extend_schema(
        operation_id="environments_create",
        request=NewEnvironment,
        responses={201: OpenApiTypes.OBJECT},
    )
    def post(self, request: Request, workspace: str) -> Response:
        body = NewEnvironment(data=request.data)
        body.is_valid(raise_exception=True)
        data = dict(body.validated_data)
        head = {
            key: data.pop(key) for key in ("name", "version", "description", "tags") if key in data
        }
        row = registered.create(
            workspace=self.workspace, specification=data, user=request.user, **head
        )
        return Response(shown(facts.facts_of(self.workspace, row)), status=201)


class EnvironmentOne(WorkspaceViewMixin, APIView):
    """One environment; `?version=` chooses an older one."""

    operations = {"get": "registry.read"}

    @extend_schema(operation_id="environments_show", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str, name: str) -> Response:
        found = facts.find(self.workspace, name, request.query_params.get("version", ""))
        return Response(shown(found))


class EnvironmentBuild(WorkspaceViewMixin, APIView):
    """Build an environment ahead of its use: a run, whose log is the build's."""

    operations = {"post": "runs.submit"}

    @extend_schema(
        operation_id="environments_build",
        request=BuildBody,
        responses={201: OpenApiTypes.OBJECT},
    )
    def post(self, request: Request, workspace: str, name: str) -> Response:
        body = BuildBody(data=request.data)
        body.is_valid(raise_exception=True)
        found = facts.find(self.workspace, name, body.validated_data["version"])
        run = build_environment(
            workspace=self.workspace,
            user=request.user,
            environment=found.reference,
            reference=found.reference,
            compute=body.validated_data["compute"],
        )
        return Response(
            {"guid": run.guid, "name": run.name, "reference": found.reference}, status=201
        )


class EnvironmentExport(WorkspaceViewMixin, APIView):
    """The lock, the conda file or the Dockerfile of an environment, as text."""

    operations = {"get": "registry.read"}

    @extend_schema(operation_id="environments_export", responses={(200, "text/plain"): str})
    def get(self, request: Request, workspace: str, name: str, form: str) -> HttpResponse:
        found = facts.find(self.workspace, name, request.query_params.get("version", ""))
        text = environments.export(found.wanted, form=form, cache=facts.folder())
        return HttpResponse(text, content_type="text/plain; charset=utf-8")


class EnvironmentCache(WorkspaceViewMixin, APIView):
    """What this machine has built; DELETE removes what nothing uses."""

    operations = {"get": "registry.read", "delete": "compute.manage"}

    @extend_schema(operation_id="environments_cache", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, workspace: str) -> Response:
        rows = facts.cached()
        return Response({"size": sum(each["size"] for each in rows), "environments": rows})

    @extend_schema(operation_id="environments_cache_clear", responses={200: OpenApiTypes.OBJECT})
    def delete(self, request: Request, workspace: str) -> Response:
        keys = request.query_params.getlist("key")
        return Response({"freed": facts.clear_cache(keys=keys or None)})


BASE = "workspaces/<str:workspace>/environment-definitions"
urlpatterns = [
    path(BASE, EnvironmentList.as_view(), name="api-environments"),
    path(
        "workspaces/<str:workspace>/environment-cache",
        EnvironmentCache.as_view(),
        name="api-environment-cache",
    ),
    path(f"{BASE}/<str:name>", EnvironmentOne.as_view(), name="api-environment"),
    path(f"{BASE}/<str:name>/build", EnvironmentBuild.as_view(), name="api-environment-build"),
    path(
        f"{BASE}/<str:name>/export/<str:form>",
        EnvironmentExport.as_view(),
        name="api-environment-export",
    ),
]
