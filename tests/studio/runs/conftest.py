"""A workspace, a person and a node to run things on, with the queue's messages caught."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from registry import services as registry
from studio.compute import services as computes
from studio.compute.models import Node
from studio.runs import live, services, tasks
from studio.runs.models import Run
from studio.workspaces.models import Membership, User, Workspace


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user(email="mina@example.com", password="a-long-enough-one")


@pytest.fixture
def workspace(user: User) -> Workspace:
    row = Workspace.objects.create(name="growth")
    Membership.objects.create(workspace=row, user=user, role="Owner")
    return row


@pytest.fixture
def home(tmp_path: Path, settings: LazySettings) -> Path:
    settings.OFFICINA_HOME = tmp_path
    settings.WORK_FOLDER = tmp_path / "work"
    settings.STORAGE_URL = str(tmp_path / "store")
    settings.FORKHOST_SOCKET = tmp_path / "none.sock"
    computes.beat_node()
    # On a machine that is very busy a test may take longer than a node may be silent.
    Node.objects.update(seen=timezone.now() + timedelta(hours=1))
    return tmp_path


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, int]]]:
    """What the broker would carry; the tests hand it to the worker's service themselves."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(tasks.execute, "delay", lambda run, fence: sent.append((run, fence)))
    monkeypatch.setattr(live, "send", lambda group, message: None)
    monkeypatch.setattr(live, "flush", lambda timeout=1.0: None)
    yield sent


@pytest.fixture
def work(messages: list[tuple[int, int]]) -> Callable[[], None]:
    """Do what a worker does until no message is left."""

    def go() -> None:
        while messages:
            run, fence = messages.pop(0)
            services.execute(run_id=run, fence=fence)

    return go


@pytest.fixture
def command(workspace: Workspace, home: Path, messages: Any) -> Callable[..., dict[str, Any]]:
    def make(text: str, **more: Any) -> dict[str, Any]:
        document = {
            "jobType": "Command", "displayName": "test", "experimentName": "tests",
            "environmentId": "azureml:minimal@latest", "command": text, "inputs": {},
            "outputs": {}, "environmentVariables": {}, "limits": {}, "resources": {},
        }  # fmt: skip
        return document | more

    return make


@pytest.fixture
def submit(workspace: Workspace, user: User, home: Path, messages: Any) -> Callable[..., Run]:
    def go(document: dict[str, Any], **more: Any) -> Run:
        return services.create_run(workspace=workspace, user=user, document=document, **more)

    return go


def stored_folder(workspace: Workspace, folder: Path) -> str:
    tree = registry.store().put_tree(folder)
    registry.remember_tree(workspace=workspace, tree=tree)
    return f"tree:{tree.digest}"
