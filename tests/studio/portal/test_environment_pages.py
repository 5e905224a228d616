"""The pages and the API of environments: what each role sees, and what the form refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from registry import environments
from registry.models import AssetVersion
from studio.runs import live, tasks
from studio.runs.models import Run

CONDA = "name: tiny\ndependencies:\n  - python=3.11\n  - mkl\n  - pip:\n    - iniconfig==2.0.0\n"
BAD = {"dependencies": ["python=3.11", {"pip": ["iniconfig==99.99.99"]}]}
W = "/w/lab"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, settings: LazySettings, tmp_path: Path) -> None:
    settings.ENVIRONMENT_CACHE = tmp_path / "environments"
    monkeypatch.setattr(tasks.execute, "delay", lambda run, fence: None)
    monkeypatch.setattr(live, "send", lambda group, message: None)


@pytest.fixture
def tiny(cast: Any) -> AssetVersion:
    return environments.create(
        workspace=cast.lab, name="tiny", specification={"conda_file": CONDA}, user=cast.owner
    )


def test_the_list_shows_curated_ones_and_why_a_reader_makes_none(
    cast: Any, tiny: AssetVersion
) -> None:
    page = cast.client("reader").get(f"{W}/environments/").content.decode()
    assert "sklearn-1.5" in page
    assert "tiny" in page
    assert "lacks registry.write" in page
    owners = cast.client("owner").get(f"{W}/environments/").content.decode()
    assert "lacks registry.write" not in owners


def test_a_page_names_exact_packages_and_what_was_left_out(cast: Any, tiny: AssetVersion) -> None:
    page = cast.client("reader").get(f"{W}/environment/of/tiny/").content.decode()
    assert "iniconfig==2.0.0" in page
    assert "mkl is no Python package" in page


@pytest.mark.parametrize("form", ["lock", "conda", "dockerfile"])
def test_exports_name_exact_versions(cast: Any, tiny: AssetVersion, form: str) -> None:
    answer = cast.client("reader").get(f"{W}/environment/of/tiny/export/{form}/")
    assert "iniconfig==2.0.0" in answer.content.decode()
    assert "attachment" in answer["Content-Disposition"]


def test_the_form_refuses_a_pin_that_nobody_has_and_keeps_what_was_typed(cast: Any) -> None:
    body = {"name": "bad", "kind": "requirements", "text": "iniconfig==99.99.99"}
    answer = cast.client("owner").post(f"{W}/environment/new/", body, format="multipart")
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "iniconfig==99.99.99 cannot be had" in page
    assert 'value="bad"' in page


def test_the_form_registers_and_leads_to_the_page(cast: Any) -> None:
    body = {"name": "good", "kind": "conda", "text": CONDA}
    answer = cast.client("contributor").post(f"{W}/environment/new/", body, format="multipart")
    assert answer.headers["Location"] == f"{W}/environment/of/good/"


def test_reading_while_typing_asks_no_index(cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from officina.environments import build

    monkeypatch.setattr(build, "run_uv", lambda *a, **k: pytest.fail("uv was asked"))
    body = {"kind": "requirements", "text": "numpy==99", "read": "1"}
    page = cast.client("owner").post(f"{W}/environment/check/", body, format="multipart")
    assert "numpy==99" in page.content.decode()


def test_a_build_is_a_run_with_the_versions_content(
    cast: Any, tiny: AssetVersion, django_capture_on_commit_callbacks: Any
) -> None:
    client = cast.client("contributor")
    base = "/api/v1/workspaces/lab/environment-definitions/tiny"
    answer = client.post(f"{base}/build", {})
    assert answer.status_code == 201
    run = Run.objects.get(guid=answer.json()["guid"])
    assert run.document["environmentId"]["id"] == "azureml:tiny:1"
    assert client.get(base).json()["state"] == "building"
    assert cast.client("reader").post(f"{base}/build", {}).status_code == 403


def test_a_job_with_a_bad_pin_is_refused_before_it_waits(cast: Any) -> None:
    document = {
        "jobType": "Command", "command": "true",
        "environmentId": {"name": "x", "conda_file": BAD},
    }  # fmt: skip
    answer = cast.client("owner").post("/api/v1/workspaces/lab/runs", {"document": document})
    assert answer.status_code == 400
    assert "iniconfig==99.99.99" in answer.content.decode()
    assert not Run.objects.exists()


def test_only_those_who_manage_computes_empty_the_cache(cast: Any) -> None:
    assert cast.client("reader").post(f"{W}/environment/cache/").status_code == 403
    assert cast.client("owner").post(f"{W}/environment/cache/").status_code == 302
