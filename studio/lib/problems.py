"""One error shape for the API, and one page for people."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
    ValidationError,
)
from django.db import OperationalError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from rest_framework import exceptions, status
from rest_framework.response import Response

from officina.errors import HTTP_STATUS, StudioError
from studio.lib import limits

if TYPE_CHECKING:
    from django.http import HttpRequest

log = logging.getLogger("studio.errors")

CODE_OF_STATUS = {
    400: "invalid",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}


def new_id() -> str:
    """Return the short id that joins an answer to its log line."""
    return secrets.token_hex(6)


def shape(
    code: str, message: str, *, where: str = "", hint: str = "", id_: str = ""
) -> dict[str, Any]:
    """Return the one JSON shape of an error."""
    return {
        "error": {
            "code": code,
            "message": message,
            "where": where,
            "hint": hint,
            "id": id_ or new_id(),
        }
    }


def status_of(error: StudioError) -> int:
    return HTTP_STATUS.get(error.code, 400)


def wants_json(request: HttpRequest) -> bool:
    """Say whether the answer goes to a program rather than to a person."""
    if request.path.startswith(("/api/", "/metrics")) or request.headers.get("Authorization"):
        return True
    accept = request.headers.get("Accept", "")
    return "application/json" in accept and "text/html" not in accept


def respond(request: HttpRequest, error: StudioError) -> HttpResponse:
    """Answer a StudioError raised by a plain Django view: JSON, an htmx fragment or a page."""
    code = status_of(error)
    body = shape(error.code, error.message, where=error.where, hint=error.hint)
    if wants_json(request):
        response: HttpResponse = JsonResponse(body, status=code)
        if code == 401:
            response["WWW-Authenticate"] = 'Bearer realm="officina"'
        return response
    if code == 401:
        return to_login(request)
    if request.headers.get("HX-Request"):
        note = {"kind": "error", "text": error.message, "hint": error.hint}
        return render(request, "parts/note.html", note, status=code)
    return render(request, "error.html", {"problem": body["error"], "status": code}, status=code)


def to_login(request: HttpRequest) -> HttpResponse:
    """Send a person to the login page and back to where they were."""
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
    url = f"/login/?next={quote(back)}"
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": url})
    return redirect(url)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Give every error of a DRF view the one shape; the unexpected is logged and not shown."""
    headers: dict[str, str] = {}
    if isinstance(error, StudioError):
        code = status_of(error)
        body = shape(error.code, error.message, where=error.where, hint=error.hint)
        if code == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="officina"'
        return Response(body, status=code, headers=headers)
    if isinstance(error, OperationalError):
        return _database_failed(error, context)
    error = _as_api_exception(error)
    if isinstance(error, exceptions.APIException):
        if header := getattr(error, "auth_header", None):
            headers["WWW-Authenticate"] = header
        if wait := getattr(error, "wait", None):
            headers["Retry-After"] = str(int(wait) + 1)
        return Response(_api_body(error), status=error.status_code, headers=headers)
    id_ = new_id()
    log.error("unexpected error %s in %s", id_, _view_name(context), exc_info=error)
    body = shape(
        "unexpected",
        "Unexpected error",
        hint=f"Tell your administrator the id {id_}; the log has the details.",
        id_=id_,
    )
    return Response(body, status=status.HTTP_500_INTERNAL_SERVER_ERROR)


def _database_failed(error: OperationalError, context: dict[str, Any]) -> Response:
    """Say that the database cannot write or does not answer; neither is the caller's mistake, and both pass."""
    log.error("the database failed in %s", _view_name(context), exc_info=error)
    if "full" in str(error):
        hint = (
            "Nothing was changed. Free space where the studio keeps its database, then try again."
        )
        body = shape("storage_full", "The database's disk is full.", hint=hint)
        return Response(body, status=status.HTTP_507_INSUFFICIENT_STORAGE)
    body = shape("unavailable", "The database does not answer.", hint="Try again in a moment.")
    return Response(body, status=status.HTTP_503_SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})


def _as_api_exception(error: Exception) -> Exception:
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, RequestDataTooBig | TooManyFieldsSent):
        words = limits.too_large(limits.DOCUMENT).message
        too_large = exceptions.APIException(words, code="too_large")
        too_large.status_code = 413
        return too_large
    if isinstance(error, ValidationError):
        detail = error.message_dict if hasattr(error, "error_dict") else error.messages
        return exceptions.ValidationError(detail)
    return error


def _api_body(error: exceptions.APIException) -> dict[str, Any]:
    code = CODE_OF_STATUS.get(error.status_code, "invalid")
    where, message = first_problem(error.detail)
    hint = ""
    if isinstance(error, exceptions.ParseError):
        hint = "Send a JSON document that fits the schema at /api/v1/docs."
    elif isinstance(error, exceptions.Throttled):
        hint = "Wait and try again."
    return shape(code, message, where=where, hint=hint)


def first_problem(detail: Any, where: str = "") -> tuple[str, str]:
    """Return the place and text of the first problem in DRF's nested error detail."""
    if isinstance(detail, dict) and detail:
        key, value = next(iter(detail.items()))
        if key == "non_field_errors":
            return first_problem(value, where)
        return first_problem(value, f"{where}.{key}" if where else str(key))
    if isinstance(detail, list) and detail:
        for index, item in enumerate(detail):
            if item:
                place = f"{where}[{index}]" if isinstance(item, dict) else where
                return first_problem(item, place)
    return where, str(detail)


def _view_name(context: dict[str, Any]) -> str:
    view = context.get("view")
    return type(view).__name__ if view is not None else "?"
