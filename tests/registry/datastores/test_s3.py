"""A bucket behind a real S3 protocol is tested, browsed, read and written."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("s3fs")
pytest.importorskip("moto.server")

from officina.errors import StudioError
from registry import services as registry
from registry.datastores import looking, registering, services
from tests.running import free_port

pytestmark = pytest.mark.slow
SECRET = "s3-secret-value"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Run an S3-compatible server with one bucket."""
    port = free_port()
    code = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    server = subprocess.Popen(
        [sys.executable, "-c", code], env=dict(os.environ), stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 120
        while True:
            try:
                request = urllib.request.Request(f"{address}/team", method="PUT")
                urllib.request.urlopen(request, timeout=10).close()
                break
            except OSError:
                assert time.monotonic() < until, "the S3 server did not start"
                time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture
def bucket(endpoint: str, make: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("OFFICINA_IMPORT_ALLOW", "127.0.0.1/32")
    return make(
        "team", "s3", bucket="team", prefix="lab", endpoint_url=endpoint, access_key="key",
        secret_key=SECRET,
    )  # fmt: skip


def test_a_bucket_is_written_browsed_previewed_and_registered(cast: Any, bucket: Any) -> None:
    for path, data in {"set/a.csv": b"a,b\n1,2\n", "set/deep/b.txt": b"bee"}.items():
        services.upload(bucket, path=path, chunks=[data], overwrite=True, user=cast.owner)
    assert services.test(bucket, user=cast.owner)["ok"]
    items = looking.page(bucket, user=cast.owner, path="set")["items"]
    assert [(each["name"], each["folder"]) for each in items] == [("a.csv", False), ("deep", True)]
    assert looking.preview(bucket, user=cast.owner, path="set/a.csv")["grid"]["rows"] == [[1, 2]]
    with pytest.raises(StudioError, match=r"set/a\.csv exists already"):
        services.upload(bucket, path="set/a.csv", chunks=[b""], overwrite=False, user=cast.owner)
    version = registering.register_path(bucket, path="set", name="set", user=cast.owner)
    tree = registry.open_tree(workspace=cast.lab, digest=version.tree)
    assert sorted(tree.files) == ["a.csv", "deep/b.txt"]


def test_a_bucket_that_is_not_there_says_so_without_the_key(
    cast: Any, make: Any, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFICINA_IMPORT_ALLOW", "127.0.0.1/32")
    row = make(
        "none", "s3", bucket="nowhere", endpoint_url=endpoint, access_key="k", secret_key=SECRET
    )
    told = services.test(row, user=cast.owner)
    assert not told["ok"]
    assert "nowhere" in told["message"]
    assert SECRET not in str(told)
