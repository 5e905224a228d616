"""A machine with a home of its own joins over database, broker and bucket alone, and a job runs there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("s3fs")
pytest.importorskip("moto.server")

from tests import isolation
from tests.live.test_a_run_on_object_storage import KEYS, endpoint
from tests.running import ROOT, Studio, start_studio
from tests.studio.compute.test_a_machine_joins import call, command_job, wait_for

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (isolation.ON_REDIS and os.environ.get("DATABASE_URL")),
        reason="another machine needs DATABASE_URL and REDIS_URL",
    ),
]
__all__ = ["endpoint"]


@pytest.fixture(scope="module")
def studio(endpoint: str) -> Iterator[Studio]:
    bucket = {"STORAGE_URL": "s3://artifacts/far", "AWS_ENDPOINT_URL": endpoint, **KEYS}
    with start_studio("far", **bucket) as running:
        call(running, "PUT", "computes/bench", {"kind": "machine"})
        yield running


def join(studio: Studio, home: Path, **more: str) -> subprocess.Popen[bytes]:
    """Run the agent's command as another host would: nothing but the addresses is the studio's."""
    home.mkdir()
    pool = call(studio, "GET", "computes/bench")["pool"]
    environment = studio.environment | {"OFFICINA_HOME": str(home)} | more
    environment["OFFICINA_INTERNAL_URL"] = studio.url
    return subprocess.Popen(
        [sys.executable, "manage.py", "join", "--pool", pool, "--node", home.name, "--slots", "1"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def test_a_job_runs_there_and_its_files_come_back(studio: Studio, tmp_path: Path) -> None:
    agent = join(studio, tmp_path / "far")
    try:
        job = command_job("bench", "pwd; mkdir -p outputs; pwd > outputs/where.txt")
        run = call(studio, "POST", "runs", {"document": job})

        def ended() -> dict[str, Any] | None:
            seen: dict[str, Any] = call(studio, "GET", f"runs/{run['guid']}")
            return seen if seen["status"] in {"Completed", "Failed", "Canceled"} else None

        seen = wait_for(ended, within=300)
        assert (seen["status"], seen["node"]) == ("Completed", "far"), seen
        base = f"/api/v1/workspaces/{studio.workspace}/runs/{run['guid']}"
        status, data = studio.get(f"{base}/artifacts/outputs/where.txt")
        assert status == 200 and data.decode().startswith(str(tmp_path / "far"))
        # What its jobs hold at the end is the studio's: a store of its own would be seen by nobody.
        assert not (tmp_path / "far" / "store").exists()
    finally:
        agent.send_signal(signal.SIGINT)
        agent.wait(120)

    # Files of that job are in the bucket now, so a machine that looks elsewhere is told so at once.
    refused = join(studio, tmp_path / "lost", STORAGE_URL="s3://artifacts/elsewhere")
    told, _ = refused.communicate(timeout=300)
    assert refused.returncode != 0 and b"does not hold the studio's files" in told, told
