"""What holds for every address of the protocol, read from the URL conf: a new one cannot be forgotten."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core import signals
from django.db import close_old_connections
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver

from studio.facades.mlflow import direct, urls
from studio.facades.mlflow.endpoint import Endpoint
from studio.runs.models import Artifact, LoggedModel, MetricSeries, Run
from studio.workspaces import services as workspaces
from tests.cast import run_token_of, token_of
from tests.facades.mlflow.test_protocol import FILES, PATHS, Caller, owner, quiet

__all__ = ["owner", "quiet"]


def patterns(found: list[Any], before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in found:
        here = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from patterns(each.url_patterns, here)
        else:
            yield here, each


# What is not kept here, and what nobody has heard of, are found by pattern.
SAMPLES = ("api/3.0/mlflow/traces/search", "v1/traces", "api/2.0/mlflow/nothing")


def address(route: str, **known: str) -> str:
    """Return an address that a route matches."""
    start, _, pattern = route.partition("^")
    for mark, name in re.findall(r"(<(?:str|path):(\w+)>)", start):
        start = start.replace(mark, known.get(name, "lab" if name == "workspace" else "x"))
    fitting = [each for each in SAMPLES if pattern and re.match(pattern, each)]
    return f"/{start}{fitting[-1] if fitting else pattern}"


# Below a workspace's name; the same endpoints stand below none, for the default workspace.
ROUTES = [
    (verb, route, pattern.callback)
    for route, pattern in patterns(urls.urlpatterns)
    if isinstance(pattern.callback, Endpoint) and route.startswith("mlflow/<str:workspace>/")
    for verb in pattern.callback.calls
]
NAMED = [(verb, route) for verb, route, _ in ROUTES if "?P<" not in route]


def test_the_table_holds_every_address(cast: Any) -> None:
    assert {route for _, route in NAMED} == {
        f"mlflow/<str:workspace>/{path}" for path, _ in urls.CALLS
    }
    others = {
        route: pattern
        for route, pattern in patterns(urls.urlpatterns)
        if not isinstance(pattern.callback, Endpoint)
    }
    # The pages behind the links that clients print; tests/test_route_matrix.py asks for their rights.
    assert len(others) == 6 and all("api" not in route for route in others)


def call(client: Client, verb: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    if verb == "get":
        answer = client.get(path, body)
    else:
        answer = getattr(client, verb)(path, json.dumps(body), content_type="application/json")
    text = answer.headers["Content-Type"].startswith("application/json")
    return answer.status_code, json.loads(answer.content) if text else {}


@pytest.mark.parametrize("kind", ["revoked", "foreign", "none"])
def test_no_route_lets_in_the_wrong_token(cast: Any, kind: str) -> None:
    headers = {}
    if kind == "revoked":
        token, secret = workspaces.create_token(user=cast.owner, name="gone")
        workspaces.revoke_token(token=token, actor=cast.owner)
        headers = {"Authorization": f"Bearer {secret}"}
    if kind == "foreign":
        headers = {"Authorization": f"Bearer {token_of(cast.outsider)}"}
    client = Client(headers=headers)
    expected = (404, "RESOURCE_DOES_NOT_EXIST") if kind == "foreign" else (401, "UNAUTHENTICATED")
    wrong = {}
    for verb, route, _ in ROUTES:
        status, body = call(client, verb, address(route), {})
        if (status, body.get("error_code")) != expected:
            wrong[f"{verb} {route}"] = (status, body)
    assert not wrong


# What a job's token may call although the ids name somebody else's: its answers hold nothing of theirs, or they
# are about models, which jobs read and register.
OPEN_TO_JOBS = {
    "runs/search", "experiments/search", "logged-models/search", "server-info", "health", "version",
    "registered-models/create", "registered-models/get", "registered-models/search",
    "registered-models/get-latest-versions", "model-versions/search", "model-versions/get",
    "model-versions/get-download-uri", "registered-models/alias", "artifacts",
}  # fmt: skip


def test_a_jobs_token_changes_and_reads_no_other_run_by_any_route(cast: Any, owner: Caller) -> None:
    own = owner.run()
    owner.post("experiments/create", name="theirs")
    experiment = owner.get("experiments/get-by-name", experiment_name="theirs")[1]["experiment"]
    ident = experiment["experiment_id"]
    other = owner.run(experiment_id=ident)
    model = owner.post("logged-models", experiment_id=ident, source_run_id=other, name="m")[1]
    model_id = model["model"]["info"]["model_id"]
    place = f"{ident}/{other}/artifacts/a.txt"
    owner.send("put", f"{FILES}/{place}")
    owner.post("registered-models/create", name="theirs")
    owner.post("model-versions/create", name="theirs", source=f"runs:/{other}/a.txt")
    job = Client(headers={"Authorization": f"Bearer {run_token_of(cast.owner, cast.lab, own)}"})
    body = {
        "run_id": other, "run_uuid": other, "run_ids": [other], "experiment_id": ident, "model_id": model_id,
        "experiment_ids": [ident], "experiment_name": "theirs", "metric_key": "m", "key": "k", "value": "1",
        "name": "theirs", "version": "1", "new_name": "mine", "source": f"runs:/{other}/a.txt", "stage": "Staging",
        "alias": "a", "path": place, "status": "FINISHED", "timestamp": 1, "source_run_id": other,
        "metrics": [{"key": "m", "value": 1.0, "timestamp": 1, "step": 0}], "model_json": "{}",
        "tags": [{"key": "k", "value": "v"}], "params": [{"key": "p", "value": "v"}], "filter": "",
    }  # fmt: skip

    def state() -> Any:
        run = Run.objects.get(guid=other)
        files = Artifact.objects.filter(run=run).values_list("path", "sha256")
        return (
            run.version, run.tags, run.params, run.status, run.deleted, list(files),
            MetricSeries.objects.filter(run=run).count(),
            LoggedModel.objects.filter(guid=model_id).values("tags", "params", "status", "deleted").get(),
        )  # fmt: skip

    before, wrong = state(), {}
    for verb, route in NAMED:
        query = {**body, "value": 1.0} if route.endswith("log-metric") else body
        if verb == "get" and "mlflow/runs/get" not in route:
            query = {
                key: value
                for key, value in body.items()
                if key not in {"metrics", "tags", "params"}
            }
        path = address(route, model_id=model_id, artifact_path=place, tag_key="k")
        status, answer = call(job, verb, path, query)
        open_to_all = any(route.endswith(f"/{name}") for name in OPEN_TO_JOBS)
        refused = status in ({400, 403, 404, 501} | ({200} if open_to_all else set()))
        told = status == 200 and "registered" not in route and "model-versions" not in route
        if not refused or (told and (other in str(answer) or model_id in str(answer))):
            wrong[f"{verb} {route}"] = (status, answer)
    assert not wrong
    assert state() == before


FACADE = Path(urls.__file__).parent
NAMES = sorted(
    set(re.findall(
        r"\.(?:text|texts|integer|flag|raw|has|message|messages)\(\s*\"(\w+)\"",
        "".join(path.read_text() for path in FACADE.glob("*.py")),
    ))
)  # fmt: skip
ODD: list[Any] = [
    {}, {"a": {"b": []}}, [], [[]], [{}], [None], [1, "a"], 0, -1, 1.5, 2**63, -(2**70), 1e300, True,
    "", "\0", "a\0b", "x" * 70_000, "\ud7ff\U0010ffff", "NaN", "../..", "%2e%2e", "1e999", " ",
]  # fmt: skip


def test_the_fields_are_found_in_the_source() -> None:
    assert {"run_id", "metrics", "max_results", "page_token", "alias", "dataset"} <= set(NAMES)


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:20])
def test_no_value_of_any_type_is_an_error_of_the_server(owner: Caller, value: Any) -> None:
    """Each route is sent the value in every field at once, and beside a real run and model."""
    guid = owner.run()
    model = owner.post("logged-models", experiment_id="0", source_run_id=guid, name="m")[1]
    model_id = model["model"]["info"]["model_id"]
    real = {"run_id": guid, "model_id": model_id, "experiment_id": "0", "name": "n", "key": "k"}
    wrong = {}
    for verb, route in NAMED:
        if "<path:artifact_path>" in route:
            continue
        for known in ({}, real):
            body = {**dict.fromkeys(NAMES, value), **known}
            if verb == "get":
                body = {key: str(each) for key, each in body.items()}
            path = address(route, model_id=model_id, tag_key="k")
            status, answer = call(owner.http, verb, path, body)
            if status >= 500 or (status >= 400 and set(answer) != {"error_code", "message"}):
                wrong[f"{verb} {route}"] = (status, answer)
    assert not wrong


@pytest.mark.parametrize("step", ["create", "complete", "abort"])
def test_no_step_of_a_multipart_upload_leads_anywhere(owner: Caller, step: str) -> None:
    guid = owner.run()
    for name in PATHS:
        place = f"{FILES.removesuffix('artifacts')}mpu/{step}/1/{guid}/artifacts/{name}"
        status, _ = owner.send("post", place)
        assert status in {400, 404, 501}
    assert not Artifact.objects.exists()


@contextmanager
def open_connections() -> Iterator[None]:
    """Keep the test's transaction open from one request to the next, as Django's test client does."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


