"""The protocol's busy addresses, reached without the way that a browser's request takes.

Sessions, forms, pages and their policies are nothing to a client with a token: its calls go from the server to their
endpoint, the same one that the URL conf names. Everything else goes on to Django.
"""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Iterable
from typing import Any

from django.core import signals
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.urls import set_script_prefix

from studio.facades.mlflow.endpoint import Endpoint
from studio.facades.mlflow.urls import CALLS, endpoints
from studio.lib import logs

_ADDRESS = re.compile(r"/mlflow/([A-Za-z0-9._-]+)/(api/2\.0/mlflow/[a-z-]+(?:/[a-z-]+)?)\Z")
# Clients send these by the hundred a second, and each is done in a moment.
_WRITES = frozenset({"create", "log-metric", "log-parameter", "set-tag", "log-batch"})
# A connection that worked so many seconds ago is not asked anew whether it does: with PostgreSQL that is an exchange
# for each call, and one that ended meanwhile is told by the next statement too.
FRESH = 2.0
_thread = threading.local()


class Direct:
    """A WSGI application before Django's own."""

    def __init__(self, django: Any) -> None:
        self._django = django
        self._endpoints: dict[str, Endpoint] = {
            address: endpoint
            for (address, _), endpoint in zip(CALLS, endpoints, strict=True)
            if "<" not in address
        }

    def is_small_write(self, environ: dict[str, Any]) -> bool:
        """Say whether a request asks for one of the small writes that come by the hundred a second."""
        path: str = environ["PATH_INFO"]
        at = path.find("/api/2.0/mlflow/runs/")
        return at > 0 and path[at + 21 :] in _WRITES and path.startswith("/mlflow/")

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        found = _ADDRESS.match(environ["PATH_INFO"])
        endpoint = self._endpoints.get(found[2]) if found else None
        if found is None or endpoint is None or environ.get("SCRIPT_NAME"):
            return self._django(environ, start_response)
        token = logs.request_id.set(uuid.uuid4().hex)
        set_script_prefix("/")
        # Django opens and closes its database connections by these.
        signals.request_started.send(sender=self.__class__, environ=environ)
        now = time.monotonic()
        if now - getattr(_thread, "worked", -FRESH) < FRESH:
            connection.health_check_done = True  # type: ignore[attr-defined]
        try:
            request = WSGIRequest(environ)
            try:
                request.get_host()
            except DisallowedHost:
                return self._django(environ, start_response)
            response = endpoint(request, workspace=found[1])
            response["X-Content-Type-Options"] = "nosniff"
            response["x-request-id"] = logs.request_id.get()
            response._handler_class = self.__class__  # type: ignore[attr-defined]
            if not connection.errors_occurred:
                _thread.worked = now
        finally:
            logs.request_id.reset(token)
        status = f"{response.status_code} {response.reason_phrase}"
        response["Content-Length"] = str(len(response.content))  # type: ignore[attr-defined]
        start_response(status, list(response.items()))
        return response
