"""Which websockets may open: those of the studio's own pages, and programs that bring a token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.http.request import validate_host

from studio.workspaces.authentication import secret_in

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class OriginOrToken:
    """Lets a websocket through from an allowed origin, or without one when it carries a bearer token.

    A page of another site can make a browser send our cookie, but neither an Authorization header nor
    no Origin at all; and with a bearer token `access.user_of_scope` never looks at the session.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.checked: Any = AllowedHostsOriginValidator(app)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = {key.lower(): value for key, value in scope.get("headers", ())}
        token = secret_in(headers.get(b"authorization", b"").decode("latin-1"))
        if token and b"origin" not in headers and _host_is_ours(headers):
            await self.app(scope, receive, send)
        else:
            await self.checked(scope, receive, send)


def _host_is_ours(headers: dict[bytes, bytes]) -> bool:
    host = headers.get(b"host", b"").decode("latin-1")
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return validate_host(name.lower(), settings.ALLOWED_HOSTS)
