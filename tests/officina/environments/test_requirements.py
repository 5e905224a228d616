"""What people write as an environment, and what is read from it."""

from __future__ import annotations

import pytest

from officina.environments import Requirements, parse
from officina.errors import StudioError

CONDA = """
name: model-env
channels: [conda-forge]
dependencies:
  - python=3.11
  - numpy=1.26
  - conda-forge::scikit-learn=1.5.2=py311_0
  - pytorch>=2,<3
  - cudatoolkit=11.3
  - pip
  - pip:
      - mlflow==2.18.0
      - azureml-mlflow[x]>=1.0 ; python_version < "3.12"
      - --extra-index-url https://elsewhere.example
"""


@pytest.mark.parametrize(
    "reference",
    [
        "sklearn-1.5",
        "azureml:sklearn-1.5@latest",
        "azureml:sklearn-1.5:3",
        "azureml:AzureML-sklearn-1.5@latest",
        "AzureML-sklearn-0.24-ubuntu18.04-py37-cpu",
        "azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu:1",
        "azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
        "azureml://registries/azureml/environments/sklearn-1.5/versions/10",
        "/subscriptions/s/resourceGroups/g/workspaces/w/environments/sklearn-1.5/versions/1",
    ],
)
def test_a_curated_environment_answers_to_all_of_its_names(reference: str) -> None:
    assert parse(reference).curated == "sklearn-1.5"


def test_the_minimal_environment_has_no_packages() -> None:
    assert parse("AzureML-Minimal").packages == ()
    assert parse({"name": "minimal"}).curated == "minimal"


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(StudioError) as caught:
        parse("azureml:sklern-1.5@latest")
    assert caught.value.code == "not_found"
    assert "Did you mean sklearn-1.5?" in caught.value.hint
    assert "minimal" in caught.value.hint


@pytest.mark.parametrize(
    "wrap", [lambda text: text, lambda text: {"name": "model-env", "conda_file": text}]
)
def test_a_conda_file_is_mapped_to_pypi_and_says_so(wrap) -> None:
    found = parse(wrap(CONDA))
    assert (found.name, found.python) == ("model-env", "3.11")
    assert found.packages == (
        "numpy==1.26.*",
        "scikit-learn==1.5.2",
        "torch>=2,<3",
        "mlflow==2.18.0",
        'azureml-mlflow[x]>=1.0 ; python_version < "3.12"',
    )
    words = " ".join(found.warnings)
    assert "cudatoolkit" in words
    assert "from PyPI" in words
    assert "--extra-index-url" in words


def test_requirements_text_is_read_line_by_line() -> None:
    found = parse("# why\nnumpy==1.26.4  # pinned\n\npandas >= 1.5, <2\n")
    assert found == Requirements("requirements", None, ("numpy==1.26.4", "pandas >= 1.5, <2"))


@pytest.mark.parametrize(
    "line", ["../evil", "pkg @ https://host/x.whl", "a b c", "numpy==1; \nrm -rf", "$(id)", "/etc"]
)
def test_a_line_that_is_no_package_is_refused_with_its_place(line: str) -> None:
    with pytest.raises(StudioError) as caught:
        parse(
            {
                "name": "x",
                "conda_file": {
                    "dependencies": ["numpy", {"pip": ["pandas", line.split("\n")[-1]]}]
                },
            }
        )
    assert caught.value.where == "conda_file.dependencies[1][1]"


def test_an_image_alone_gets_the_default_with_a_warning() -> None:
    found = parse({"image": "mcr.microsoft.com/azureml/curated/sklearn-1.5:latest"})
    assert found.curated == "sklearn-1.5"
    assert "no container runtime" in found.warnings[0]
    other = parse({"image": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"})
    assert other.curated == "sklearn-1.5"
    assert "stands in" in other.warnings[0]


def test_an_image_with_a_conda_file_keeps_the_packages() -> None:
    found = parse({"image": "mcr.microsoft.com/x", "condaFile": CONDA})
    assert found.curated is None
    assert "numpy==1.26.*" in found.packages
    assert "no container runtime" in found.warnings[-1]


def test_a_path_is_never_opened_on_the_worker() -> None:
    with pytest.raises(StudioError, match="was not sent along"):
        parse({"name": "x", "conda_file": "/etc/passwd"})


@pytest.mark.parametrize(
    "broken", ["dependencies: 3\nname: x", "dependencies:\n- [a", "dependencies:\n- {a: b}\n"]
)
def test_a_broken_conda_file_is_a_readable_error(broken: str) -> None:
    with pytest.raises(StudioError) as caught:
        parse(broken)
    assert caught.value.where.startswith("conda_file")
