"""Steps of an imported pipeline that bring their own command stand on the canvas, run, and come back."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from designer.models import Pipeline
from officina.graph import Graph
from officina.printing import graph_of_yaml
from registry.models import Asset
from studio.runs.models import Run

pytestmark = pytest.mark.django_db(transaction=True)

YAML = """\
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
display_name: Inline
inputs:
  rounds: 3
jobs:
  make:
    type: command
    display_name: Make a note
    command: >-
      python -c "open('${{outputs.out}}/x.txt','w').write('${{inputs.rounds}} rounds')"
    environment: azureml:minimal@latest
    inputs:
      rounds: ${{parent.inputs.rounds}}
    outputs:
      out: {type: uri_folder}
  show:
    type: command
    component:
      type: command
      command: python -c "print(open('${{inputs.note}}/x.txt').read())"
      environment: azureml:minimal@latest
      inputs:
        note: {type: uri_folder}
    inputs:
      note: ${{parent.jobs.make.outputs.out}}
"""


@pytest.fixture
def imported(api: Any, workspace: Any) -> Pipeline:
    made = api("post", "/pipelines/import", {"text": YAML}, expect=201)
    return Pipeline.objects.get(workspace=workspace, guid=made["guid"])


def test_it_has_no_problem_and_is_not_on_offer(api: Any, imported: Pipeline) -> None:
    assert api("get", f"/pipelines/{imported.guid}/problems")["problems"] == []
    nodes = {node["id"]: node for node in imported.graph["nodes"]}
    found = {each["name"]: each for each in api("get", "/designer/catalogue")["components"]}
    make, show = (found[nodes[id]["component"]] for id in ("make", "show"))
    assert (make["title"], show["title"]) == ("Make a note", "show")
    assert [port["name"] for port in make["outputs"]] == ["out"]
    assert [param["name"] for param in make["params"]] == ["rounds"]
    assert make["hidden"] and show["hidden"]
    assert set(Asset.objects.filter(kind="component").values_list("archived", flat=True)) == {True}
    api("post", "/pipelines/import", {"text": YAML}, expect=201)
    assert Asset.objects.filter(kind="component").count() == 2, "the same content is kept once"


def test_it_runs_and_is_cloned_with_the_same_steps(
    api: Any, imported: Pipeline, work: Any, workspace: Any
) -> None:
    guid = api("post", f"/pipelines/{imported.guid}/submit", {}, expect=201)["guid"]
    work()
    run = Run.objects.get(guid=guid)
    assert run.status == "Completed", (run.error, [c.error for c in run.children.all()])
    cloned = api("post", "/pipelines/from-run", {"run": guid}, expect=201)
    imported.refresh_from_db()
    assert Graph.from_json(cloned["graph"]).nodes == Graph.from_json(imported.graph).nodes
    plan = api("post", f"/pipelines/{cloned['guid']}/plan", {})
    assert plan["reuse"] == 2, "nothing was changed, so both results are found again"


def test_its_export_is_whole_and_comes_back_the_same(
    api: Any, imported: Pipeline, user: Any
) -> None:
    client = Client()
    client.force_login(user)
    url = f"/api/v1/workspaces/{imported.workspace.name}/pipelines/{imported.guid}/export"
    text = client.get(f"{url}?format=yaml").content.decode()
    assert "azureml:inline_" not in text
    assert "print(open(" in text
    graph = Graph.from_json(imported.graph)
    alone = {node.id: node for node in graph_of_yaml(text).nodes}
    assert alone == {node.id: node for node in graph.nodes}, "without any registry too"
    again = api("post", "/pipelines/import", {"text": text}, expect=201)
    assert again["graph"] == imported.graph
    assert Asset.objects.filter(kind="component").count() == 2


def test_what_a_draft_cannot_hold_is_told(api: Any) -> None:
    more = "    limits: {timeout: 60}\n    display_name: Make a note\n"
    text = YAML.replace("    display_name: Make a note\n", more)
    made = api("post", "/pipelines/import", {"text": text}, expect=201)
    assert made["left_out"] == ["step 'make': limits"]
    assert api("post", "/pipelines/import", {"text": YAML}, expect=201)["left_out"] == []


def test_code_that_did_not_come_along_is_named_on_the_node(api: Any) -> None:
    text = YAML.replace("    display_name: Make a note\n", "    code: ./src\n")
    made = api("post", "/pipelines/import", {"text": text}, expect=201)
    (problem,) = api("get", f"/pipelines/{made['guid']}/problems")["problems"]
    assert (problem["code"], problem["node"]) == ("code_not_here", "make")
    assert "./src" in problem["message"] and "officina job create" in problem["hint"]
