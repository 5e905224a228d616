"""Every URL of the studio: pages, the API and the websockets."""

from __future__ import annotations

from typing import Any

from django.urls import include, path

from designer.sockets import websocket_urlpatterns as designer_sockets
from studio.lib.views import healthz, json_schema
from studio.runs.sockets import websocket_urlpatterns as run_sockets
from studio.workspaces.access import public

__all__ = ["urlpatterns", "websocket_urlpatterns"]

websocket_urlpatterns = [*run_sockets, *designer_sockets]

urlpatterns: list[Any] = [
    path("healthz", public(healthz), name="healthz"),
    path("schemas/<str:name>", public(json_schema), name="json-schema"),
    path("api/v1/", include("studio.api")),
    path("", include("studio.facades.mlflow.urls")),
    path("", include("studio.facades.azureml.urls")),
    path("", include("studio.workspaces.urls")),
    path("", include("studio.compute.urls")),
    path("", include("studio.runs.urls")),
    path("", include("registry.urls")),
    path("", include("designer.urls")),
    path("", include("studio.automation.urls")),
    path("", include("studio.portal.urls")),
]
