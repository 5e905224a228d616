"""One error shape, paging, limits, idempotency, events and the documentation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from studio.workspaces import events
from studio.workspaces.idempotency import forget_old_keys
from studio.workspaces.models import Event, IdempotencyKey, User, Workspace
from tests.cast import bearer, token_of

KEYS = {"code", "message", "where", "hint", "id"}


def error_of(answer) -> dict[str, str]:
    body = answer.json()
    assert body.keys() == {"error"} and body["error"].keys() == KEYS
    return body["error"]


def test_every_error_has_one_shape(cast) -> None:
    client = cast.client("owner")
    url = "/api/v1/workspaces"
    cases = {
        "not_found": client.get("/api/v1/nothing/here"),
        "method_not_allowed": client.delete(url),
        "invalid": client.post(url, "{not json", content_type="application/json"),
        "unsupported_media_type": client.post(url, "a", content_type="text/csv"),
        "forbidden": cast.client("reader").get("/api/v1/workspaces/lab/audit"),
    }
    for code, answer in cases.items():
        assert error_of(answer)["code"] == code
    assert error_of(client.post(url, {}))["where"] == "name"


def test_the_unexpected_is_logged_with_its_id_and_not_shown(
    cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from studio.workspaces import api

    def break_down(*_: object, **__: object) -> None:
        raise RuntimeError("a detail for the log")

    monkeypatch.setattr(api.Events, "list", break_down)
    client = cast.client("owner")
    answer = client.get("/api/v1/workspaces/lab/events")
    error = error_of(answer)
    assert (answer.status_code, error["message"]) == (500, "Unexpected error")
    assert "a detail" not in answer.content.decode()
    assert error["id"] in caplog.text and "a detail for the log" in caplog.text


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [("database or disk is full", 507, "storage_full"), ("connection refused", 503, "unavailable")],
)
def test_a_database_that_fails_is_told_apart_from_our_own_mistakes(
    cast, monkeypatch: pytest.MonkeyPatch, said: str, status: int, code: str
) -> None:
    from studio.workspaces import api

    monkeypatch.setattr(api.Events, "list", Mock(side_effect=OperationalError(said)))
    answer = cast.client("owner").get("/api/v1/workspaces/lab/events")
    assert (answer.status_code, error_of(answer)["code"]) == (status, code)


@pytest.mark.parametrize("body", ["[" * 70 + "]" * 70, "[" * 100_000, '{"name": NaN}'])
def test_json_that_is_too_deep_or_no_json_is_refused(cast, body: str) -> None:
    answer = cast.client("owner").post("/api/v1/workspaces", body, content_type="application/json")
    assert answer.status_code == 400 and error_of(answer)["code"] == "invalid"


def test_json_that_is_too_large_is_refused(cast) -> None:
    body = '{"name": "' + "x" * (17 * 2**20) + '"}'
    answer = cast.client("owner").post("/api/v1/workspaces", body, content_type="application/json")
    assert answer.status_code == 413


def test_lists_are_paged(cast) -> None:
    Event.objects.bulk_create(
        Event(workspace=cast.lab, type="RunCompleted", subject=f"run/{n}") for n in range(7)
    )
    client = cast.client("reader")
    url = "/api/v1/workspaces/lab/events"
    page = client.get(f"{url}?page=2&page_size=3").json()
    assert (page["total"], page["page"], page["page_size"], len(page["items"])) == (7, 2, 3, 3)
    assert page["next"].endswith("page=3&page_size=3") and page["previous"]
    assert client.get(f"{url}?page_size=99999").json()["page_size"] == 1000
    assert client.get(f"{url}?page=99").status_code == 404


def test_events_reach_listeners_only_after_the_commit_and_survive_a_bad_one(
    transactional_db: None,
) -> None:
    lab = Workspace.objects.create(name="lab")
    heard: list[str] = []

    def bad(event: Event) -> None:
        raise RuntimeError("listener")

    def good(event: Event) -> None:
        heard.append(event.subject)

    events.listen("RunCompleted")(bad)
    events.listen()(good)
    try:
        with transaction.atomic():
            events.emit(lab, "RunCompleted", "run/1")
            assert heard == []
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            events.emit(lab, "RunCompleted", "run/2")
            raise ZeroDivisionError
    finally:
        events.forget(bad)
        events.forget(good)
    assert heard == ["run/1"]
    assert Event.objects.count() == 1


def post(secret: str, body: dict[str, str], key: str) -> tuple[int, dict[str, str]]:
    try:
        answer = bearer(secret).post("/api/v1/workspaces", body, headers={"Idempotency-Key": key})
        return answer.status_code, answer.json()
    finally:
        connection.close()


def test_fifty_identical_requests_with_one_key_have_one_effect(transactional_db: None) -> None:
    secret = token_of(User.objects.create_user("olga@example.org"))
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: post(secret, {"name": "made"}, "k1"), range(50)))
    assert {status for status, _ in answers} == {201}
    assert len({body["guid"] for _, body in answers}) == 1
    assert Workspace.objects.count() == 1


def test_a_key_used_for_another_request_conflicts_and_a_failed_one_is_free(cast) -> None:
    secret = token_of(cast.owner)
    client = bearer(secret)

    def send(body: dict[str, str]):
        return client.post("/api/v1/workspaces", body, headers={"Idempotency-Key": "k"})

    assert send({"name": "lab"}).status_code == 409
    assert send({"name": "fresh"}).status_code == 201
    replayed = send({"name": "fresh"})
    assert replayed.status_code == 201 and replayed["Idempotent-Replayed"] == "true"
    assert error_of(send({"name": "other"}))["where"] == "Idempotency-Key"


def test_the_schema_and_its_pages_are_served_under_the_policy(cast) -> None:
    client = cast.client("reader")
    schema = client.get("/api/v1/schema?format=json")
    assert schema.status_code == 200
    assert "/api/v1/workspaces/{workspace}/members" in schema.content.decode()
    docs = client.get("/api/v1/docs")
    assert docs.status_code == 200
    assert "<script>" not in docs.content.decode()


def test_idempotency_keys_are_forgotten_after_a_day(cast) -> None:
    now = timezone.now()
    for name, age in (("old", timedelta(days=1, minutes=1)), ("young", timedelta(hours=23))):
        IdempotencyKey.objects.create(
            user=cast.owner, key=name, request="POST /", request_digest="0", created=now - age
        )
    assert forget_old_keys() == 1
    assert [row.key for row in IdempotencyKey.objects.all()] == ["young"]
