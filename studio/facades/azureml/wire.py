"""The shapes of Azure Resource Manager: envelopes, pages, bodies, and views with an operation a method."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern
from django.urls.resolvers import RegexPattern

from officina.errors import StudioError
from officina.storable import unstorable
from studio.lib import problems
from studio.lib.parsers import depth_exceeds
from studio.workspaces.access import PUBLIC, Access, operation, public, signed_in
from studio.workspaces.models import Workspace

log = logging.getLogger("studio.errors")

LONGEST_BODY = 8 << 20
DEEPEST_BODY = 100
PAGE = 100
MOST_PAGE = 1000
PROVIDER = r"providers/Microsoft\.MachineLearningServices"
SUBSCRIPTION = r"(?:mferp/managementfrontend/)?subscriptions/[^/]+"
GROUP = SUBSCRIPTION + r"/resourceGroups/[^/]+"
WORKSPACE = rf"{GROUP}/{PROVIDER}/workspaces/(?P<workspace>[^/]+)"

Handler = Callable[..., Any]
Mapped = tuple[str, Handler]


def at(pattern: str, **methods: Mapped) -> Any:
    """Route a pattern, matched in any case of letters, to an (operation, function) for each method.

    A function gets the request and the pattern's groups, with `workspace` as the Workspace, and
    returns a body, (status, body), (status, body, headers) or a whole response.
    """
    views = {method: _guarded(name, handler) for method, (name, handler) in methods.items()}

    def dispatch(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        method = "GET" if request.method == "HEAD" else request.method or ""
        view = views.get(method)
        if view is None:
            error = StudioError(
                f"This address has no {method}.",
                hint=f"It answers {', '.join(sorted(views))}.",
                code="not_found",
            )
            return refusal(error, status=405, headers={"Allow": ", ".join(views)})
        if methods[method][0] != PUBLIC and "Authorization" not in request.headers:
            # Programs come with a token; a browser's session, and the way to it, are for people.
            return _nobody()
        return view(request, **kwargs)

    dispatch.token_only = True  # type: ignore[attr-defined]
    dispatch.accesses = {  # type: ignore[attr-defined]
        method: Access(name) for method, (name, _) in methods.items()
    }
    dispatch.csrf_exempt = True  # type: ignore[attr-defined]
    return route(rf"^{pattern}/?$", dispatch)


def _nobody() -> HttpResponse:
    error = StudioError(
        "This address wants a token.", code="unauthenticated", where="Authorization",
        hint='Run `eval "$(officina azure env)"` in this shell, or send `Authorization: Bearer`.',
    )  # fmt: skip
    return refusal(error, headers={"WWW-Authenticate": "Bearer"})


def refusal(
    error: StudioError, *, status: int = 0, headers: Mapping[str, str] | None = None
) -> JsonResponse:
    """Return an error as JSON; the clients show the message alone, so it says what to do too."""
    message = f"{error.message} {error.hint}".strip()
    body = problems.shape(error.code, message, where=error.where, hint=error.hint)
    return JsonResponse(body, status=status or problems.status_of(error), headers=headers)


class AnyCase(RegexPattern):
    """A pattern of addresses in any case of letters; Django cannot reverse one that says so itself."""

    def __init__(self, pattern: str) -> None:
        super().__init__(pattern, is_endpoint=True)
        # In the place of the descriptor that would compile it as it stands.
        self.__dict__["regex"] = re.compile(pattern, re.IGNORECASE)


def route(pattern: str, view: Handler) -> URLPattern:
    """Return the route of a view below a pattern that is matched in any case of letters."""
    return URLPattern(AnyCase(pattern), view)


def _guarded(name: str, handler: Handler) -> Handler:
    @wraps(handler)
    def answering(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if isinstance(kwargs.get("name"), str):
            # `azureml:x@latest` is asked for as it was written.
            kwargs["name"] = kwargs["name"].removeprefix("azureml:")
        try:
            return answer(handler(request, **kwargs))
        except StudioError as error:
            # Always as JSON: a program without a token must not be sent to the login page.
            return refusal(error)
        except (RequestDataTooBig, TooManyFieldsSent):
            raise
        except Exception as error:
            # The clients cannot read the page that people get.
            id_ = problems.new_id()
            log.error("unexpected error %s at %s", id_, request.path, exc_info=error)
            hint = f"Tell your administrator the id {id_}; the log has the details."
            body = problems.shape("unexpected", "Unexpected error", hint=hint, id_=id_)
            return JsonResponse(body, status=500)

    guard = public if name == PUBLIC else signed_in if name.startswith("(") else operation(name)
    return guard(answering)


def answer(given: Any) -> HttpResponseBase:
    """Return a handler's result as an HTTP response."""
    if isinstance(given, HttpResponseBase):
        return given
    if isinstance(given, tuple):
        status, body, *rest = given
        headers = rest[0] if rest else {}
        if body is None:
            return HttpResponse(status=status, headers=headers)
        return JsonResponse(body, status=status, headers=headers)
    return JsonResponse(given)


