"""The root of /api/v1/: the apps' routes, the schema, and the names that settings and apps look up here.

`Page` and `exception_handler` live in `studio.lib`, `idempotent` in `studio.workspaces`, because apps may
not import this module: it imports them.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.urls import include, path, re_path
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import JSONRenderer

from officina.errors import StudioError
from studio.lib.pages import Page
from studio.lib.parsers import JSONParser
from studio.lib.problems import exception_handler, respond
from studio.workspaces.access import PUBLIC, SIGNED_IN, public
from studio.workspaces.idempotency import idempotent

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

__all__ = ["JSONParser", "Page", "exception_handler", "idempotent", "urlpatterns"]

ROUTES = (
    "studio.workspaces.api",
    "studio.compute.api",
    "registry.api",
    "registry.datastores.api",
    "registry.datastores.explore_api",
    "registry.datastores.prepare_api",
    "studio.runs.api",
    "studio.runs.api_metrics",
    "studio.runs.api_outputs",
    "studio.runs.api_models",
    "studio.portal.api",
    "designer.api",
    "studio.automation.api",
)


class Schema(SpectacularAPIView):
    """The OpenAPI document of this API."""

    operations = {"get": SIGNED_IN}
    renderer_classes = [JSONRenderer]


@method_decorator(
    csp_update({"img-src": [SELF, "data:"], "style-src-attr": ["'unsafe-inline'"]}), "get"
)
class Docs(SpectacularSwaggerSplitView):
    """The API's documentation as pages; its script is a file of its own, as the CSP wants."""

    operations = {"get": PUBLIC}
    url_name = "api-schema"


@public
def unknown_route(request: HttpRequest, rest: str) -> HttpResponse:
    """Answer 404 in the API's own shape, also for a path that no app knows."""
    error = StudioError(
        f"There is nothing at /api/v1/{rest}.",
        hint="The routes are listed at /api/v1/docs.",
        where="path",
        code="not_found",
    )
    return respond(request, error)


unknown_route.csrf_exempt = True  # type: ignore[attr-defined]

urlpatterns: list[Any] = [
    path("schema", Schema.as_view(), name="api-schema"),
    path("docs", Docs.as_view(), name="api-docs"),
]
for _routes in ROUTES:
    if find_spec(_routes):
        urlpatterns.append(path("", include(_routes)))
urlpatterns.append(re_path(r"^(?P<rest>.*)$", unknown_route, name="api-unknown"))
