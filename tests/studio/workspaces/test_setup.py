"""The first administrator: one link, one use; and the command for scripts."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.test import Client

from studio.workspaces import services
from studio.workspaces.models import Membership, User, Workspace
from tests.cast import bearer

FORM = {
    "email": "ada@example.org",
    "display_name": "Ada",
    "password": "an analytical engine",
    "workspace": "first",
}


def test_the_link_makes_an_administrator_and_a_workspace_once(db) -> None:
    link = services.setup_link()
    client = Client()
    assert client.get(link).status_code == 200
    assert client.post(link, FORM)["Location"] == "/w/first/"
    assert User.objects.get().is_superuser
    assert Membership.objects.get().role == "Owner"
    assert Client().get(link).status_code == 404
    assert Client().post(link, {**FORM, "email": "eve@example.org"}).status_code == 404
    assert services.setup_link() is None


def test_a_weak_password_makes_nothing_and_the_link_still_works(db) -> None:
    link = services.setup_link()
    assert Client().post(link, {**FORM, "password": ""}).status_code == 400
    assert Client().post(link, {**FORM, "workspace": "no/slash"}).status_code == 400
    assert not User.objects.exists() and not Workspace.objects.exists()
    assert Client().post(link, FORM).status_code == 302


def test_a_newer_link_replaces_the_older_one(db) -> None:
    old, new = services.setup_link(), services.setup_link()
    assert Client().get(old).status_code == 404
    assert Client().get(new).status_code == 200


def test_an_open_link_dies_when_an_administrator_appears(db) -> None:
    link = services.setup_link()
    services.admin_init(email="root@example.org", workspace="main")
    assert Client().post(link, FORM).status_code == 404


def test_admin_init_can_be_said_again_and_always_gives_a_token_that_works(
    db, capsys: pytest.CaptureFixture[str]
) -> None:
    tokens = []
    for _ in range(2):
        call_command("admin_init", "--email", "ada@example.org", "--workspace", "main", "--json")
        made = json.loads(capsys.readouterr().out)
        assert made.keys() == {"url", "token", "workspace"}
        tokens.append(made["token"])
    for token in tokens:
        assert bearer(token).get("/api/v1/workspaces/main").json()["role"] == "Owner"
    assert User.objects.count() == Workspace.objects.count() == 1


def test_an_administrator_made_by_the_command_sets_a_password_with_the_token(db) -> None:
    token = services.admin_init(email="ada@example.org", workspace="main")["token"]
    body = {"new": "an analytical engine"}
    assert bearer(token).put("/api/v1/me", body).status_code == 204
    form = {"email": "ada@example.org", "password": "an analytical engine"}
    assert Client().post("/login/", form).status_code == 302
