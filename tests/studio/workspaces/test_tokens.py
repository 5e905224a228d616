"""Tokens and service accounts: shown once, stored hashed, bound, and dead at once when revoked."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from studio.workspaces import services
from studio.workspaces.models import ApiToken
from tests.cast import bearer, run_token_of, token_of

RUN = "22222222-0000-4000-8000-000000000000"


def everything_stored() -> str:
    """Return the text of every row of every table."""
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows.append(str(cursor.fetchall()))
    return "".join(rows)


def test_a_token_is_shown_once_and_kept_as_a_digest(cast) -> None:
    client = cast.client("owner")
    made = client.post("/api/v1/workspaces/lab/tokens", {"name": "laptop"}).json()
    secret = made["token"]
    assert secret.startswith("oft_") and len(secret) >= 44
    assert made["prefix"] == secret[:10]
    assert secret not in everything_stored()
    assert secret not in client.get("/api/v1/workspaces/lab/tokens").content.decode()
    assert bearer(secret).get("/api/v1/me").json()["email"] == "olga@example.org"


def test_the_tokens_page_shows_the_secret_once(cast) -> None:
    from django.test import Client

    client = Client()
    client.force_login(cast.reader)
    page = client.post("/w/lab/tokens/", {"name": "ci", "days": "30"})
    assert 'id="new-token">oft_' in page.content.decode()
    assert 'id="new-token"' not in client.get("/w/lab/tokens/").content.decode()


def test_a_revoked_token_stops_at_once(cast) -> None:
    secret = token_of(cast.owner)
    assert bearer(secret).get("/api/v1/me").status_code == 200
    token = ApiToken.objects.get()
    assert (
        cast.client("owner").delete(f"/api/v1/workspaces/lab/tokens/{token.pk}").status_code == 204
    )
    answer = bearer(secret).get("/api/v1/me")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthenticated"
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_token_and_a_made_up_one_are_refused(cast) -> None:
    secret = token_of(cast.owner, expires=timezone.now() + timedelta(days=1))
    ApiToken.objects.update(expires=timezone.now())
    for wrong in (secret, "oft_" + "x" * 43, "oft_", ""):
        assert bearer(wrong).get("/api/v1/workspaces").status_code == 401


def test_a_token_in_the_address_is_no_sign_in(cast) -> None:
    from rest_framework.test import APIClient

    secret = token_of(cast.owner)
    assert (
        APIClient().get(f"/api/v1/workspaces?token={secret}&access_token={secret}").status_code
        == 401
    )


def test_nobody_ends_another_persons_token(cast) -> None:
    token_of(cast.owner)
    token = ApiToken.objects.get()
    url = f"/api/v1/workspaces/lab/tokens/{token.pk}"
    assert cast.client("contributor").delete(url).status_code == 404


def test_a_token_of_one_workspace_opens_no_other(cast) -> None:
    services.create_workspace(name="second", user=cast.owner)
    secret = token_of(cast.owner, workspace=cast.lab)
    client = bearer(secret)
    assert client.get("/api/v1/workspaces/lab").status_code == 200
    assert client.get("/api/v1/workspaces/second").status_code == 404
    assert [row["name"] for row in client.get("/api/v1/workspaces").json()["items"]] == ["lab"]
    assert client.post("/api/v1/workspaces", {"name": "third"}).status_code == 403


def test_a_token_makes_no_token_that_outlives_it_or_reaches_further(cast) -> None:
    end = timezone.now() + timedelta(days=2)
    client = bearer(token_of(cast.owner, workspace=cast.lab, expires=end))
    body = {"name": "child", "days": 365, "only_here": False}
    made = client.post("/api/v1/workspaces/lab/tokens", body).json()
    assert made["workspace"] == "lab"
    assert ApiToken.objects.get(name="child").expires <= end


def test_a_token_works_on_pages_and_needs_no_csrf_token(cast) -> None:
    from rest_framework.test import APIClient

    client = APIClient(enforce_csrf_checks=True)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(cast.owner)}")
    assert client.get("/w/lab/members/").status_code == 200
    answer = client.post(
        "/w/lab/members/invite", "role=Reader", content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 200


def test_a_runs_token_reads_its_run_and_nothing_else(cast) -> None:
    client = bearer(run_token_of(cast.owner, cast.lab, RUN))
    # The run is not there: 404 says that the token got as far as looking for it.
    assert client.get(f"/api/v1/workspaces/lab/runs/{RUN}").status_code == 404
    other = RUN.replace("2", "3")
    assert client.get(f"/api/v1/workspaces/lab/runs/{other}").status_code == 403
    for url in ("/api/v1/me", "/api/v1/workspaces", "/api/v1/workspaces/lab/runs", "/profile/"):
        assert client.get(url).status_code == 403, url
    assert client.post(f"/api/v1/workspaces/lab/runs/{RUN}/cancel").status_code == 403


def test_a_runs_token_does_no_more_than_its_owner_may(cast) -> None:
    secret = run_token_of(cast.reader, cast.lab, RUN)
    assert bearer(secret).patch(f"/api/v1/workspaces/lab/runs/{RUN}", {}).status_code in {403, 405}
    services.remove_member(member=cast.reader.memberships.get(), actor=cast.owner)
    assert bearer(secret).get(f"/api/v1/workspaces/lab/runs/{RUN}").status_code == 401


def test_a_service_account_acts_with_its_role_until_it_is_deleted(cast) -> None:
    client = cast.client("owner")
    base = "/api/v1/workspaces/lab/service-accounts"
    made = client.post(base, {"name": "ci", "role": "Reader"}).json()
    secret = client.post(f"{base}/{made['id']}/tokens", {"name": "runner"}).json()["token"]
    assert secret not in everything_stored()
    robot = bearer(secret)
    assert robot.get("/api/v1/workspaces/lab").json()["role"] == "Reader"
    assert robot.post("/api/v1/workspaces/lab/runs", {}).status_code == 403
    assert robot.post("/api/v1/workspaces", {"name": "own"}).status_code == 403
    assert client.delete(f"{base}/{made['id']}").status_code == 204
    assert robot.get("/api/v1/workspaces/lab").status_code == 401
    assert client.post(base, {"name": "ci", "role": "Reader"}).status_code == 201


def test_an_owner_that_is_a_service_account_does_not_count_as_the_last(cast) -> None:
    client = cast.client("owner")
    client.post("/api/v1/workspaces/lab/service-accounts", {"name": "bot", "role": "Owner"})
    member = cast.owner.memberships.get()
    assert client.delete(f"/api/v1/workspaces/lab/members/{member.pk}").status_code == 409
