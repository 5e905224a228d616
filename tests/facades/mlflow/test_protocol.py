"""Calls, answers and refusals of the MLflow protocol, without a client in between."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.test import Client

from studio.facades.mlflow.urls import CALLS
from studio.runs import live
from studio.runs.models import Experiment, Run
from studio.runs.services import tracking
from studio.workspaces import services as workspaces
from studio.workspaces.models import ApiToken
from tests.cast import run_token_of, token_of

API = "/mlflow/lab/api/2.0/mlflow"
FILES = "/mlflow/lab/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any) -> None:
    monkeypatch.setattr(live, "send", lambda group, message: None)
    settings.STORAGE_URL = str(tmp_path / "store")


class Caller:
    """Speaks the protocol with one token and returns status and JSON."""

    def __init__(self, secret: str) -> None:
        self.http = Client(headers={"Authorization": f"Bearer {secret}"})

    def send(self, method: str, url: str, body: Any = None) -> tuple[int, Any]:
        send = getattr(self.http, method)
        url = url if url.startswith("/mlflow") else f"{API}/{url}"
        if method == "get":
            answer = send(url, body or {})
        else:
            answer = send(url, data=json.dumps(body or {}), content_type="application/json")
        assert answer.headers["Content-Type"].startswith("application/json")
        return answer.status_code, json.loads(answer.content)

    def post(self, url: str, **body: Any) -> tuple[int, Any]:
        return self.send("post", url, body)

    def get(self, url: str, **query: Any) -> tuple[int, Any]:
        return self.send("get", url, query)

    def run(self, **body: Any) -> str:
        status, answer = self.post("runs/create", **{"experiment_id": "0", **body})
        assert status == 200, answer
        return str(answer["run"]["info"]["run_id"])


@pytest.fixture
def owner(cast: Any) -> Caller:
    return Caller(token_of(cast.owner))


def code(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1].get("error_code", "")


def test_a_run_is_created_logged_to_read_and_found(owner: Caller) -> None:
    guid = owner.run(run_name="one", tags=[{"key": "team", "value": "a"}], start_time=1000)
    batch = {
        "metrics": [
            {"key": "m", "value": "NaN", "timestamp": "5", "step": "1"},
            {"key": "m", "value": 2, "timestamp": 6},
            {"key": "n", "value": "-Infinity", "timestamp": 6},
        ],
        "params": [{"key": "p", "value": ""}],
        "tags": [{"key": "t", "value": "1"}, {"key": "t", "value": "2"}],
    }
    assert owner.post("runs/log-batch", run_id=guid, **batch) == (200, {})
    data = owner.get("runs/get", run_id=guid)[1]["run"]
    assert {m["key"]: m["value"] for m in data["data"]["metrics"]} == {"m": "NaN", "n": "-Infinity"}
    assert data["data"]["params"] == [{"key": "p", "value": ""}]
    assert {"key": "t", "value": "2"} in data["data"]["tags"]
    assert data["info"]["start_time"] == 1000 and data["info"]["run_uuid"] == guid
    history = owner.get("metrics/get-history", run_id=guid, metric_key="m")[1]["metrics"]
    assert [(m["timestamp"], m["step"], m["value"]) for m in history] == [(5, 1, "NaN"), (6, 0, 2)]
    found = owner.post("runs/search", experiment_ids=["0"], filter="tags.t = '2'")[1]
    assert [r["info"]["run_id"] for r in found["runs"]] == [guid]
    assert "next_page_token" not in found


def test_a_name_lives_in_the_run_and_in_its_tag(owner: Caller) -> None:
    guid = owner.run(run_name="one")
    owner.post("runs/set-tag", run_id=guid, key="mlflow.runName", value="two")
    assert owner.get("runs/get", run_id=guid)[1]["run"]["info"]["run_name"] == "two"
    owner.post("runs/update", run_id=guid, run_name="three", status="FINISHED", end_time=9000)
    run = owner.get("runs/get", run_id=guid)[1]["run"]
    assert {"key": "mlflow.runName", "value": "three"} in run["data"]["tags"]
    assert (run["info"]["status"], run["info"]["end_time"]) == ("FINISHED", 9000)
    tags = [{"key": "mlflow.runName", "value": "x"}]
    assert code(owner.post("runs/create", run_name="y", tags=tags))[0] == 400


MISTAKES: list[tuple[str, dict[str, Any], int]] = [
    ("runs/log-metric", {"key": "m", "value": "much", "timestamp": 1}, 400),
    ("runs/log-metric", {"key": "m", "value": 1, "timestamp": -1}, 400),
    ("runs/log-metric", {"key": "m", "value": 1, "timestamp": 1, "step": 2**63}, 400),
    ("runs/log-metric", {"key": "../m", "value": 1, "timestamp": 1}, 400),
    ("runs/log-metric", {"key": "/m", "value": 1, "timestamp": 1}, 400),
    ("runs/log-metric", {"key": "a//m", "value": 1, "timestamp": 1}, 400),
    ("runs/log-metric", {"key": "m" * 251, "value": 1, "timestamp": 1}, 400),
    ("runs/log-metric", {"value": 1, "timestamp": 1}, 400),
    ("runs/log-parameter", {"key": 5, "value": "x"}, 400),
    ("runs/log-batch", {"metrics": "many"}, 400),
    ("runs/log-batch", {"params": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}, 400),
    ("runs/log-batch", {"tags": [{"key": f"t{i}", "value": ""} for i in range(101)]}, 400),
    ("runs/update", {"status": "SLEEPING"}, 400),
    ("runs/delete-tag", {"key": "none"}, 404),
    ("runs/search", {"experiment_ids": ["0"], "max_results": 0}, 400),
    ("runs/search", {"experiment_ids": ["0"], "page_token": "zzz"}, 400),
    ("runs/search", {"experiment_ids": ["0"], "filter": "a = "}, 400),
    ("runs/search", {"experiment_ids": ["0"], "order_by": ["metrics.a", "metrics.a"]}, 400),
    ("experiments/update", {"experiment_id": "99999999", "new_name": "x"}, 404),
    ("experiments/create", {"name": ""}, 400),
    ("experiments/create", {"name": "x", "artifact_location": "/etc"}, 400),
    ("registered-models/create", {"name": "a/b"}, 400),
    ("model-versions/create", {"name": "none", "source": "runs:/x"}, 404),
]  # fmt: skip


def test_a_users_mistake_is_refused_and_never_worth_a_retry(owner: Caller) -> None:
    guid = owner.run()
    wrong = []
    for path, body, expected in MISTAKES:
        status, answer = owner.post(path, run_id=guid, **body)
        if status != expected or set(answer) != {"error_code", "message"}:
            wrong.append(f"{path} {body}: {status} {answer}")
    assert not wrong


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff\xfe", b'"text"', b"null", b"NaN"])
def test_a_malformed_body_is_a_bad_request(owner: Caller, body: bytes) -> None:
    answer = owner.http.post(f"{API}/runs/create", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"


def test_an_oversized_body_is_refused(owner: Caller, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert owner.post("runs/set-tag", run_id="x", key="k", value="v" * 2000)[0] == 413


SOURCES = [
    "/etc/passwd", "file:///etc/passwd", "file:/etc", "./model", "../x",
    "mlflow-artifacts:/0/../../x", "mlflow-artifacts:/0/%2e%2e/x", "runs:/{run}/../x",
    "mlflow-artifacts:/0/{run}/artifacts/%252e%252e/x", "models:/m-{run}/..", "dbfs:../x",
    "s3://bucket/../x", "runs:/{other}/model", "mlflow-artifacts:/0/{other}/artifacts/model",
]  # fmt: skip


def test_a_versions_source_stays_in_its_run(owner: Caller, cast: Any) -> None:
    elsewhere = Experiment.objects.create(workspace=cast.elsewhere, name="e")
    other = tracking.begin_tracked(
        workspace=cast.elsewhere, experiment=elsewhere, user=cast.outsider
    )
    owner.post("registered-models/create", name="model")
    run = owner.run()
    wrong = []
    for source in SOURCES:
        text = source.format(run=run, other=other.guid)
        for tags in [], [{"key": "mlflow.prompt.is_prompt", "value": "true"}]:
            asked = {"name": "model", "source": text, "tags": tags}
            status, _ = owner.post("model-versions/create", **asked)
            if status not in {400, 404}:
                wrong.append(f"{text} {tags}: {status}")
    assert not wrong


PATHS = [
    "..", "../x", "a/../../x", "%2e%2e/x", "..%2fx", "%252e%252e/x", "a\\..\\x", "a%5c..%5cx", "/etc/passwd",
    "a%00b", "a//b", "./x", "a/./b", "\u2024\u2024/x", "\uff0e\uff0e/x", "C:/x",
]  # fmt: skip


@pytest.mark.parametrize("verb", ["get", "put", "delete", "list", "mpu"])
def test_no_artifact_verb_leads_out_of_a_run(owner: Caller, verb: str) -> None:
    guid = owner.run()
    wrong = []
    for name in PATHS:
        path = f"1/{guid}/artifacts/{name}"
        if verb == "list":
            answer = owner.http.get(FILES, {"path": path})
        elif verb == "mpu":
            place = f"{FILES.removesuffix('artifacts')}mpu/create/{path}"
            answer = owner.http.post(place, data="{}", content_type="application/json")
        elif verb == "put":
            answer = owner.http.put(f"{FILES}/{path}", b"x", content_type="text/plain")
        else:
            answer = getattr(owner.http, verb)(f"{FILES}/{path}")
        if answer.status_code not in ({501} if verb == "mpu" else {400, 404}):
            wrong.append(f"{name!r}: {answer.status_code}")
    assert not wrong
    assert not Run.objects.get(guid=guid).artifacts.exists()


def test_an_artifact_comes_back_as_it_was_and_never_as_a_page(owner: Caller) -> None:
    guid = owner.run()
    for name, body in (("a/page.html", b"<script>"), ("odd.json", b"{not json"), ("empty", b"")):
        put = owner.http.put(
            f"{FILES}/1/{guid}/artifacts/{name}", body, content_type="application/json"
        )
        assert (put.status_code, put.json()) == (200, {})
        got = owner.http.get(f"{FILES}/1/{guid}/artifacts/{name}")
        assert b"".join(got.streaming_content) == body  # type: ignore[attr-defined]
        assert got.headers["Content-Disposition"].startswith("attachment")
    listed = owner.http.get(FILES, {"path": f"1/{guid}/artifacts"}).json()["files"]
    assert [each["path"] for each in listed] == ["a", "empty", "odd.json"]
    assert owner.http.get(FILES, {"path": f"1/{guid}/artifacts/a/page.html"}).json() == {
        "files": []
    }
    assert owner.http.get(f"{FILES}/1/{guid}/artifacts/none").status_code == 404
    assert owner.http.delete(f"{FILES}/1/{guid}/artifacts/a").json() == {}
    assert owner.http.get(f"{FILES}/1/{guid}/artifacts/a/page.html").status_code == 404


def test_a_body_without_a_length_is_read_in_its_chunks(owner: Caller) -> None:
    from io import BytesIO

    from django.test import RequestFactory

    from studio.facades.mlflow.artifacts import body_of

    request = RequestFactory().put("/x", headers={"Transfer-Encoding": "chunked"})
    request.META.pop("CONTENT_LENGTH", None)
    request.META["wsgi.input"] = BytesIO(b"in pieces")
    assert b"".join(body_of(request)) == b"in pieces"


def address(path: str) -> str:
    for name in ("model_id", "tag_key", "artifact_path"):
        path = path.replace(f"<str:{name}>", "x").replace(f"<path:{name}>", "1/x")
    return f"/mlflow/lab/{path}"


EVERY = [(verb, path) for path, found in CALLS for verb in found]


def every(client: Client) -> dict[str, tuple[int, str]]:
    """Call every address with an empty body; return what is answered."""
    found = {}
    for verb, path in EVERY:
        answer = getattr(client, verb)(
            address(path), **({} if verb == "get" else {"data": "{}", "content_type": "text/json"})
        )
        body = answer.json() if "json" in answer.headers["Content-Type"] else {}
        found[f"{verb} {path}"] = (answer.status_code, body.get("error_code", ""))
    return found


def test_no_address_lets_in_a_revoked_token(cast: Any) -> None:
    token, secret = workspaces.create_token(user=cast.owner, name="gone")
    workspaces.revoke_token(token=token, actor=cast.owner)
    answers = every(Client(headers={"Authorization": f"Bearer {secret}"}))
    assert set(answers.values()) == {(401, "UNAUTHENTICATED")}


def test_no_address_lets_in_a_browsers_session(cast: Any) -> None:
    client = Client()
    client.force_login(cast.owner)
    assert set(every(client).values()) == {(401, "UNAUTHENTICATED")}


def test_no_address_lets_in_a_token_of_another_workspace(cast: Any) -> None:
    secret = token_of(cast.outsider)
    answers = every(Client(headers={"Authorization": f"Bearer {secret}"}))
    assert set(answers.values()) == {(404, "RESOURCE_DOES_NOT_EXIST")}


def test_no_address_lets_in_the_token_of_a_run_that_is_gone(cast: Any) -> None:
    secret = run_token_of(cast.owner, cast.lab, "1" * 32)
    answers = every(Client(headers={"Authorization": f"Bearer {secret}"}))
    assert set(answers.values()) == {(403, "PERMISSION_DENIED")}


def test_a_jobs_token_reaches_its_own_run_and_nothing_else(cast: Any, owner: Caller) -> None:
    own, other = owner.run(), owner.run()
    job = Caller(run_token_of(cast.owner, cast.lab, own))
    child = job.run(tags=[{"key": "mlflow.parentRunId", "value": own}])
    for guid, expected in ((own, 200), (child, 200), (other, 403)):
        calls = [
            job.get("runs/get", run_id=guid),
            job.get("metrics/get-history", run_id=guid, metric_key="m"),
            job.post("runs/log-metric", run_id=guid, key="m", value=1, timestamp=1),
            job.post("runs/log-batch", run_id=guid, params=[{"key": "p", "value": "1"}]),
            job.post("runs/set-tag", run_id=guid, key="t", value="1"),
            job.post("runs/log-inputs", run_id=guid),
            job.post("runs/outputs", run_id=guid),
            job.post("runs/update", run_id=guid, status="RUNNING"),
            job.get(FILES, path=f"1/{guid}/artifacts"),
            job.send("put", f"{FILES}/1/{guid}/artifacts/a.txt"),
            job.get("artifacts/list", run_id=guid),
            job.post("logged-models", experiment_id="0", source_run_id=guid, name="m"),
        ]
        assert {status for status, _ in calls} == {expected}
    assert job.post("runs/delete", run_id=own)[0] == 403
    found = job.post("runs/search", experiment_ids=["0"])[1]["runs"]
    assert {row["info"]["run_id"] for row in found} == {own, child}
    assert code(job.post("experiments/create", name="new")) == (403, "PERMISSION_DENIED")
    owner.post("registered-models/create", name="theirs")
    assert job.post("registered-models/rename", name="theirs", new_name="mine")[0] == 403
    source = f"runs:/{other}/model"
    assert job.post("model-versions/create", name="theirs", source=source)[0] == 403
    source = f"runs:/{own}/a.txt"
    assert job.post("model-versions/create", name="theirs", source=source)[0] == 200


def test_a_reader_reads_and_writes_nothing(cast: Any, owner: Caller) -> None:
    guid = owner.run()
    reader = Caller(token_of(cast.reader))
    assert reader.get("runs/get", run_id=guid)[0] == 200
    for answer in (
        reader.post("runs/create", experiment_id="0"),
        reader.post("runs/log-metric", run_id=guid, key="m", value=1, timestamp=1),
        reader.send("put", f"{FILES}/1/{guid}/artifacts/a.txt"),
        reader.post("experiments/create", name="x"),
        reader.post("registered-models/create", name="x"),
    ):
        assert code(answer) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize(
    ("email", "expected"), [("olga@example.org", 200), ("OLGA@example.org", 200), ("carl@example.org", 401)]
)  # fmt: skip
def test_a_name_and_a_token_as_password_sign_in(cast: Any, email: str, expected: int) -> None:
    pair = base64.b64encode(f"{email}:{token_of(cast.owner)}".encode()).decode()
    client = Client(headers={"Authorization": f"Basic {pair}"})
    answer = client.post(f"{API}/experiments/search", data="{}", content_type="application/json")
    assert answer.status_code == expected


@pytest.mark.parametrize(
    "header", ["Basic !!!", "Basic ", "Bearer ", "Bearer nope", "Digest x", ""]
)
def test_a_wrong_header_is_answered_in_the_protocols_words(cast: Any, header: str) -> None:
    answer = Client(headers={"Authorization": header}).post(f"{API}/experiments/search")
    assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")


def test_without_a_workspace_the_tokens_own_is_meant(cast: Any) -> None:
    bound = token_of(cast.owner, workspace=cast.lab)
    guid = Caller(bound).run()
    answer = Caller(bound).get("/mlflow/api/2.0/mlflow/runs/get", run_id=guid)
    assert answer[0] == 200
    assert ApiToken.objects.filter(workspace=cast.lab).exists()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("api/2.0/mlflow/traces", "NOT_IMPLEMENTED"),
        ("api/3.0/mlflow/traces/search", "NOT_IMPLEMENTED"),
        ("v1/traces", "NOT_IMPLEMENTED"),
        ("api/2.0/mlflow/gateway/routes", "NOT_IMPLEMENTED"),
        ("api/2.0/mlflow/unity-catalog/registered-models/create", "NOT_IMPLEMENTED"),
        ("api/2.0/mlflow/nothing", "ENDPOINT_NOT_FOUND"),
        ("api/2.0/mlflow/runs/get/", "ENDPOINT_NOT_FOUND"),
    ],
)
def test_what_is_not_here_is_said_clearly(owner: Caller, path: str, expected: str) -> None:
    status, answer = owner.send("post", f"/mlflow/lab/{path}")
    assert answer["error_code"] == expected
    assert status in {404, 501}


def test_links_that_clients_print_lead_to_the_studio(cast: Any, owner: Caller) -> None:
    guid = owner.run()
    client = Client()
    # What stands after the # is read before anyone signs in, and is asked for afterwards.
    for place in "/mlflow", "/mlflow/lab/", "/mlflow/nowhere":
        assert client.get(place).status_code == 200
    away = client.get(f"/mlflow/lab/page?run={guid}").headers["Location"]
    assert away == f"/login/?next=/mlflow/lab/page%3Frun%3D{guid}"
    client.force_login(cast.owner)
    first = client.get(f"/mlflow/~/page?run={guid}").headers["Location"]
    assert first == f"/mlflow/lab/page?run={guid}"
    assert client.get("/mlflow/elsewhere/page?experiment=0").status_code == 404
    model = owner.post("logged-models", experiment_id="0", name="m", source_run_id=guid)[1]
    for asked, place in {
        f"run={guid}": f"runs/{guid}/",
        f"runs={guid},{guid}": f"compare/?runs={guid}%2C{guid}",
        f"logged={model['model']['info']['model_id']}": f"runs/{guid}/",
        "model=iris&version=3": "models/iris/?version=3",
        "experiment=0": "experiments/Default/",
        "model=a/b": "experiments/",
        "run=../../x": "experiments/",
    }.items():
        assert client.get(f"/mlflow/lab/page?{asked}").headers["Location"] == f"/w/lab/{place}", (
            asked
        )


def test_a_token_that_just_worked_stops_working_the_moment_its_rights_change(cast: Any) -> None:
    token, secret = workspaces.create_token(user=cast.contributor, name="busy")
    caller = Caller(secret)
    assert caller.post("experiments/create", name="one")[0] == 200
    assert caller.post("experiments/create", name="two")[0] == 200
    member = cast.contributor.memberships.get(workspace=cast.lab)
    member.role = "Reader"
    member.save()
    assert caller.post("experiments/create", name="three")[0] == 403
    member.delete()
    assert caller.post("experiments/search")[0] == 404
    member.save(force_insert=True)
    assert caller.post("experiments/search")[0] == 200
    workspaces.revoke_token(token=token, actor=cast.owner)
    assert caller.post("experiments/search")[0] == 401
