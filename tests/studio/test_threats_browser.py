"""What another site, another host or a stranger on the broker may try against a studio: none of it does anything."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.sessions.models import Session
from django.test import Client

from tests.running import ROOT, Studio

INVITE = "/w/lab/members/invite"
INVITE_API = "/api/v1/workspaces/lab/invitations"
EVIL = "https://evil.example"
PART = '--x\r\nContent-Disposition: form-data; name="role"\r\n\r\nReader\r\n--x--\r\n'

# What a kombu producer with another serializer would leave in the queue; the body is a pickle that makes a file.
PICKLE_MESSAGE = """
import base64, json, os, pickle, sys
from pathlib import Path
from django.conf import settings
from celery import current_app

class Bomb:
    def __reduce__(self):
        return os.system, ("touch " + str(Path(settings.OFFICINA_HOME) / "pwned"),)

body = base64.b64encode(pickle.dumps(Bomb())).decode()
with current_app.connection_for_write() as connection:
    channel = connection.default_channel
    queue = settings.CELERY_TASK_DEFAULT_QUEUE
    message = json.dumps({
        "body": body, "content-encoding": "binary", "content-type": "application/x-python-serialize",
        "headers": {"task": "studio.runs.tasks.reap", "id": "bomb", "lang": "py"},
        "properties": {"body_encoding": "base64", "delivery_tag": "bomb", "correlation_id": "bomb",
                       "delivery_info": {"exchange": "", "routing_key": queue}, "delivery_mode": 2, "priority": 0},
    })
    channel.client.lpush(queue, message)
"""
LENGTH_OF_QUEUE = """
import json
from django.conf import settings
from celery import current_app
with current_app.connection_for_write() as connection:
    client = connection.default_channel.client
    waiting = [m for m in client.lrange(settings.CELERY_TASK_DEFAULT_QUEUE, 0, -1) if b'"bomb"' in m]
    print("SEEDED " + json.dumps(len(waiting)))
"""


def strict(user: Any) -> Client:
    """Return a signed-in client that checks CSRF as a browser meets it."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
)
@pytest.mark.parametrize("address", [INVITE, INVITE_API])
def test_no_form_that_another_site_can_send_writes_with_a_cookie(
    cast: Any, address: str, kind: str
) -> None:
    body = {
        "text/plain": '{"role": "Reader", "x": "="}',
        "multipart/form-data; boundary=x": PART,
    }.get(kind, "role=Reader")
    answer = strict(cast.owner).post(address, body, content_type=kind, headers={"origin": EVIL})
    assert answer.status_code == 403
    assert not cast.lab.invitations.exists()


def test_the_right_csrf_token_from_another_origin_is_refused(cast: Any) -> None:
    client = strict(cast.owner)
    token = client.get("/w/lab/members/").cookies["csrftoken"].value
    body = {"role": "Reader", "email": "new@example.org", "csrfmiddlewaretoken": token}
    for origin in (EVIL, "http://testserver:81", "https://testserver", "null"):
        answer = client.post(INVITE, body, headers={"origin": origin})
        assert answer.status_code == 403, origin
    assert not cast.lab.invitations.exists()
    assert client.post(INVITE, body, headers={"origin": "http://testserver"}).status_code < 400
    assert cast.lab.invitations.exists()


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "testserver@evil.example"]
)
def test_a_host_that_is_not_ours_is_refused(cast: Any, host: str, settings: Any) -> None:
    settings.DEBUG = False
    for address in ("/login/", "/api/v1/workspaces", "/healthz"):
        assert Client(headers={"host": host}).get(address).status_code == 400, address


def test_no_answer_lets_another_origin_read_it(cast: Any) -> None:
    client = strict(cast.owner)
    for address in (
        "/w/lab/",
        "/api/v1/workspaces",
        "/api/2.0/mlflow/experiments/search",
        "/nowhere",
    ):
        for method in ("get", "options"):
            answer = getattr(client, method)(
                address, headers={"origin": EVIL, "access-control-request-method": "POST"}
            )
            named = {name.lower() for name in answer.headers}
            assert not [name for name in named if name.startswith("access-control-")], address


def test_a_session_of_another_studio_is_nobodys(cast: Any, settings: Any) -> None:
    client = Client()
    client.force_login(cast.owner)
    stolen = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert Session.objects.filter(session_key=stolen).exists()
    settings.SECRET_KEY = "another studio's key, of fifty characters and a few more"
    assert client.get("/w/lab/").status_code in {302, 401}


def test_containers_run_without_privileges() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    ours = [
        part
        for part in compose["services"].values()
        if part.get("build") or part.get("image") == "officina"
    ]
    assert len(ours) >= 3
    for part in ours:
        assert part["read_only"] is True
        assert part["cap_drop"] == ["ALL"]
        assert not any("docker.sock" in str(volume) for volume in part["volumes"])
    users = [
        line
        for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
        if line.startswith("USER")
    ]
    assert users
    assert users[-1].split()[1] not in {"root", "0"}


@pytest.mark.live
def test_a_pickle_on_the_broker_is_dropped_unread(studio_server: Studio) -> None:
    studio_server.shell(PICKLE_MESSAGE)
    until = time.monotonic() + 120
    while studio_server.seed(LENGTH_OF_QUEUE) and time.monotonic() < until:
        time.sleep(0.2)
    assert studio_server.seed(LENGTH_OF_QUEUE) == 0, "nobody took the message from the queue"
    assert not (Path(studio_server.home) / "pwned").exists()
    assert studio_server.wait_until_healthy() >= 0


def test_the_repository_holds_no_secret_and_no_key() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, timeout=60
    ).stdout
    if not listed:
        pytest.skip("not a checkout")
    found = []
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if not name or not path.is_file() or path.stat().st_size > 1_000_000:
            continue
        text = path.read_bytes()
        if b"-----BEGIN " + b"PRIVATE KEY" in text or b"-----BEGIN RSA " + b"PRIVATE" in text:
            found.append(name)
    assert json.dumps(found) == "[]"
