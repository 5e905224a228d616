"""What holds on every route of the API and of the Azure facade, as the resolver has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import timezone

from registry import services as registry
from studio.facades.azureml import wire
from studio.workspaces.access import PUBLIC
from studio.workspaces.models import ApiToken
from tests.cast import bearer, run_token_of, token_of
from tests.facades.azureml.test_access import jwt_of
from tests.test_route_matrix import ALL_ROUTES, Route

WRITES = ("post", "put", "patch")
MALFORMED = (
    b"\xff\xfe\x00", b"[1, 2]", b'{"a": ' * 2000 + b"1" + b"}" * 2000,
    b'{"properties": {"tags": 3, "properties": [], "action": 1, "trigger": [], "jobs": 0}}',
    b'{"name": {"a": "\\u0000"}, "version": "\\u0000", "document": [], "inputs": "x", "tags": 3}',
)  # fmt: skip


def is_azure(route: Route) -> bool:
    """Say whether a route is one of the Azure facade's, whose views are made by `wire.at`."""
    return str(getattr(route.callback, "__module__", "")).startswith(wire.__name__)


def is_of_the_facade(route: Route) -> bool:
    """Say whether a route leads into the Azure facade, by whatever kind of view."""
    module = str(getattr(route.callback, "__module__", ""))
    return is_azure(route) or module.startswith("studio.facades.azureml")


def is_api(route: Route) -> bool:
    return route.pattern.startswith("api/v1/")


def leads_to(url: str, route: Route) -> bool:
    try:
        return resolve(url).func is route.callback
    except Resolver404:
        return False


def asked(chosen: Any, *methods: str) -> Iterator[tuple[str, str]]:
    """Yield method and address of every route that is chosen and not for everyone."""
    for route in ALL_ROUTES:
        url = route.url("lab")
        if not chosen(route) or not leads_to(url, route):
            continue
        for method, operation in route.operations().items():
            if operation != PUBLIC and (not methods or method in methods):
                yield method, url


@pytest.fixture
def lab(cast: Any, tmp_path: Any, settings: Any) -> Any:
    settings.STORAGE_URL = (tmp_path / "store").as_uri()
    registry.create_default_datastores(cast.lab)
    return cast


def send(client: Any, method: str, url: str, body: bytes = b"{}") -> Any:
    client.raise_request_exception = False
    if method in {"get", "head"}:
        return getattr(client, method)(url)
    return client.generic(method.upper(), url, body, content_type="application/json")


# What nobody needs a token for: where the services are, how one signs in, what a signature in the
# address opens (test_access.py tries those), and the words for what is not served.
FOR_EVERYONE = {
    "^discovery/workspaces/", "^metadata/endpoints/", "^azure/client/", "^msi/token/",
    "^(?P<tenant>[A-Za-z0-9-]{1,64})/(?:v2\\.0/)?\\.well-known/",
    "^(?P<tenant>[A-Za-z0-9-]{1,64})/oauth2/(?:v2\\.0/)?token/",
    "^history/v1\\.0/pipelines/(?P<guid>[0-9a-f]{32})/log/",
    "^blob/(?P<account>", "^(?P<rest>(?:mferp/managementfrontend/|genericasset/",
}  # fmt: skip


def test_a_new_address_is_asked_by_these_tests_or_named_as_open_to_everyone() -> None:
    opened = set()
    for route in ALL_ROUTES:
        if not is_of_the_facade(route):
            assert not is_api(route) or leads_to(route.url("lab"), route), route.pattern
            continue
        if PUBLIC in route.operations().values():
            opened |= {each for each in FOR_EVERYONE if route.pattern.startswith(each)} or {
                route.pattern
            }
        else:
            # One that no address here leads to would be asked by no test below.
            assert is_azure(route) and leads_to(route.url("lab"), route), route.pattern
    assert opened == FOR_EVERYONE, opened ^ FOR_EVERYONE


