"""Every route is mapped to an operation, and answers each role as the role table says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.urls.converters import IntConverter, UUIDConverter

from studio.workspaces.access import PUBLIC, SIGNED_IN
from studio.workspaces.operations import BUILT_IN_ROLES, OPERATIONS
from tests.cast import bearer, run_token_of, token_of

METHODS = ("get", "post", "put", "patch", "delete")
GUID = "00000000-0000-4000-8000-000000000000"
# What stands in an address for an object that is nowhere: the first that its pattern takes.
SAMPLES = ("nowhere", "999999", GUID.replace("-", ""))


class Route(NamedTuple):
    pattern: str
    callback: Any
    converters: dict[str, Any]

    def operations(self) -> dict[str, str]:
        """Return method -> operation, PUBLIC or SIGNED_IN; raises KeyError where one is missing."""
        accesses = getattr(self.callback, "accesses", None)
        if accesses is not None:
            return {method.lower(): access.operation for method, access in accesses.items()}
        access = getattr(self.callback, "access", None)
        if access is not None:
            return {"get": access.operation, "post": access.operation}
        actions = getattr(self.callback, "actions", None)
        view = self.callback.cls
        if actions:
            named = {method: action for method, action in actions.items() if method in METHODS}
            return {method: view.operations[action] for method, action in named.items()}
        return {name: view.operations[name] for name in METHODS if hasattr(view, name)}

    def url(self, workspace: str) -> str:
        """Return an address of this route, with objects that are nowhere."""

        def fill(match: re.Match[str]) -> str:
            name = match["name"]
            if name == "workspace":
                return workspace
            converter = self.converters.get(name)
            if isinstance(converter, IntConverter):
                return "999999"
            guid = name == "guid" or isinstance(converter, UUIDConverter)
            wanted = (GUID, *SAMPLES) if guid else SAMPLES
            return next(each for each in wanted if re.fullmatch(shapes.get(name, ".+"), each))

        shapes = dict(re.findall(r"\(\?P<(\w+)>([^()|]*)\)", self.pattern))
        first = re.sub(r"\(\?P<\w+>(\w+)(?:\|\w+)+\)", r"\1", self.pattern)
        # Groups without a name: their first choice, or nothing where they may be absent.
        first = re.sub(r"\(\?:([^()|]*)[^()]*\)(\?)?", lambda m: "" if m[2] else m[1], first)
        plain = re.sub(r"\(\?P<(\w+)>[^()]*\)", r"<\1>", first)
        plain = plain.replace("[^/]+", "any").replace("/?$", "$").replace("\\", "")
        plain = plain.replace("^", "").replace("$", "")
        return "/" + re.sub(r"<(?:\w+:)?(?P<name>\w+)>", fill, plain)


def routes(resolver: Any = None, prefix: str = "", converters: Any = None) -> Iterator[Route]:
    """Walk the whole URL resolver."""
    resolver = resolver or get_resolver()
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern)
        known = {**(converters or {}), **entry.pattern.converters}
        if isinstance(entry, URLPattern):
            yield Route(pattern, entry.callback, known)
        else:
            yield from routes(entry, pattern, known)


ALL_ROUTES = list(routes())
WORKSPACE_ROUTES = [route for route in ALL_ROUTES if "workspace>" in route.pattern]


def test_the_walk_finds_the_routes() -> None:
    assert len(ALL_ROUTES) > 40
    assert any(route.pattern.startswith("api/v1/workspaces") for route in WORKSPACE_ROUTES)


@pytest.mark.parametrize("route", ALL_ROUTES, ids=lambda route: route.pattern)
def test_every_route_is_mapped_to_an_operation_that_exists(route: Route) -> None:
    for method, operation in route.operations().items():
        assert operation in {*OPERATIONS, PUBLIC, SIGNED_IN}, f"{method} {route.pattern}"


@pytest.mark.parametrize("route", WORKSPACE_ROUTES, ids=lambda route: route.pattern)
def test_no_route_of_a_workspace_is_open_to_everyone(route: Route) -> None:
    assert not {PUBLIC, SIGNED_IN} & set(route.operations().values())


def send(client: Client, method: str, url: str) -> Any:
    """Send what is meant to be refused or to find nothing; the body is empty."""
    client.raise_request_exception = False
    body = {} if method in {"get", "head"} else {"content_type": "application/json", "data": "{}"}
    return getattr(client, method)(url, **body)


class Asked(NamedTuple):
    method: str
    operation: str
    url: str
    # A facade's routes let nobody in by a browser's session.
    token_only: bool


def asked(workspace: str) -> Iterator[Asked]:
    """Yield method, operation and address of every route of a workspace."""
    for route in WORKSPACE_ROUTES:
        token_only = getattr(route.callback, "token_only", False)
        for method, operation in route.operations().items():
            yield Asked(method, operation, route.url(workspace), token_only)


class SignedIn:
    """One person's two ways in: the browser's session, and a token where only that will do."""

    def __init__(self, user: Any) -> None:
        self.session = Client()
        self.session.force_login(user)
        self.token = bearer(token_of(user))

    def send(self, route: Asked) -> Any:
        client = self.token if route.token_only else self.session
        return send(client, route.method, route.url)


def problem_with(response: Any, operation: str, who: str) -> str:
    """Return what is wrong with an answer, or nothing; 405 says only that the route has no such method."""
    held = BUILT_IN_ROLES.get(who.title(), frozenset())
    if response.status_code == 405:
        return ""
    if who == "outsider":
        return "" if response.status_code == 404 else "an outsider must get 404"
    if operation not in held:
        told = operation in response.content.decode()
        return "" if response.status_code == 403 and told else f"must be 403 and name {operation}"
    # 501 is an answer too: MLflow's clients ask whether there are multipart uploads.
    if response.status_code >= 500 and response.status_code != 501:
        return "a server error"
    # A member who holds the operation may still be told that only a job's token will do.
    if response.status_code in {401, 403} and b"given only to jobs" not in response.content:
        return f"{who} holds {operation}"
    return ""


@pytest.mark.parametrize("who", ["owner", "contributor", "reader", "outsider"])
def test_each_role_gets_what_the_role_table_says(who: str, cast: Any) -> None:
    person = SignedIn(getattr(cast, who))
    wrong = []
    for route in asked(cast.lab.name):
        response = person.send(route)
        if problem := problem_with(response, route.operation, who):
            wrong.append(f"{route.method} {route.url}: {response.status_code}, {problem}")
    assert not wrong, "\n".join(wrong)


def test_nobody_gets_in_without_signing_in(cast: Any) -> None:
    wrong = []
    for method, _, url, _ in asked(cast.lab.name):
        response = send(Client(), method, url)
        to_login = response.headers.get("Location", "").startswith("/login/?next=")
        if response.status_code not in {401, 405} and not to_login:
            wrong.append(f"{method} {url}: {response.status_code}")
    assert not wrong, "\n".join(wrong)


def test_another_workspace_is_as_good_as_none(cast: Any) -> None:
    person = SignedIn(cast.owner)
    wrong = []
    for name in (cast.elsewhere.name, "no-such-place"):
        for route in asked(name):
            if (status := person.send(route).status_code) not in {404, 405}:
                wrong.append(f"{route.method} {route.url}: {status}")
    assert not wrong, "\n".join(wrong)


def test_a_runs_own_token_opens_no_other_route(cast: Any) -> None:
    secret = run_token_of(cast.owner, cast.lab, "11111111-0000-4000-8000-000000000000")
    client = bearer(secret)
    wrong = []
    for method, operation, url, _ in asked(cast.lab.name):
        status = send(client, method, url).status_code
        reaches_vault = operation == "secrets.read" and status == 404
        if status not in {403, 405} and not reaches_vault:
            wrong.append(f"{method} {url}: {status}")
    assert not wrong, "\n".join(wrong)
