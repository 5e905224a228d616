"""`officina account` lists the workspaces that a token opens and chooses one, as `az account` does subscriptions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.running import Studio

pytestmark = [pytest.mark.live, pytest.mark.clients]
OTHER = """
from studio.workspaces.models import User, Workspace
from studio.workspaces.services import create_workspace
if not Workspace.objects.filter(name="second").exists():
    create_workspace(name="second", user=User.objects.get(email="owner@example.org"))
"""


@pytest.fixture
def officina(studio_server: Studio, tmp_path: Path) -> Callable[..., str]:
    """Run the command with a home of its own: officina("account", "list", code=0)."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OFFICINA_")}
    environment = {**kept, "XDG_CONFIG_HOME": str(tmp_path)}

    def run(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "officina.cli", *words], env=environment,
            input=studio_server.token, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    return run


def test_profiles_are_listed_and_switched(
    officina: Callable[..., str], studio_server: Studio, tmp_path: Path
) -> None:
    studio_server.shell(OTHER)
    officina("login", "--url", studio_server.url, "--workspace", studio_server.workspace)
    table = officina("account", "list", "-o", "table")
    assert "second" in table and studio_server.workspace in table
    officina("account", "set", "-n", "SECOND")
    shown = json.loads(officina("account", "show"))
    assert (shown["name"], shown["isDefault"]) == ("second", True)
    assert json.loads(officina("workspace", "show"))["name"] == "second"
    assert "There are: " in officina("account", "set", "-s", "third", code=4)
    # A subscription of Azure is taken as scripts give it, and changes nothing.
    officina("account", "set", "-s", shown["id"])
    assert json.loads(officina("account", "show"))["name"] == "second"
    kept = tmp_path / "officina" / "profile.json"
    assert json.loads(kept.read_text())["token"] == studio_server.token
    assert kept.stat().st_mode & 0o077 == 0
