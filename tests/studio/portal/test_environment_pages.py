"""The pages and the API of environments: what each role sees, and what the form refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from officina.environments import resolving
from registry import environments
from registry.models import AssetVersion
from studio.runs import live, tasks
from studio.runs.models import Run
from studio.runs.services import create_run
from tests.resolutions import resolution_of

CONDA = "name: tiny\ndependencies:\n  - python=3.11\n  - mkl\n  - pip:\n    - iniconfig==2.0.0\n"
BAD = {"dependencies": ["python=3.11", {"pip": ["iniconfig==99.99.99"]}]}
W = "/w/lab"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, settings: LazySettings, tmp_path: Path) -> None:
    settings.ENVIRONMENT_CACHE = tmp_path / "environments"
    monkeypatch.setattr(resolving, "BELIEVED", 3600.0)
    monkeypatch.setattr(tasks.execute, "delay", lambda run, fence: None)
    monkeypatch.setattr(live, "send", lambda group, message: None)


@pytest.fixture
def tiny(cast: Any, settings: LazySettings) -> AssetVersion:
    row = environments.create(
        workspace=cast.lab, name="tiny", specification={"conda_file": CONDA}, user=cast.owner
    )
    assert resolution_of(environments.content(row), Path(settings.ENVIRONMENT_CACHE)).log == ""
    return row


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


def test_the_form_refuses_a_pin_that_nobody_has_and_keeps_what_was_typed(
    cast: Any, settings: LazySettings
) -> None:
    body = {"name": "bad", "kind": "requirements", "text": "iniconfig==99.99.99"}
    check = f"{W}/environment/check/"
    first = cast.client("owner").post(check, body, format="multipart").content.decode()
    assert "are being resolved" in first
    resolution_of(f"# as it is\n{body['text']}", Path(settings.ENVIRONMENT_CACHE))
    found = cast.client("owner").post(check, body, format="multipart").content.decode()
    assert "iniconfig==99.99.99 cannot be had" in found
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


def test_a_job_with_a_bad_pin_fails_before_it_is_queued_and_the_next_one_is_refused(
    cast: Any, settings: LazySettings, django_capture_on_commit_callbacks: Any
) -> None:
    wanted = {"name": "x", "conda_file": BAD}
    document = {"jobType": "Command", "command": "true", "environmentId": wanted}
    url, owner = "/api/v1/workspaces/lab/runs", cast.client("owner")
    with django_capture_on_commit_callbacks(execute=True):
        assert owner.post(url, {"document": document}).status_code == 201
    run = Run.objects.get()
    assert (run.status, run.reason) == ("NotStarted", "resolving environment x")
    resolution_of(wanted, Path(settings.ENVIRONMENT_CACHE))
    with django_capture_on_commit_callbacks(execute=True):
        tasks.dispatch()
    run.refresh_from_db()
    assert (run.status, run.queued) == ("Failed", None)
    assert "iniconfig==99.99.99 cannot be had" in run.reason
    answer = owner.post(url, {"document": document})
    assert answer.status_code == 400
    assert "iniconfig==99.99.99" in answer.content.decode()
    assert Run.objects.count() == 1


@pytest.mark.parametrize("kind", ["Command", "Pipeline"])
def test_a_run_begins_once_its_environment_is_resolved(
    cast: Any, settings: LazySettings, django_capture_on_commit_callbacks: Any, kind: str
) -> None:
    wanted = {"name": "x", "conda_file": CONDA}
    component = {"name": "c", "version": "1", "type": "command", "command": "true"}
    document: dict[str, Any] = {"jobType": kind, "command": "true", "environmentId": wanted}
    if kind == "Pipeline":
        step = {"type": "command", "component": component | {"environment": wanted}}
        document = {"jobType": kind, "inputs": {}, "outputs": {}, "jobs": {"one": step}}
    with django_capture_on_commit_callbacks(execute=True):
        run = create_run(workspace=cast.lab, user=cast.owner, document=document)
    assert (run.status, run.reason) == ("NotStarted", "resolving environment x")
    resolution_of(wanted, Path(settings.ENVIRONMENT_CACHE))
    with django_capture_on_commit_callbacks(execute=True):
        tasks.dispatch()
    run.refresh_from_db()
    assert run.status == ("Queued" if kind == "Command" else "Running")
    assert not run.reason.startswith("resolving")


def test_a_run_whose_submitter_died_before_it_was_queued_is_queued(
    cast: Any, django_capture_on_commit_callbacks: Any
) -> None:
    document = {"jobType": "Command", "command": "true"}
    with django_capture_on_commit_callbacks(execute=False):
        run = create_run(workspace=cast.lab, user=cast.owner, document=document)
    tasks.dispatch()
    run.refresh_from_db()
    assert run.status == "Queued"


def test_only_those_who_manage_computes_empty_the_cache(cast: Any) -> None:
    assert cast.client("reader").post(f"{W}/environment/cache/").status_code == 403
    assert cast.client("owner").post(f"{W}/environment/cache/").status_code == 302
