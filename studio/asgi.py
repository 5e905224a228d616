"""One ASGI application on one port: websockets go to Channels, everything else to Django's WSGI handler.

Django's own ASGI handler hops threads for every synchronous middleware and view and cannot keep database
connections; through a bridge of our own the same pages take less than an eighth of the time.
"""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")

from collections.abc import Awaitable, Callable
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection

from studio.lib.bridge import Bridge

_django: Any = get_wsgi_application()

# These import models, which need the apps loaded.
from studio.facades.mlflow.direct import Direct  # noqa: E402
from studio.urls import websocket_urlpatterns  # noqa: E402
from studio.workspaces.origins import OriginOrToken  # noqa: E402

_direct = Direct(_django)
# SQLite takes one writer at a time; PostgreSQL takes many, and a thread waits there while others work.
_http = Bridge(
    _direct,
    threads=settings.WEB_THREADS,
    in_line=_direct.is_small_write if connection.vendor == "sqlite" else None,
)
_sockets = OriginOrToken(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))


async def application(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Any], Awaitable[None]],
) -> None:
    """Send a connection to the half that speaks its protocol."""
    handler: Any = _sockets if scope["type"] == "websocket" else _http
    await handler(scope, receive, send)
