"""The common workflows with the unmodified client, of today and of a year ago, by environment variables alone."""

# ruff: noqa: E501
from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import pytest

from tests import isolation
from tests.facades.azureml import clients
from tests.running import Studio

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.clients]
SCRIPTS = sorted(Path(__file__).with_name("scripts").glob("*.py"))
NAMES = [
    name
    for script in SCRIPTS
    for name in re.findall(r"^@workflow\ndef (\w+)", script.read_text("utf-8"), re.MULTILINE)
]

RECIPE_B = """
from azure.ai.ml import MLClient, command
from azure.core.credentials import AccessToken
import json, time, urllib.request
u = "{tls}"
def token(*scopes, **kw):
    audience = scopes[0].removesuffix("/.default")
    asked = urllib.request.Request("{plain}/msi/token?resource=" + audience, headers={{"X-IDENTITY-HEADER": "{secret}"}})
    found = json.load(urllib.request.urlopen(asked))
    return AccessToken(found["access_token"], int(found["expires_on"]))
class Credential:
    get_token = staticmethod(token)
ml = MLClient(Credential(), "sub", "rg", "{workspace}", cloud="OurCloud", cloud_metadata=dict(
    azure_portal=u, resource_manager=u, active_directory=u, aml_resource_id=u,
    storage_endpoint="blob.invalid", registry_discovery_endpoint=u))
print(ml.datastores.get_default().name)
job = ml.jobs.create_or_update(command(command="echo hello", environment="azureml:minimal@latest", compute="cpu-cluster"))
ml.jobs.stream(job.name)
print(ml.jobs.get(job.name).status)
"""
RECIPE_C = """
from azure.ai.ml import MLClient
from azure.identity import {kind}
ml = MLClient({made}, "sub", "rg", "{workspace}")
print(ml.datastores.get_default().name)
"""


@lru_cache(maxsize=2)
def _results(version: str) -> dict[str, str]:
    from tests.running import shared_studio

    return clients.workflows(shared_studio(), version, isolation.base / f"azure-work-{version}")


def test_there_are_the_twenty_workflows_and_each_file_is_run() -> None:
    assert len(NAMES) >= 19
    defining = {script.stem for script in SCRIPTS if "@workflow" in script.read_text("utf-8")}
    assert defining - {"shared"} == {name for part in clients.PARTS for name in part}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("version", clients.VERSIONS)
def test_a_workflow_of_azure_works_unchanged(
    studio_server: Studio, version: str, name: str
) -> None:
    problem = _results(version).get(name, "it did not run")
    assert not problem, problem


def test_a_client_that_names_the_cloud_in_python_works(
    studio_server: Studio, tmp_path: Path
) -> None:
    env = clients.environment(studio_server, tmp_path)
    kept = {key: env[key] for key in env if not key.startswith(("ARM_", "IDENTITY_"))}
    code = RECIPE_B.format(
        tls=studio_server.tls_url, plain=studio_server.url, secret=studio_server.token, workspace=studio_server.workspace,
    )  # fmt: skip
    done = clients.run(clients.interpreter("1.35.2"), code, kept, within=600)
    assert "workspaceblobstore" in done.stdout, done.stderr[-3000:]
    assert done.stdout.strip().upper().endswith("COMPLETED"), done.stderr[-3000:]


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("EnvironmentCredential", "EnvironmentCredential()"),
        (
            "ClientSecretCredential",
            "ClientSecretCredential('any-tenant', 'me', '{secret}', authority='{tls}', disable_instance_discovery=True)",
        ),
    ],
)
def test_a_service_principal_signs_in_with_a_token(
    studio_server: Studio, tmp_path: Path, kind: str, made: str
) -> None:
    env = clients.environment(studio_server, tmp_path, "--recipe", "c")
    made = made.format(secret=studio_server.token, tls=studio_server.tls_url)
    code = RECIPE_C.format(kind=kind, made=made, workspace=studio_server.workspace)
    done = clients.run(clients.interpreter("1.35.2"), code, env, within=600)
    assert done.stdout.strip() == "workspaceblobstore", done.stderr[-3000:]


def test_a_wrong_token_is_told_at_once(studio_server: Studio, tmp_path: Path) -> None:
    env = clients.environment(studio_server, tmp_path) | {"IDENTITY_HEADER": "oft_nobody"}
    code = RECIPE_C.format(
        kind="DefaultAzureCredential", made="DefaultAzureCredential()", workspace="lab"
    )
    done = clients.run(clients.interpreter("1.35.2"), code, env, within=600)
    assert done.returncode != 0
    assert "not valid" in done.stderr or "Unauthorized" in done.stderr or "401" in done.stderr
