"""Middleware that every request passes: an id for the log lines, and Secure cookies on TLS."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from studio.lib import logs

_GIVEN = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
Handler = Callable[[HttpRequest], HttpResponse]


class RequestId:
    """Give each request an id, the caller's own if it is well-formed, and answer with it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("x-request-id", "")
        request_id = given if _GIVEN.match(given) else uuid.uuid4().hex
        token = logs.request_id.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            logs.request_id.reset(token)
        response["x-request-id"] = request_id
        return response


class SecureCookies:
    """Mark session and CSRF cookies Secure on TLS, while the plain port of the same machine still works."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.is_secure():
            for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME):
                if name in response.cookies:
                    response.cookies[name]["secure"] = True
        return response
