"""A second worker with a node and a pool of its own joins a running studio and takes its runs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.running import ROOT, Studio

pytestmark = [pytest.mark.live, pytest.mark.slow]


def call(studio: Studio, method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        f"{studio.url}/api/v1/workspaces/{studio.workspace}/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {studio.token}", "Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


def command_job(compute: str, text: str) -> dict[str, Any]:
    return {
        "jobType": "Command", "displayName": "where am I", "experimentName": "attached",
        "environmentId": "azureml:minimal@latest", "command": text, "computeId": compute,
        "inputs": {}, "outputs": {}, "environmentVariables": {}, "limits": {}, "resources": {},
    }  # fmt: skip


def wait_for(look: Callable[[], Any], within: float = 180) -> Any:
    until = time.monotonic() + within
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.3)
    raise AssertionError(f"not within {within:.0f} s; last seen: {look()!r}")


@pytest.fixture
def machine(studio_server: Studio) -> Iterator[dict[str, Any]]:
    made = call(studio_server, "PUT", "computes/bench", {"kind": "machine"})
    yield made


@pytest.fixture
def joined(
    studio_server: Studio, machine: dict[str, Any], tmp_path: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with (tmp_path / "agent.log").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "join", "--pool", machine["pool"], "--node", "second", "--slots", "1"],
            cwd=ROOT, env=studio_server.environment, stdout=said, stderr=said,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(120)


def test_runs_wait_for_a_machine_and_say_so(studio_server: Studio, machine: dict[str, Any]) -> None:
    run = call(studio_server, "POST", "runs", {"document": command_job("bench", "true")})
    path = f"runs/{run['guid']}"
    wait_for(lambda: "no node is attached to" in call(studio_server, "GET", path)["reason"])
    call(studio_server, "POST", f"{path}/cancel", {})


def test_a_joined_machine_runs_a_job_under_its_own_name(
    studio_server: Studio, joined: subprocess.Popen[bytes]
) -> None:
    def nodes() -> list[dict[str, Any]]:
        found = call(studio_server, "GET", "computes/bench/nodes")["nodes"]
        return [node for node in found if node["nodeState"] == "idle"]

    wait_for(nodes)
    job = command_job("bench", "echo on $OFFICINA_COMPUTE")
    run = call(studio_server, "POST", "runs", {"document": job})

    def ended() -> dict[str, Any] | None:
        seen: dict[str, Any] = call(studio_server, "GET", f"runs/{run['guid']}")
        return seen if seen["status"] in {"Completed", "Failed", "Canceled"} else None

    seen = wait_for(ended)
    assert (seen["status"], seen["node"]) == ("Completed", "second")


def test_the_agents_command_names_the_pool_and_shows_no_secret(
    studio_server: Studio, machine: dict[str, Any]
) -> None:
    told = call(studio_server, "GET", "computes/bench/agent")["command"]
    assert f"join --pool {machine['pool']}" in told
    assert 'DATABASE_URL="$DATABASE_URL"' in told
