"""A reference is read in each of the forms that Azure's clients and files use."""

from __future__ import annotations

import pytest

from officina.documents.references import bare_compute, parse_reference
from officina.errors import StudioError

ARM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.mark.parametrize(
    ("text", "kind", "name", "version", "label"),
    [
        ("azureml:iris:1", "asset", "iris", "1", None),
        ("azureml:iris@latest", "asset", "iris", None, "latest"),
        ("azureml:iris", "asset", "iris", None, None),
        ("azureml://registries/r/environments/e/versions/2", "registry", "e", "2", None),
        ("azureml://registries/r/models/m/labels/latest", "registry", "m", None, "latest"),
        (
            "azureml://registries/officina/components/split_data/versions/1",
            "registry",
            "split_data",
            "1",
            None,
        ),
        ("azureml://datastores/d/paths/a/b.csv", "datastore", "d", None, None),
        (f"azureml:{ARM}/data/iris/versions/3", "arm", "iris", "3", None),
        (f"{ARM}/computes/cpu", "arm", "cpu", None, None),
        ("tree:" + "0" * 64, "tree", "0" * 64, None, None),
        ("https://x.y/z.csv", "url", "https://x.y/z.csv", None, None),
        ("wasbs://c@a.blob/x", "url", "wasbs://c@a.blob/x", None, None),
        ("./data", "local", "./data", None, None),
        ("file:./c.yml", "local", "./c.yml", None, None),
    ],
)
def test_forms(text: str, kind: str, name: str, version: str | None, label: str | None) -> None:
    found = parse_reference(text)
    assert (found.kind, found.name, found.version, found.label) == (kind, name, version, label)


def test_a_datastore_address_gives_store_and_path() -> None:
    long = "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/d/paths/a/b"
    assert parse_reference(long).datastore == "d"
    assert parse_reference(long).path == "a/b"
    assert parse_reference(long).workspace == "w"


@pytest.mark.parametrize(
    "text", ["", "azureml:", "azureml:a:b:c", "azureml://nothing/known", "azureml:a b"]
)
def test_what_has_no_known_form_is_refused(text: str) -> None:
    with pytest.raises(StudioError):
        parse_reference(text)


def test_compute_names_lose_their_prefix() -> None:
    assert bare_compute("azureml:cpu-cluster") == "cpu-cluster"
    assert bare_compute("cpu-cluster") == "cpu-cluster"
    assert bare_compute(f"{ARM}/computes/cpu") == "cpu"
    assert bare_compute("${{parent.inputs.c}}") == "${{parent.inputs.c}}"
