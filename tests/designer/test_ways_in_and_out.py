"""The catalogue, what is wrong with a draft, and drafts from texts and runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from designer.services import drafts, importing
from officina.errors import StudioError
from registry import services as registry
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


def stored(cast: Any, folder: Path, **files: str) -> Any:
    """Store files as a tree of the workspace."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, "utf-8")
    return registry.store().put_tree(folder)


def register(cast: Any, kind: str, name: str, tree: Any = None, **document: Any) -> Any:
    return registry.register(
        workspace=cast.lab, kind=kind, name=name, document=document, tree=tree, user=cast.owner
    )


def test_the_teams_own_components_and_assets_stand_beside_the_built_ins(
    cast: Any, tmp_path: Path
) -> None:
    spec = {
        "name": "score_leads",
        "version": "2",
        "type": "command",
        "display_name": "Score leads",
        "inputs": {"data": {"type": "uri_folder"}, "top": {"type": "integer", "default": 3}},
        "outputs": {"leads": {"type": "uri_folder"}},
        "command": "python score.py",
        "environment": "azureml:minimal@latest",
    }
    registry.register(
        workspace=cast.lab, kind="component", name="score_leads", document=spec, user=cast.owner
    )
    register(cast, "data", "leads", stored(cast, tmp_path / "d", leads__csv="a,b\n1,x\n"))
    for kind in ("trained", "transform"):
        files = {"meta__json": json.dumps({"kind": kind}), "model__pkl": "x"}
        register(cast, "model", f"my_{kind}", stored(cast, tmp_path / kind, **files))
    register(cast, "model", "foreign", stored(cast, tmp_path / "mlflow", MLmodel="flavors: {}"))
    found = cast.client("reader").get(f"{BASE}/designer/catalogue").json()
    own = next(each for each in found["components"] if each["name"] == "score_leads")
    assert own["own"]
    assert [port["name"] for port in own["inputs"]] == ["data"]
    assert [param["name"] for param in own["params"]] == ["top"]
    assert [(each["name"], each["version"]) for each in found["data"]] == [("leads", "1")]
    assert [each["name"] for each in found["models"]] == ["foreign", "my_trained"]
    assert [each["name"] for each in found["transforms"]] == ["my_transform"]


def test_the_columns_of_registered_data_are_known_before_any_run(cast: Any, tmp_path: Path) -> None:
    tree = stored(cast, tmp_path / "d", leads__csv="age,plan\n31,Plus\n")
    register(cast, "data", "leads", tree)
    nodes = [
        node("leads", "data_asset", asset="${{parent.inputs.table}}"),
        node("split", fraction=0.5),
    ]
    graph = {
        "schema": 1,
        "nodes": nodes,
        "edges": [edge("leads", "data", "split", "dataset")],
        "parameters": {"table": {"type": "string", "default": "azureml:leads@latest"}},
    }
    draft = drafts.create_draft(workspace=cast.lab, user=cast.owner, name="Leads", graph=graph)
    found = cast.client("reader").get(f"{BASE}/pipelines/{draft.guid}/problems").json()
    columns = found["columns"]
    assert [(c["name"], c["type"]) for c in columns["leads"]["data"]] == [
        ("age", "integer"),
        ("plan", "string"),
    ]
    assert [c["name"] for c in columns["split"]["results1"]] == ["age", "plan"]
