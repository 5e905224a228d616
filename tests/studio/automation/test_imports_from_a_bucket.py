"""A folder of a bucket behind a real S3 protocol becomes a version; its key stays in the vault."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("s3fs")
pytest.importorskip("moto.server")

from registry import services as registry
from registry.datastores import services as datastores
from studio.automation import services
from studio.runs.logs import read_log
from studio.runs.models import Run
from studio.workspaces.models import User, Workspace
from tests.registry.datastores.test_s3 import SECRET, endpoint

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
__all__ = ["endpoint"]


def test_a_folder_of_a_bucket_is_imported(
    endpoint: str, workspace: Workspace, user: User, inside: None,
    finished: Callable[[Run], Run], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("OFFICINA_IMPORT_ALLOW", "127.0.0.1/32")
    config: dict[str, Any] = {
        "bucket": "team", "prefix": "lab", "endpoint_url": endpoint, "access_key": "key",
        "secret_key": SECRET,
    }  # fmt: skip
    row = datastores.create(workspace=workspace, name="bucket", kind="s3", config=config, user=user)
    for path in ("raw/a.csv", "raw/deep/b.csv", "other.csv"):
        datastores.upload(row, path=path, chunks=[b"x\n1\n"], overwrite=True, user=user)
    source = {"type": "file_system", "path": "raw", "connection": "azureml:bucket"}
    document = {"name": "raw", "type": "mltable", "source": source}
    run = finished(services.import_data(workspace=workspace, user=user, document=document))
    log = read_log(run=run, offset=0).data.decode()
    assert run.status == "Completed", (run.error, log)
    version = registry.find(workspace=workspace, kind="data", name="raw")
    tree = registry.open_tree(workspace=workspace, digest=version.tree)
    assert sorted(tree.files) == ["MLTable", "a.csv", "deep/b.csv"]
    assert SECRET not in json.dumps([run.document, run.tags, log])
