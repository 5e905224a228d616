"""The studio keeps everything in a bucket when `STORAGE_URL` names one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest

pytest.importorskip("s3fs")
pytest.importorskip("moto.server")

from tests.running import Studio, free_port, start_studio

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.clients]
KEYS = {"AWS_ACCESS_KEY_ID": "test-key", "AWS_SECRET_ACCESS_KEY": "test-secret"}
LIMIT = 300.0


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Run an S3-compatible server with one bucket."""
    port = free_port()
    code = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    server = subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | KEYS, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address)
        request = urllib.request.Request(f"{address}/artifacts", method="PUT")
        urllib.request.urlopen(request, timeout=60).close()
        yield address
    finally:
        server.terminate()
        server.wait(60)


def _wait_for(address: str) -> None:
    until = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(address, timeout=30).close()
            return
        except OSError:
            assert time.monotonic() < until, "the S3 server did not start"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def studio(endpoint: str) -> Iterator[Studio]:
    with start_studio(
        "bucket", STORAGE_URL="s3://artifacts/officina", AWS_ENDPOINT_URL=endpoint, **KEYS
    ) as running:
        yield running


def test_the_graph_sample_completes_and_its_files_come_from_the_bucket(
    studio: Studio, endpoint: str
) -> None:
    code = (
        "from studio.portal.services import run_sample\n"
        "from studio.workspaces.models import User, Workspace\n"
        "run = run_sample(workspace=Workspace.objects.first(), user=User.objects.first(),"
        " sample_id='diabetes-graph')\n"
        "print('GUID', run.guid)"
    )
    printed = studio.shell(code)
    guid = next(line.split()[1] for line in printed.splitlines() if line.startswith("GUID"))
    place = f"/api/v1/workspaces/{studio.workspace}/runs/{guid}"
    run = _ended(studio, place)
    assert run["status"] == "Completed", run
    _, body = studio.get(f"{place}/children")
    scored = next(row for row in json.loads(body)["items"] if "score" in row["step"])
    status, data = studio.get(
        f"/api/v1/workspaces/{studio.workspace}/runs/{scored['guid']}/outputs/scored/files/data.parquet"
    )
    assert status == 200 and data[:4] == b"PAR1"
    assert not (studio.home / "store").exists(), "nothing may lie beside the bucket"
    with urllib.request.urlopen(f"{endpoint}/artifacts?list-type=2", timeout=60) as answer:
        assert b"officina/blobs/" in answer.read()


def _ended(studio: Studio, place: str) -> dict[str, object]:
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        run: dict[str, object] = json.loads(studio.get(place)[1])
        if run["status"] in {"Completed", "Failed", "Canceled"}:
            return run
        time.sleep(0.3)
    raise AssertionError(f"the run did not end: {run}")