def body(request: HttpRequest) -> dict[str, Any]:
    """Return the request's JSON object; refuse what is too large, too deep or no object."""
    raw = request.read(LONGEST_BODY + 1)
    if len(raw) > LONGEST_BODY:
        raise StudioError(
            f"The document is larger than {LONGEST_BODY >> 20} MiB.", code="too_large"
        )
    try:
        value = json.loads(raw or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise StudioError(
            f"The body is not JSON: {str(error)[:200]}", hint="Send one JSON object.", where="body"
        ) from error
    if not isinstance(value, dict):
        raise StudioError("The body is not a JSON object.", where="body")
    if depth_exceeds(value, DEEPEST_BODY):
        raise StudioError("The document is nested too deeply.", code="too_large", where="body")
    if found := unstorable(raw, value):
        raise StudioError(
            f"A text holds the character {found}, which cannot be stored.", where="body"
        )
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def mapping(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return an object inside a body; a missing or null one is empty, anything else an error."""
    found = value.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise StudioError(f"{key} is not an object.", where=key)
    return found


def texts(value: Mapping[str, Any], key: str) -> dict[str, str]:
    """Return an object of texts inside a body, such as tags."""
    return {
        str(name): item if isinstance(item, str) else json.dumps(item)
        for name, item in mapping(value, key).items()
        if item is not None
    }


def text(value: Mapping[str, Any], key: str) -> str:
    """Return a text inside a body; a missing or null one is empty."""
    found = value.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise StudioError(f"{key} is not a text.", where=key)
    return found


def envelope(
    id_: str, name: str, type_: str, properties: dict[str, Any], *,
    created: datetime | None = None, changed: datetime | None = None, by: str = "", **top: Any,
) -> dict[str, Any]:  # fmt: skip
    """Return a resource as ARM sends it."""
    return {
        "id": id_,
        "name": name,
        "type": f"Microsoft.MachineLearningServices/workspaces/{type_}".rstrip("/"),
        **top,
        "properties": properties,
        "systemData": {
            "createdAt": moment(created),
            "createdBy": by,
            "createdByType": "User",
            "lastModifiedAt": moment(changed or created),
            "lastModifiedBy": by,
            "lastModifiedByType": "User",
        },
    }


def moment(when: datetime | None) -> str | None:
    """Return a time as the clients parse it."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if when else None


def page(request: HttpRequest, rows: Any, show: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """Return one page of a QuerySet or list, with the address of the next one."""
    start = _number(request, "$skip", 0)
    size = max(1, min(_number(request, "$top", PAGE), MOST_PAGE))
    items = list(rows[start : start + size + 1])
    found: dict[str, Any] = {"value": [show(row) for row in items[:size]]}
    # The newest alone is what `$top=1` asks for: no client wants to page through that.
    if len(items) > size and size > 1:
        query = {**request.GET.dict(), "$skip": start + size}
        found["nextLink"] = request.build_absolute_uri(f"{request.path}?{urlencode(query)}")
    return found


def _number(request: HttpRequest, name: str, default: int) -> int:
    given = request.GET.get(name) or request.GET.get(name.removeprefix("$"))
    if given is None:
        return default
    if not given.isdigit() or len(given) > 9:
        raise StudioError(f"{name} is a whole number.", where=name)
    return int(given)


def shown(request: HttpRequest) -> str:
    """Return which of active, archived and all the list's `listViewType` asks for."""
    asked = request.GET.get("listViewType", "ActiveOnly").lower().replace("_", "")
    return {"archivedonly": "archived", "all": "all"}.get(asked, "active")


def base(request: HttpRequest) -> str:
    """Return the address that this client reaches the studio at."""
    return request.build_absolute_uri("/").rstrip("/")


def resource_id(workspace: Workspace, *parts: str) -> str:
    """Return the ARM id of something in a workspace."""
    return "/".join([workspace.resource_id, *parts])


def values(items: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return a list that is never long as one page."""
    return {"value": list(items)}


def conflict(message: str, hint: str = "") -> StudioError:
    """Return the error for what is there already and differs."""
    return StudioError(message, hint=hint, code="conflict")