def test_the_short_way_answers_as_the_long_one_does(cast: Any, owner: Caller) -> None:
    """The busy addresses are reached without Django's middleware: who is refused there is refused here."""

    def forbidden(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise AssertionError(f"{environ['PATH_INFO']} took the long way")

    short = direct.Direct(forbidden)
    guid = owner.run()
    token, secret = workspaces.create_token(user=cast.owner, name="gone")
    workspaces.revoke_token(token=token, actor=cast.owner)
    secrets = [token_of(cast.owner), token_of(cast.reader), token_of(cast.outsider), secret, ""]
    taken = 0
    for verb, route in NAMED:
        path = address(route)
        if "<" in route.removeprefix("mlflow/<str:workspace>/") or "/api/2.0/mlflow/" not in path:
            continue
        for each in secrets:
            header = {"Authorization": f"Bearer {each}"}
            body = {"run_id": "0" * 32, "experiment_id": "99", "name": f"a{taken}", "key": "k"}
            expected = call(Client(headers=header), verb, path, body)
            body["name"] = f"b{taken}"
            data = json.dumps(body).encode()
            request = RequestFactory(headers=header)
            made = (
                request.get(path, body)
                if verb == "get"
                else request.generic(verb.upper(), path, data, "application/json")
            )
            said: list[Any] = []
            environ = {**made.META, "wsgi.input": io.BytesIO(data)}
            with open_connections():
                told = short(environ, lambda status, headers, said=said: said.append(status))
                answer = b"".join(told)
            status = int(said[0][:3])
            assert (status, set(json.loads(answer))) == (expected[0], set(expected[1])), (
                verb,
                route,
            )
            taken += 1
    assert taken > 200
    assert owner.get("runs/get", run_id=guid)[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:80:80"])
def test_the_short_way_knows_its_own_name(owner: Caller, host: str) -> None:
    seen = []
    short = direct.Direct(lambda environ, start_response: seen.append(environ["HTTP_HOST"]) or [])
    path = "/mlflow/lab/api/2.0/mlflow/runs/search"
    short({**RequestFactory().post(path).META, "HTTP_HOST": host}, lambda *_: None)
    assert seen == [host]
