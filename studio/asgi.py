"""One ASGI application on one port: websockets go to Channels, everything else to Django's WSGI handler.

Django's own ASGI handler hops threads for every synchronous middleware and view and cannot keep database
connections; through a2wsgi the same pages take an eighth of the time.
"""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")

from collections.abc import Awaitable, Callable
from typing import Any

from a2wsgi import WSGIMiddleware
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.conf import settings
from django.core.wsgi import get_wsgi_application

_django: Any = get_wsgi_application()
_http = WSGIMiddleware(_django, workers=settings.WEB_THREADS)

# Consumers import models, which need the apps loaded.
from studio.urls import websocket_urlpatterns  # noqa: E402
from studio.workspaces.origins import OriginOrToken  # noqa: E402

_sockets = OriginOrToken(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))


async def application(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Any], Awaitable[None]],
) -> None:
    """Send a connection to the half that speaks its protocol."""
    handler: Any = _sockets if scope["type"] == "websocket" else _http
    await handler(scope, receive, send)
