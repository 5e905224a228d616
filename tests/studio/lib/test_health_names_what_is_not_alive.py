"""/healthz says which part is missing."""

from __future__ import annotations

import time

import pytest
from django.core.cache import cache
from django.test import Client

from studio.lib import health

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def test_all_alive_is_200(client: Client) -> None:
    health.mark_alive("worker")
    health.mark_alive("beat")
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "failing": [],
        "parts": {"database": "ok", "broker": "ok", "worker": "ok", "beat": "ok"},
    }


@pytest.mark.parametrize("silent", ["worker", "beat"])
def test_a_silent_part_is_503_and_named(client: Client, silent: str) -> None:
    health.mark_alive({"worker": "beat", "beat": "worker"}[silent])
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["failing"] == [silent]


def test_a_part_counts_as_gone_after_its_time(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    health.mark_alive("beat")
    monkeypatch.setattr(health, "SILENCE", 1)
    health.mark_alive("worker")
    until = time.monotonic() + 60
    while (failing := client.get("/healthz").json()["failing"]) != ["worker"]:
        assert failing == [] and time.monotonic() < until
        time.sleep(0.1)


def test_without_a_broker_it_answers_and_says_so(client: Client, settings: object) -> None:
    settings.CACHES = {  # type: ignore[attr-defined]
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "unix:///tmp/officina-no-such.sock",
        }
    }
    body = client.get("/healthz").json()
    assert body["failing"] == ["broker", "worker", "beat"]
    assert body["parts"]["broker"] == "does not answer (ConnectionError)"


def test_the_cache_holds_json_and_never_pickles() -> None:
    class Unknown:
        pass

    with pytest.raises(TypeError):
        cache.set("x", Unknown())
    cache.set("x", {"a": [1, 2.5, None, "ü"]})
    assert cache.get("x") == {"a": [1, 2.5, None, "ü"]}
    cache.set("n", 1)
    assert cache.incr("n") == 2
