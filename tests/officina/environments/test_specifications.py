"""Every way in which an environment may be told, and what cannot be had is named."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from officina import environments
from officina.environments import curated, interpreters, uv
from officina.errors import StudioError
from tests.resolutions import resolution_of


def test_azureml_defaults_needs_nothing_and_says_so() -> None:
    found = environments.parse(
        "azureml-defaults>=1.0\nazureml_defaults\ninference-schema[numpy-support]\n"
    )
    assert found.packages == ("inference-schema[numpy-support]",)
    assert "needs no installation" in found.warnings[0]


def test_azureml_defaults_alone_resolves_without_an_index(tmp_path: Path) -> None:
    wanted = {"name": "serving", "conda_file": {"dependencies": [{"pip": ["azureml-defaults"]}]}}
    assert environments.prepare(wanted, cache=tmp_path, log=lambda _: None).python.exists()


def test_a_user_managed_environment_is_used_as_it_is(tmp_path: Path) -> None:
    lines: list[str] = []
    wanted = {
        "name": "mine",
        "python": {"userManagedDependencies": True, "interpreterPath": "python"},
    }
    found = environments.prepare(wanted, cache=tmp_path, log=lines.append)
    assert found.python == Path(sys.executable)
    assert found.packages
    assert not any("build" in line for line in lines)
    assert not list(tmp_path.iterdir())


def test_an_interpreter_that_nobody_listed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = tmp_path / "bin" / "python"
    evil.parent.mkdir()
    evil.write_text("#!/bin/sh\ntouch /tmp/started\n")
    evil.chmod(0o755)
    wanted = {
        "name": "x",
        "python": {"userManagedDependencies": True, "interpreterPath": str(evil)},
    }
    with pytest.raises(StudioError) as caught:
        environments.parse(wanted)
    assert "current" in caught.value.hint
    monkeypatch.setenv("OFFICINA_INTERPRETERS", f"mine={evil}")
    assert environments.parse(wanted).interpreter == str(evil)
    assert interpreters.find("mine") == evil


def test_the_v1_form_with_conda_dependencies_and_an_image_is_read() -> None:
    found = environments.parse(
        {
            "name": "v1",
            "python": {"condaDependencies": {"dependencies": ["python=3.11", "scikit-learn"]}},
            "docker": {"baseImage": "mcr.microsoft.com/azureml/base:latest"},
            "environmentVariables": {"EXAMPLE": "1"},
        }
    )
    assert (found.python, found.packages) == ("3.11", ("scikit-learn",))
    assert found.variables == (("EXAMPLE", "1"),)
    assert any("no container runtime" in warning for warning in found.warnings)
    assert found.image == "mcr.microsoft.com/azureml/base:latest"


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("AzureML-sklearn-0.24-ubuntu18.04-py37-cpu", "sklearn-1.5"),
        ("AzureML-sklearn-1.1-ubuntu22.04-py39-cpu:7", "sklearn-1.5"),
        ("azureml:AzureML-Minimal@latest", "minimal"),
        ("azureml://registries/azureml/environments/sklearn-1.5/labels/latest", "sklearn-1.5"),
        ("azureml://registries/azureml/environments/sklearn-1.5/versions/22", "sklearn-1.5"),
        ("current", "current"),
    ],
)
def test_azures_names_mean_curated_ones(reference: str, name: str) -> None:
    assert curated.find(reference).name == name


def test_an_image_alone_is_stood_in_for_and_said() -> None:
    found = environments.parse({"name": "i", "image": "docker.io/library/python:3.11"})
    assert found.curated == "sklearn-1.5"
    assert "not used: no container runtime" in found.warnings[0]


@pytest.mark.parametrize(
    ("text", "package"),
    [
        (
            "Because there is no version of pandas==9.9.9 and you require pandas==9.9.9, we can conclude",
            "pandas==9.9.9",
        ),
        (
            "Because nosuch-thing was not found in the package registry and you require nosuch-thing",
            "nosuch-thing",
        ),
        ("Because you require numpy==1.26.4 and numpy<1.20, we can conclude", "numpy==1.26.4"),
    ],
)
def test_what_uv_misses_is_named(text: str, package: str) -> None:
    assert uv.culprit(text) == package


def test_contradicting_pins_are_refused_by_name(tmp_path: Path) -> None:
    found = resolution_of("iniconfig==2.0.0\niniconfig<1\n", tmp_path)
    assert found.state is environments.State.FAILED
    assert found.error is not None
    assert "iniconfig" in found.error.message
    assert found.error.where == "environment.iniconfig"
    assert "iniconfig<1 cannot be had" in found.log


def test_an_index_that_does_not_answer_is_no_reason_to_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://someone:secret@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    found = resolution_of("iniconfig==2.0.0\npluggy==1.5.0\n", tmp_path)
    assert found.state is environments.State.UNKNOWN
    assert "secret" not in found.log + str(found.error)
    with pytest.raises(uv.IndexUnreachable) as caught:
        environments.prepare(
            "iniconfig==2.0.0\npluggy==1.5.0\n", cache=tmp_path, log=lambda _: None
        )
    assert "secret" not in str(caught.value)


def test_the_present_environment_is_captured_and_read_again() -> None:
    taken = environments.capture(name="here")
    found = environments.parse(taken)
    assert any(package.startswith("pyyaml==") for package in found.packages)
    assert found.python == f"{sys.version_info.major}.{sys.version_info.minor}"


def test_a_conda_environment_is_found_by_name_or_its_absence_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "conda"))
    place = tmp_path / "conda" / "envs" / "mine"
    (place / "conda-meta").mkdir(parents=True)
    (place / "conda-meta" / "python-3.10.4-h1.json").write_text("{}")
    (place / "lib/python3.10/site-packages/tqdm-4.66.1.dist-info").mkdir(parents=True)
    taken = environments.capture_conda("mine")
    assert taken["dependencies"] == ["python=3.10", "pip", {"pip": ["tqdm==4.66.1"]}]
    with pytest.raises(StudioError) as caught:
        environments.capture_conda("yours")
    assert "mine" in caught.value.hint


def test_only_what_an_administrator_names_is_built_from_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert uv.only_wheels() == ["--only-binary", ":all:"]
    monkeypatch.setenv("OFFICINA_SOURCE_PACKAGES", "pyspark, --index-url=x,py4j")
    assert uv.only_wheels()[2:] == ["--no-binary", "pyspark", "--no-binary", "py4j"]
