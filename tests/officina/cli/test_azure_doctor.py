"""`officina azure doctor` is content with what `azure env` prints, and finds each usual mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from officina.cli import azure, azure_doctor
from officina.client.profile import Profile
from tests.facades.azureml import clients
from tests.running import Studio

pytestmark = [pytest.mark.live, pytest.mark.clients]


@pytest.fixture(scope="module")
def good(studio_server: Studio, tmp_path_factory: Any) -> dict[str, str]:
    """The variables that `officina azure env` prints."""
    return clients.environment(studio_server, tmp_path_factory.mktemp("doctor"))


@pytest.fixture
def examine(studio_server: Studio, tmp_path: Path, monkeypatch: Any) -> Any:
    monkeypatch.chdir(tmp_path)
    url = studio_server.url.replace("127.0.0.1", "localhost")

    def look(env: dict[str, str], workspace: str = studio_server.workspace) -> list[Any]:
        profile = Profile(url=url, token=studio_server.token, workspace=workspace)
        return list(azure_doctor.examine(profile, env))

    return look


def failures(findings: list[Any]) -> list[str]:
    return [each.text for each in findings if each.mark == "FAIL"]


def test_what_azure_env_prints_is_in_order(examine: Any, good: dict[str, str]) -> None:
    found = examine(good)
    assert not failures(found), found
    assert any("signed in as" in each.text for each in found)


OTHER = "https://localhost:1/metadata/endpoints?api-version=2019-05-01"
MISTAKES: list[tuple[dict[str, str | None], str]] = [
    ({"ARM_CLOUD_METADATA_URL": None}, "ARM_CLOUD_METADATA_URL is not set"),
    ({"ARM_CLOUD_METADATA_URL": OTHER}, "leads to https://localhost:1/"),
    ({"AZUREML_CURRENT_CLOUD": "AzureCloud"}, "AZUREML_CURRENT_CLOUD names AzureCloud"),
    ({"AZUREML_DEV_URL_MFE": "https://x"}, "AZUREML_DEV_URL_MFE"),
    ({"REQUESTS_CA_BUNDLE": None}, "REQUESTS_CA_BUNDLE is not set"),
    ({"SSL_CERT_FILE": None}, "SSL_CERT_FILE is not set"),
    ({"REQUESTS_CA_BUNDLE": "/nowhere.pem"}, "which is not there"),
    ({"SSL_CERT_FILE": "/nowhere.pem"}, "which is not there"),
    ({"IDENTITY_ENDPOINT": None}, "IDENTITY_ENDPOINT and IDENTITY_HEADER are not set"),
    ({"IDENTITY_ENDPOINT": "http://localhost:1/msi/token"}, "does not answer"),
    ({"IDENTITY_HEADER": "oft_nobody"}, "unknown, expired or revoked"),
    ({"AZURE_CLIENT_ID": "me", "AZURE_TENANT_ID": "contoso"}, "name an account of Azure"),
    ({"AZURE_CLIENT_ID": "me", "AZURE_TENANT_ID": "adfs"}, "AZURE_AUTHORITY_HOST is not set"),
    ({"AZURE_TOKEN_CREDENTIALS": "dev"}, "keeps DefaultAzureCredential"),
]


@pytest.mark.parametrize(("change", "told"), MISTAKES, ids=[told for _, told in MISTAKES])
def test_a_usual_mistake_is_found_with_what_to_do(
    examine: Any, good: dict[str, str], change: dict[str, str | None], told: str
) -> None:
    env = {key: value for key, value in (good | change).items() if value is not None}
    found = [each for each in examine(env) if each.mark == "FAIL" and told in each.text]
    assert found and all(each.advice for each in found)


def test_recipe_c_is_tried_with_its_own_secret(
    examine: Any, studio_server: Studio, tmp_path: Path
) -> None:
    env = clients.environment(studio_server, tmp_path, "--recipe", "c")
    assert not failures(examine(env))
    found = failures(examine(env | {"AZURE_CLIENT_SECRET": "oft_nobody"}))
    assert found == ["The token in AZURE_CLIENT_SECRET is unknown, expired or revoked."]


def test_a_config_without_the_three_names_is_found(
    examine: Any, good: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text('{"workspace_name": "lab"}')
    assert any("it needs workspace_name, sub" in text for text in failures(examine(good)))


def test_a_bundle_of_another_authority_is_found(
    examine: Any, good: dict[str, str], tmp_path: Path
) -> None:
    import certifi

    found = failures(examine(good | {"REQUESTS_CA_BUNDLE": certifi.where()}))
    assert any("does not hold this studio's authority" in text for text in found)


def test_a_bundle_without_the_public_authorities_is_told(
    examine: Any, good: dict[str, str], studio_server: Studio, tmp_path: Path
) -> None:
    authority = tmp_path / "ours.pem"
    facts = azure.client_facts(Profile(url=studio_server.url, token=studio_server.token))
    authority.write_text(facts["authority"])
    found = examine(good | {"REQUESTS_CA_BUNDLE": str(authority)})
    assert any(each.mark == "note" and "pip and others break" in each.text for each in found)


def test_a_workspace_that_one_is_no_member_of_is_found(examine: Any, good: dict[str, str]) -> None:
    assert any("not a member" in text for text in failures(examine(good, "elsewhere")))


def test_a_config_of_another_workspace_and_a_broken_one_are_told(
    examine: Any, good: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(dict.fromkeys(azure_doctor.CONFIG, "other")))
    assert any("names the workspace other" in each.text for each in examine(good))
    (tmp_path / "config.json").write_text("{")
    assert any("is not a workspace's config.json" in text for text in failures(examine(good)))


def test_a_proxy_on_the_way_is_told(examine: Any, good: dict[str, str]) -> None:
    found = examine(good | {"HTTPS_PROXY": "http://proxy.example:3128"})
    assert any("proxy.example" in each.text and each.advice for each in found)


def test_a_studio_that_does_not_answer_is_told_first(good: dict[str, str]) -> None:
    [found] = azure_doctor.examine(Profile(url="http://localhost:1", token="oft_x"), good)
    assert found.mark == "FAIL" and found.advice
