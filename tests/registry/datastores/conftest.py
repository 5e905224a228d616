"""A store of its own for each test, and a folder that datastores may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from officina.data import asking
from officina.storage import Entry
from registry import services as assets
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


@pytest.fixture(scope="module", autouse=True)
def no_child_stays() -> Iterator[None]:
    """End the process that looked at tables."""
    yield
    asking.stop()


@pytest.fixture
def add(cast: Any) -> Any:
    """Register a file as data: add(b"a,b\n1,2\n")."""

    def register(data: bytes, name: str = "customers", file: str = "t.csv") -> Any:
        blob = assets.store().put_bytes(data)
        tree = assets.store().put_manifest({file: Entry(blob.sha256, blob.size)})
        return assets.register(
            workspace=cast.lab, kind="data", name=name, tree=tree, user=cast.owner,
            document={"dataType": "uri_file", "dataUri": tree.uri},
        )  # fmt: skip

    return register
