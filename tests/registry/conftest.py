"""A workspace with a store of its own, and a quick way to register assets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from officina.storage import Entry, Tree
from registry import services as registry
from registry.models import AssetVersion
from studio.workspaces.models import Workspace


@pytest.fixture
def home(tmp_path: Path, settings: LazySettings) -> Path:
    settings.OFFICINA_HOME = tmp_path
    settings.STORAGE_URL = str(tmp_path / "store")
    return tmp_path


def tree_of(files: dict[str, bytes]) -> Tree:
    """Store files and return their tree, unheld."""
    store = registry.store()
    blobs = {name: store.put_bytes(data) for name, data in files.items()}
    return store.put_manifest({name: Entry(b.sha256, b.size) for name, b in blobs.items()})


@pytest.fixture
def add(home: Path, cast: Any) -> Callable[..., AssetVersion]:
    """Register a version in `lab`: add("model", "churn", {"model.pkl": b"..."})."""

    def register(
        kind: str, name: str, files: dict[str, bytes] | None = None, **more: Any
    ) -> AssetVersion:
        more.setdefault("workspace", cast.lab)
        more.setdefault("user", cast.owner)
        more.setdefault("document", {})
        return registry.register(
            kind=kind, name=name, tree=tree_of(files) if files else None, **more
        )

    return register


@pytest.fixture
def lab(cast: Any) -> Workspace:
    return cast.lab
