"""A store of its own for each test, and a folder that datastores may use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from registry.datastores import services
from registry.models import Datastore


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: LazySettings) -> Path:
    settings.OFFICINA_HOME = tmp_path / "home"
    settings.OFFICINA_HOME.mkdir()
    settings.STORAGE_URL = str(tmp_path / "store")
    return settings.OFFICINA_HOME


@pytest.fixture
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a mounted share that an administrator has opened to datastores."""
    folder = tmp_path / "share"
    (folder / "raw").mkdir(parents=True)
    (folder / "raw" / "a.csv").write_text("x,y\n1,2\n3,4\n")
    (folder / "notes.txt").write_text("hello")
    monkeypatch.setenv("OFFICINA_DATASTORE_FOLDERS", str(folder))
    return folder


@pytest.fixture
def make(cast: Any) -> Callable[..., Datastore]:
    """Make a datastore in `lab`: make("team", "folder", path=...)."""

    def create(name: str, kind: str, **config: Any) -> Datastore:
        return services.create(
            workspace=cast.lab, name=name, kind=kind, config=config, user=cast.owner
        )

    return create