def test_the_walk_finds_both() -> None:
    found = [route for route in ALL_ROUTES if is_azure(route)]
    assert len(found) > 40
    assert any("schedules" in route.pattern for route in found)
    assert sum(is_api(route) for route in ALL_ROUTES) > 80


@pytest.mark.parametrize(
    ("kind", "chosen"), [("token", is_api), ("jwt", is_azure), ("run", is_azure)]
)
def test_a_revoked_token_opens_nothing(lab: Any, kind: str, chosen: Any) -> None:
    secret = token_of(lab.owner)
    if kind == "jwt":
        secret = jwt_of(secret)
    elif kind == "run":
        secret = run_token_of(lab.owner, lab.lab, "11111111-0000-4000-8000-000000000000")
    client = bearer(secret)
    ApiToken.objects.update(revoked_at=timezone.now())
    wrong = []
    for method, url in asked(chosen):
        status = send(client, method, url).status_code
        if status not in {401, 405}:
            wrong.append(f"{method} {url}: {status}")
    assert not wrong, "\n".join(wrong)


def test_a_run_an_outsider_a_browser_and_nobody_reach_nothing_of_the_azure_facade(lab: Any) -> None:
    browser = Client()
    browser.force_login(lab.owner)
    callers = (
        (bearer(run_token_of(lab.owner, lab.lab, "11111111-0000-4000-8000-000000000000")), 403),
        (bearer(jwt_of(token_of(lab.outsider))), 404),
        (browser, 401),
        (Client(), 401),
    )
    wrong = []
    for method, url in asked(is_azure):
        for client, wanted in callers if "/lab" in url else callers[2:]:
            answer = send(client, method, url)
            is_json = answer.headers.get("Content-Type", "").startswith("application/json")
            if answer.status_code != wanted or not is_json:
                wrong.append(f"{method} {url}: {answer.status_code}, not {wanted}")
    assert not wrong, "\n".join(wrong)


def test_no_malformed_body_meets_a_server_error(lab: Any) -> None:
    client = bearer(token_of(lab.owner))
    wrong = []
    for method, url in asked(lambda route: is_api(route) or is_azure(route), *WRITES):
        for body in MALFORMED:
            answer = send(client, method, url, body)
            is_json = "json" in answer.headers.get("Content-Type", "")
            if answer.status_code >= 500 and answer.status_code != 501:
                wrong.append(f"{method} {url} {body[:60]!r}: {answer.status_code}")
            elif answer.status_code >= 400 and not is_json:
                wrong.append(f"{method} {url} {body[:60]!r}: {answer.status_code} without JSON")
    assert not wrong, "\n".join(wrong)


def test_a_body_that_is_too_large_makes_nothing(lab: Any) -> None:
    client = bearer(token_of(lab.owner))
    body = b'{"properties": {"description": "' + b"x" * (wire.LONGEST_BODY + 1) + b'"}}'
    wrong = []
    for method, url in asked(is_azure, *WRITES):
        # Where no body is looked at, its size makes no difference.
        status = send(client, method, url, body).status_code
        if status not in {200, 400, 404, 405, 413}:
            wrong.append(f"{method} {url}: {status}")
    assert not wrong, "\n".join(wrong)
    jobs = next(url for method, url in asked(is_azure, "put") if "/jobs/" in url)
    assert send(client, "put", jobs, body).status_code == 413


@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", "a%00b", "%5c..%5cx", "x" * 3000])
def test_no_name_in_an_address_meets_a_server_error_or_a_file(lab: Any, name: str) -> None:
    client = bearer(token_of(lab.owner))
    wrong = []
    for _, url in asked(lambda route: is_api(route) or is_azure(route), "get"):
        if "nowhere" in url:
            answer = send(client, "get", url.replace("nowhere", name))
            if answer.status_code >= 500 or b"root:" in getattr(answer, "content", b""):
                wrong.append(f"get {url} with {name[:40]}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
