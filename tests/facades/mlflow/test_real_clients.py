"""The unmodified mlflow clients do their everyday work against a running studio, outside and inside a job."""

from __future__ import annotations

import base64
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.facades.mlflow import clients
from tests.live import jobs
from tests.running import Studio

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.clients]
SCRIPTS = Path(__file__).resolve().parent / "scripts"


def api(studio: Studio, path: str) -> Any:
    status, body = studio.get(f"/api/v1/workspaces/{studio.workspace}{path}", timeout=20)
    assert status == 200, body
    return json.loads(body)


def call(studio: Studio, path: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        f"{studio.url}/mlflow/{studio.workspace}/api/2.0/mlflow/{path}",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {studio.token}"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


@pytest.mark.parametrize("client", sorted(clients.CLIENTS))
def test_the_everyday_workflow_works_with(
    client: str, studio_server: Studio, tmp_path: Path
) -> None:
    env = clients.environment(studio_server)
    assert clients.run_script(client, "everyday.py", env, tmp_path).endswith("ok\n")


def test_the_workspace_names_its_tracking_uri(studio_server: Studio) -> None:
    uri = api(studio_server, "")["mlflow_tracking_uri"]
    assert uri == f"{studio_server.url}/mlflow/{studio_server.workspace}"


@pytest.mark.parametrize("client", sorted(clients.CLIENTS))
def test_a_jobs_script_logs_to_its_own_run_with_no_set_up(
    client: str, studio_server: Studio
) -> None:
    other = call(studio_server, "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    packages = [f"mlflow-skinny=={client[-1]}.*"]
    guid = jobs.submit(
        studio_server,
        "python -c \"import base64, os; exec(base64.b64decode(os.environ['SCRIPT']))\"",
        environmentId={
            "name": client, "conda_file": {"dependencies": ["python=3.11", {"pip": packages}]},
        },
        environmentVariables={
            "SCRIPT": base64.b64encode((SCRIPTS / "job.py").read_bytes()).decode(),
            "OTHER_RUN": other,
        },
    )  # fmt: skip
    run = jobs.ended(studio_server, guid, 600)
    assert run["status"] == "Completed", jobs.log(studio_server, guid).decode()[-3000:]
    assert run["params"]["rate"] == "0.5"
    assert run["tags"]["from"] == "a job"
    assert run["metrics"]["loss"] == pytest.approx(1 / 3)
    children = api(studio_server, f"/runs/{guid}/children")["items"]
    assert [child["display_name"] for child in children] == ["trial", "second"]
    assert {child["status"] for child in children} == {"Completed"}
    names = [each["path"] for each in api(studio_server, f"/runs/{guid}/artifacts")["items"]]
    assert "notes.txt" in names
