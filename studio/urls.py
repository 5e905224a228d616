"""Every URL of the studio: pages, the API and the websockets."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.urls import include, path

from studio.lib.views import healthz
from studio.workspaces.access import public

urlpatterns: list[Any] = [path("healthz", public(healthz), name="healthz")]
websocket_urlpatterns: list[Any] = []

if find_spec("studio.api"):
    urlpatterns.append(path("api/v1/", include("studio.api")))
for _app in (
    "studio.workspaces",
    "studio.compute",
    "studio.runs",
    "registry",
    "designer",
    "studio.portal",
):
    if find_spec(f"{_app}.urls"):
        _urls = import_module(f"{_app}.urls")
        urlpatterns.append(path("", include(_urls)))
    if find_spec(f"{_app}.sockets"):
        websocket_urlpatterns += import_module(f"{_app}.sockets").websocket_urlpatterns
