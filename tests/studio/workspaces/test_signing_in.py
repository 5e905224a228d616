"""Signing in: right and wrong passwords, limits, CSRF, where it leads, and how sessions end."""

from __future__ import annotations

import pytest
from django.test import Client

from studio import settings
from studio.workspaces import services
from studio.workspaces.models import Membership
from studio.workspaces.sign_in import MOST_PER_EMAIL

PASSWORD = "correct horse battery"
OWNER = "olga@example.org"


def sign_in(client: Client, email: str = OWNER, password: str = PASSWORD, **more: str):
    return client.post("/login/", {"email": email, "password": password, **more})


def test_the_right_password_signs_in_whatever_the_case_of_the_email(cast) -> None:
    client = Client()
    assert sign_in(client, OWNER.upper()).status_code == 302
    assert client.get("/profile/").status_code == 200


def test_a_wrong_password_and_an_unknown_email_look_the_same(cast) -> None:
    wrong = sign_in(Client(), password="not this one")
    unknown = sign_in(Client(), email="nobody@example.org")
    text = "The e-mail or the password is not right."
    assert (wrong.status_code, unknown.status_code) == (403, 403)
    assert text in wrong.content.decode() and text in unknown.content.decode()


def test_guessing_is_stopped_even_with_the_right_password(cast) -> None:
    for _ in range(MOST_PER_EMAIL):
        sign_in(Client(), password="guess")
    assert sign_in(Client()).status_code == 429
    assert sign_in(Client(), "rita@example.org").status_code == 302


def test_a_session_that_someone_gave_me_is_not_the_one_i_sign_in_to(cast) -> None:
    attacker = Client()
    assert sign_in(attacker, "otto@example.org").status_code == 302
    planted = attacker.cookies["sessionid"].value
    victim = Client()
    victim.cookies["sessionid"] = planted
    assert sign_in(victim).status_code == 302
    assert victim.cookies["sessionid"].value != planted
    assert OWNER not in attacker.get("/profile/").content.decode()


def test_signing_in_needs_a_csrf_token(cast, browser: Client) -> None:
    assert sign_in(browser).status_code == 403
    page = browser.get("/login/")
    token = page.cookies["csrftoken"].value
    assert sign_in(browser, csrfmiddlewaretoken=token).status_code == 302


def test_a_session_cannot_write_without_a_csrf_token(cast, browser: Client) -> None:
    browser.force_login(cast.owner)
    page = browser.post("/w/lab/members/invite", {"role": "Reader"})
    api = browser.post(
        "/api/v1/workspaces/lab/invitations", '{"role": "Reader"}', content_type="application/json"
    )
    assert (page.status_code, api.status_code) == (403, 403)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.org",
        "https://evil.org",
        "\\\\evil.org",
        "/\\evil.org",
        "/%0d%0aX: y\r\nX: y",
        "javascript:x",
    ],
)
def test_signing_in_never_leads_off_the_site(cast, target: str) -> None:
    response = sign_in(Client(), next=target)
    assert response["Location"] == "/"


def test_signing_in_leads_back_to_the_page_asked_for(cast) -> None:
    assert sign_in(Client(), next="/w/lab/members/?a=b")["Location"] == "/w/lab/members/?a=b"


def test_a_new_password_ends_the_other_sessions(cast) -> None:
    here, there = Client(), Client()
    sign_in(here)
    sign_in(there)
    form = {"old_password": PASSWORD, "password": "a much newer one"}
    assert here.post("/profile/", form).status_code == 302
    assert here.get("/profile/").status_code == 200
    assert there.get("/profile/").status_code == 302


@pytest.mark.parametrize("password", ["", "   ", "short", "password1234", "12345678901234"])
def test_weak_passwords_are_refused_by_page_and_api(cast, password: str) -> None:
    client = Client()
    sign_in(client)
    page = client.post("/profile/", {"old_password": PASSWORD, "password": password})
    api = client.put(
        "/api/v1/me", {"old": PASSWORD, "new": password}, content_type="application/json"
    )
    assert (page.status_code, api.status_code) == (400, 400)


def test_removing_a_member_ends_their_session_at_once(cast) -> None:
    client = Client()
    sign_in(client, "rita@example.org")
    assert client.get("/w/lab/members/").status_code == 200
    member = Membership.objects.get(user=cast.reader)
    services.remove_member(member=member, actor=cast.owner)
    assert client.get("/w/lab/members/").status_code == 302
    sign_in(client, "rita@example.org")
    assert client.get("/w/lab/members/").status_code == 404


def test_signing_out_is_a_post_and_ends_the_session(cast) -> None:
    client = Client()
    sign_in(client)
    assert client.get("/logout/").status_code == 405
    client.post("/logout/")
    assert client.get("/profile/").status_code == 302


def test_the_theme_is_kept_in_a_cookie_and_on_the_user(cast) -> None:
    client = Client()
    sign_in(client)
    response = client.post("/preferences/theme", {"theme": "dark", "next": "//evil.org"})
    assert response["Location"] == "/" and response.cookies["theme"].value == "dark"
    cast.owner.refresh_from_db()
    assert cast.owner.theme == "dark"
    assert client.post("/preferences/theme", {"theme": "pink"}).status_code == 400


def test_passwords_are_kept_by_argon2() -> None:
    """As the settings' own module says: the tests' processes hash fast."""
    assert settings.PASSWORD_HASHERS[0] == "django.contrib.auth.hashers.Argon2PasswordHasher"
