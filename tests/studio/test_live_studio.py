"""The running studio that live tests share."""

from __future__ import annotations

import json

import pytest

from tests.running import Studio

pytestmark = [pytest.mark.live]


def test_its_owner_reaches_the_api_with_the_token_of_admin_init(studio_server: Studio) -> None:
    status, body = studio_server.get("/api/v1/workspaces")
    assert status == 200, body
    assert studio_server.workspace in [item["name"] for item in json.loads(body)["items"]]


def test_nobody_gets_in_without_a_token(studio_server: Studio) -> None:
    status, _body = studio_server.get("/api/v1/workspaces", token=False)
    assert status == 401


def test_admin_init_again_finds_the_same_workspace(studio_server: Studio) -> None:
    made = json.loads(
        studio_server.manage(
            "admin_init", "--email", "owner@example.org", "--workspace", "lab", "--json"
        )
    )
    assert (made["url"], made["workspace"]) == (studio_server.url, studio_server.workspace)
