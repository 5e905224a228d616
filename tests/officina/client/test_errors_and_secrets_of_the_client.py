from __future__ import annotations

import json
from pathlib import Path

import pytest

from officina.client import Client
from officina.client.profile import Profile, load_profile, save_profile
from officina.errors import StudioError


def test_the_studios_error_arrives_with_code_and_words(client: Client) -> None:
    with pytest.raises(StudioError, match="no run 'nope'") as caught:
        client.show_job("nope")
    assert caught.value.code == "not_found"


def test_a_wrong_token_says_what_to_do(studio) -> None:
    with Client(studio.url, "bad", "demo") as one, pytest.raises(StudioError) as caught:
        one.workspaces()
    assert caught.value.code == "unauthenticated"
    assert "officina login" in caught.value.hint


def test_an_absent_studio_is_unavailable_and_named() -> None:
    with Client("http://127.0.0.1:9", "t", "demo") as one, pytest.raises(StudioError) as caught:
        one.workspaces()
    assert (caught.value.code, caught.value.where) == ("unavailable", "http://127.0.0.1:9")


@pytest.mark.parametrize("url", ["ftp://x", "localhost:8000", "http://me:pw@host", "http://", ""])
def test_an_address_that_is_none_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFICINA_URL", url or "x")
    with pytest.raises(StudioError) as caught:
        Client(url or None, "t")
    assert "pw" not in str(caught.value)


def test_a_kept_token_is_private_and_goes_to_its_own_address_only(
    client: Client, tmp_path: Path
) -> None:
    path = save_profile(Profile("http://one:1", "secret-token", "demo"))
    assert path.is_relative_to(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_profile().token == "secret-token"
    assert load_profile("http://two:2").token == ""
    assert "secret-token" not in repr(load_profile())


def test_a_broken_profile_says_to_log_in_again(client: Client) -> None:
    save_profile(Profile()).write_text(json.dumps([]))
    with pytest.raises(StudioError, match="cannot be read"):
        load_profile()
