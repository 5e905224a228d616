"""What all tests share: a broker, the cast, and one running studio for the live tests."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from studio.lib import broker, home
from tests.running import Studio, shared_studio

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from studio.workspaces.models import User, Workspace

# By the clock Hypothesis would fail what runs on a machine that is busy, or stood still for a moment.
hypothesis.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("busy")

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session", autouse=True)
def embedded_broker() -> Iterator[None]:
    """Run a broker for cache, channel layer and queue, unless REDIS_URL names one."""
    if settings.BROKER_SOCKET is None:
        yield
        return
    home.prepare(settings.OFFICINA_HOME)
    server = broker.find_server()
    assert server, "no Valkey or Redis server: install the requirements again"
    command = broker.command(
        server, socket=settings.BROKER_SOCKET, folder=settings.OFFICINA_HOME / "broker"
    )
    process = subprocess.Popen(command)
    try:
        asyncio.run(_wait_for_broker())
        yield
    finally:
        process.terminate()
        process.wait(60)


async def _wait_for_broker() -> None:
    for _ in range(1200):
        if await broker.answers(settings.BROKER_SOCKET):
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("the broker did not start within 60 s")


@pytest.fixture(scope="session", autouse=True)
def fast_hashes() -> Iterator[None]:
    """Hash passwords fast in the tests' own processes: Argon2 takes a fifth of a second for each person of the cast."""
    from django.test import override_settings

    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def empty_cache(request: pytest.FixtureRequest) -> None:
    """Start each test that may meet a rate limit with an empty cache."""
    if {"db", "transactional_db", "client"} & set(request.fixturenames):
        from django.core.cache import cache

        cache.clear()


@dataclass
class Cast:
    """Who plays: `lab` is owned by Olga; Carl contributes, Rita reads; Otto is in another workspace alone."""

    lab: Workspace
    elsewhere: Workspace
    owner: User
    contributor: User
    reader: User
    outsider: User

    def client(self, who: str) -> APIClient:
        """Return an API client that is signed in as owner, contributor, reader or outsider."""
        from rest_framework.test import APIClient

        client = APIClient()
        client.force_login(getattr(self, who))
        return client


@pytest.fixture
def cast(db: Any) -> Cast:
    """Make the four people and two workspaces that the tests of access are about."""
    from studio.workspaces.models import Membership, User, Workspace

    people = {
        role: User.objects.create_user(
            f"{name}@example.org", "correct horse battery", display_name=name.title()
        )
        for role, name in (
            ("owner", "olga"),
            ("contributor", "carl"),
            ("reader", "rita"),
            ("outsider", "otto"),
        )
    }
    lab = Workspace.objects.create(name="lab")
    elsewhere = Workspace.objects.create(name="elsewhere")
    for role in ("owner", "contributor", "reader"):
        Membership.objects.create(workspace=lab, user=people[role], role=role.title())
    Membership.objects.create(workspace=elsewhere, user=people["outsider"], role="Owner")
    return Cast(lab=lab, elsewhere=elsewhere, **people)


@pytest.fixture(scope="session")
def studio_server() -> Studio:
    """Return the one studio of this test run: `manage.py up` with a home, ports and a database of its own."""
    return shared_studio()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Drive the distribution's Chromium, which needs these flags in a container."""
    path = os.environ.get("OFFICINA_TEST_CHROMIUM", CHROMIUM)
    return {**browser_type_launch_args, "executable_path": path, "args": CHROMIUM_FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Use one window size, and no animations to wait for."""
    return {
        **browser_context_args,
        "viewport": {"width": 1440, "height": 900},
        "reduced_motion": "reduce",
    }
