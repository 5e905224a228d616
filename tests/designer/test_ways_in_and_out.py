"""The catalogue, what is wrong with a draft, and drafts from texts and runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from designer.services import drafts, importing
from officina.errors import StudioError
from tests.designer.test_drafts_over_http import BASE, GRAPH, edge, node

pytestmark = pytest.mark.django_db

YAML = """\
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
display_name: From YAML
inputs:
  share: 0.6
jobs:
  enter:
    type: command
    component: azureml://registries/officina/components/enter_data_manually/versions/1
    inputs:
      data: "a,b\\n1,2\\n"
  split:
    type: command
    component: azureml://registries/officina/components/split_data/versions/1
    inputs:
      dataset: ${{parent.jobs.enter.outputs.dataset}}
      fraction: ${{parent.inputs.share}}
"""


def test_the_catalogue_offers_modules_with_their_forms(cast: Any) -> None:
    found = cast.client("reader").get(f"{BASE}/designer/catalogue").json()
    by_name = {each["name"]: each for each in found["components"]}
    split = by_name["split_data"]
    assert split["title"] == "Split Data"
    assert not split["own"]
    assert split["inputs"][0]["type"] == "dataset"
    assert {"name", "type", "label", "default", "min", "max", "enum", "visible_when"} <= (
        split["params"][0].keys()
    )
    assert set(found["categories"]) == {each["category"] for each in found["components"]}
    assert "trained_model" not in found["fits"]["dataset"]
    assert found["data"] == found["models"] == found["transforms"] == []


def test_the_problems_name_the_node_and_what_to_do(cast: Any) -> None:
    graph = {**GRAPH, "nodes": [*GRAPH["nodes"], node("alone"), node("odd", "no_such_module")]}
    draft = drafts.create_draft(workspace=cast.lab, user=cast.owner, name="Broken", graph=graph)
    found = cast.client("reader").get(f"{BASE}/pipelines/{draft.guid}/problems").json()
    told = {(each["code"], each["node"]) for each in found["problems"]}
    assert {("missing_input", "alone"), ("unknown_component", "odd")} <= told
    assert all(each["message"] and each["severity"] for each in found["problems"])
    columns = found["columns"]["enter"]["dataset"]
    assert [each["name"] for each in columns] == ["a", "b"]


def test_yaml_becomes_a_draft_laid_out_in_layers(cast: Any) -> None:
    response = cast.client("contributor").post(f"{BASE}/pipelines/import", {"text": YAML})
    assert response.status_code == 201, response.content
    draft = response.json()
    assert draft["name"] == "From YAML"
    graph = draft["graph"]
    assert graph["edges"] == [edge("enter", "dataset", "split", "dataset")]
    assert graph["parameters"]["share"]["default"] == 0.6
    heights = {each["id"]: each["position"]["y"] for each in graph["nodes"]}
    assert heights["split"] > heights["enter"]


def test_an_exported_draft_comes_back_the_same(cast: Any) -> None:
    client = cast.client("owner")
    draft = drafts.create_draft(workspace=cast.lab, user=cast.owner, name="Churn", graph=GRAPH)
    exported = client.get(f"{BASE}/pipelines/{draft.guid}/export?format=json")
    assert exported["Content-Disposition"] == 'attachment; filename="Churn.json"'
    text = exported.content.decode()
    assert json.loads(text)["graph"] == GRAPH
    back = client.post(f"{BASE}/pipelines/import", {"text": text}).json()
    assert (back["name"], back["graph"]) == ("Churn", GRAPH)
    assert client.get(f"{BASE}/pipelines/{draft.guid}/export?format=doc").status_code == 400


def test_an_exported_yaml_comes_back_the_same(cast: Any) -> None:
    client = cast.client("owner")
    draft = drafts.create_draft(workspace=cast.lab, user=cast.owner, name="Churn", graph=GRAPH)
    exported = client.get(f"{BASE}/pipelines/{draft.guid}/export?format=yaml")
    assert exported["Content-Disposition"] == 'attachment; filename="Churn.yml"'
    back = client.post(f"{BASE}/pipelines/import", {"text": exported.content.decode()}).json()
    assert (back["name"], back["graph"]) == ("Churn", GRAPH)


def test_the_exported_script_is_python(cast: Any) -> None:
    draft = drafts.create_draft(workspace=cast.lab, user=cast.owner, name="Churn", graph=GRAPH)
    url = f"{BASE}/pipelines/{draft.guid}/export?format=python"
    text = cast.client("reader").get(url).content.decode()
    compile(text, "churn.py", "exec")
    assert "azure.ai.ml" in text


@pytest.mark.parametrize(
    "text",
    ["/etc/passwd.yml", "type: command\ncommand: echo\nenvironment: x\n", "{]", "a: [", "[]", "1"],
)
def test_what_is_no_pipeline_is_refused_and_no_file_is_read(text: str) -> None:
    with pytest.raises(StudioError):
        importing.read_text(text)
