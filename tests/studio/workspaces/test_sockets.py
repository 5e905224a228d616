"""A websocket asks for access when it opens and is cut when the access ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from channels.routing import URLRouter

from studio.runs.urls import websocket_urlpatterns
from studio.workspaces import services
from studio.workspaces.models import Membership, User, Workspace
from tests.cast import run_token_of, token_of

# Only what hangs takes so many seconds.
LIMIT = 60
RUN = "22222222-0000-4000-8000-000000000000"


def make_people() -> tuple[Workspace, User, User]:
    lab = Workspace.objects.create(name="lab")
    olga, rita = (User.objects.create_user(f"{n}@example.org") for n in ("olga", "rita"))
    Membership.objects.create(workspace=lab, user=olga, role="Owner")
    Membership.objects.create(workspace=lab, user=rita, role="Reader")
    return lab, olga, rita


def socket(secret: str, path: str = "/ws/w/lab/") -> ApplicationCommunicator:
    headers = [(b"authorization", f"Bearer {secret}".encode())]
    scope = {"type": "websocket", "path": path, "headers": headers, "subprotocols": []}
    return ApplicationCommunicator(URLRouter(websocket_urlpatterns), scope)


async def closing_code(connection: ApplicationCommunicator) -> Any:
    await connection.send_input({"type": "websocket.connect"})
    for _ in range(3):
        message = await connection.receive_output(timeout=LIMIT)
        if message["type"] == "websocket.close":
            return message["code"]
    return None


@pytest.mark.django_db(transaction=True)
async def test_a_removed_member_is_cut() -> None:
    _lab, olga, rita = await database_sync_to_async(make_people)()
    open_ = socket(await database_sync_to_async(token_of)(rita))
    await open_.send_input({"type": "websocket.connect"})
    assert (await open_.receive_output(timeout=LIMIT))["type"] == "websocket.accept"
    assert json.loads((await open_.receive_output(timeout=LIMIT))["text"])["type"] == "hello"
    member = await Membership.objects.select_related("user", "workspace", "custom_role").aget(
        user=rita
    )
    await database_sync_to_async(services.remove_member)(member=member, actor=olga)
    message = await open_.receive_output(timeout=LIMIT)
    assert (message["type"], message["code"]) == ("websocket.close", 4404)


@pytest.mark.django_db(transaction=True)
async def test_a_wrong_token_and_a_runs_token_elsewhere_open_no_socket() -> None:
    lab, olga, _ = await database_sync_to_async(make_people)()
    run = await database_sync_to_async(run_token_of)(olga, lab, RUN)
    assert await closing_code(socket("oft_wrong")) == 4401
    assert await closing_code(socket(run)) == 4403
    assert await closing_code(socket(run, f"/ws/w/lab/runs/{RUN.replace('2', '3')}/")) == 4403
