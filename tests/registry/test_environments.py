"""Environments are registered by content, named by jobs, and refused when they cannot be had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from officina.environments import resolving
from officina.errors import StudioError
from registry import environments
from registry.models import AssetVersion
from tests.resolutions import resolution_of

CONDA = "name: tiny\ndependencies:\n  - python=3.11\n  - pip:\n    - iniconfig==2.0.0\n"


@pytest.fixture(autouse=True)
def cache(
    tmp_path_factory: pytest.TempPathFactory,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    monkeypatch.setattr(resolving, "BELIEVED", 3600.0)
    settings.ENVIRONMENT_CACHE = tmp_path_factory.getbasetemp() / "environments"
    return Path(settings.ENVIRONMENT_CACHE)


def make(cast: Any, **specification: Any) -> AssetVersion:
    return environments.create(
        workspace=cast.lab, name="tiny", specification=specification, user=cast.owner
    )


def test_equal_content_is_one_version_and_a_change_the_next(cast: Any) -> None:
    first = make(cast, conda_file=CONDA)
    assert make(cast, condaFile=CONDA).version == first.version == "1"
    assert make(cast, conda_file=CONDA.replace("2.0.0", "1.1.1")).version == "2"


def test_a_registered_environment_is_settled_to_its_content(cast: Any) -> None:
    make(cast, conda_file=CONDA)
    make(cast, requirements="iniconfig==1.1.1")
    newest = environments.settle(cast.lab, "azureml:tiny@latest")
    assert newest["requirements"] == "iniconfig==1.1.1"
    first = environments.settle(cast.lab, "azureml:tiny:1")
    assert (first["conda_file"], first["name"], first["id"]) == (CONDA, "tiny:1", "azureml:tiny:1")


@pytest.mark.parametrize(
    "reference",
    [
        "azureml:sklearn-1.5@latest",
        "azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
        "AzureML-sklearn-0.24-ubuntu18.04-py37-cpu",
        "azureml:AzureML-Minimal:12",
    ],
)
def test_curated_names_stay_as_they_are(cast: Any, reference: str) -> None:
    assert environments.settle(cast.lab, reference) == reference


def test_an_unknown_version_names_those_that_are_there(cast: Any) -> None:
    make(cast, conda_file=CONDA)
    with pytest.raises(StudioError) as caught:
        environments.settle(cast.lab, "azureml:tiny:9")
    assert "tiny:1" in caught.value.hint


def test_another_workspaces_environment_is_none(cast: Any) -> None:
    make(cast, conda_file=CONDA)
    with pytest.raises(StudioError):
        environments.settle(cast.elsewhere, "azureml:tiny:1")


def test_a_pin_that_nobody_has_is_refused_by_name_once_it_is_known(cast: Any, cache: Path) -> None:
    bad = make(cast, requirements="iniconfig==99.99.99\n")
    found = resolution_of(environments.content(bad), cache)
    assert found.error is not None
    assert "iniconfig==99.99.99" in found.error.message
    for again in (cast.lab, cast.elsewhere):
        with pytest.raises(StudioError) as caught:
            environments.create(
                workspace=again,
                name="other",
                specification={"requirements": "iniconfig==99.99.99\n"},
            )
        assert caught.value.where == "environment.iniconfig"
    assert not AssetVersion.objects.filter(asset__name="other").exists()


def test_a_curated_name_is_not_to_be_had(cast: Any) -> None:
    with pytest.raises(StudioError) as caught:
        environments.create(
            workspace=cast.lab, name="sklearn-1.5", specification={"conda_file": CONDA}
        )
    assert caught.value.code == "conflict"


def test_curated_environments_are_listed_shown_by_any_name_and_never_changed(cast: Any) -> None:
    reader, base = cast.client("reader"), "/api/v1/workspaces/lab/environments"
    make(cast, conda_file=CONDA)
    listed = reader.get(base).json()
    assert [each["name"] for each in listed["items"]] == [
        "sklearn-1.5",
        "minimal",
        "current",
        "tiny",
    ]
    assert listed["total"] == 4
    assert [each["name"] for each in reader.get(f"{base}?q=bare").json()["items"]] == ["minimal"]
    for name in ("minimal", "AzureML-Minimal", "azureml-minimal-ubuntu18.04-py37-cpu"):
        shown = reader.get(f"{base}/{name}/versions/latest").json()
        assert (shown["name"], shown["version"]) == ("minimal", "1"), shown
    packages = reader.get(f"{base}/sklearn-1.5/versions/1").json()["document"]["condaFile"]
    assert "scikit-learn==1.5.2" in packages
    assert reader.get(f"{base}/AzureML-Minimal/versions").json()["items"][0]["name"] == "minimal"
    owner = cast.client("owner")
    refused = owner.patch(f"{base}/minimal/versions/1", {"description": "mine"}, format="json")
    assert refused.status_code == 409
    assert "curated" in refused.json()["error"]["message"]
    assert owner.delete(f"{base}/minimal").status_code == 409
    assert cast.client("outsider").get(f"{base}/minimal/versions/1").status_code == 404
