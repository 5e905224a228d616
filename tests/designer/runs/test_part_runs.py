"""Parts of a draft run on what earlier runs left, and a failed run goes on where it failed."""

from __future__ import annotations

from typing import Any

import pytest

from designer.models import PipelineVersion
from officina.graph import Graph
from studio.runs.models import Run
from tests.designer.runs.conftest import csv, edge, node, node_of, steps

pytestmark = pytest.mark.django_db(transaction=True)


def test_to_here_runs_a_node_and_what_it_needs(run_draft: Any) -> None:
    run = run_draft(mode="to", nodes=["train"])
    assert run.status == "Completed", run.error
    assert steps(run).keys() == {"enter", "split", "learner", "train"}


def test_from_here_takes_what_comes_before_from_the_chosen_run(
    api: Any, run_draft: Any, change: Any, draft: Any
) -> None:
    refused = api("post", "submit", {"mode": "from", "nodes": ["train"]}, expect=409)
    assert "no result yet" in refused["error"]["message"]
    first = run_draft()
    run_draft(parameters={"fraction": 0.5})
    change(draft, lambda graph: node_of(graph, "learner")["params"].update(l2_weight=2.0))
    ask = {"mode": "from", "nodes": ["learner"], "run": first.guid}
    plan = api("post", "plan", ask)
    assert {s["id"] for s in plan["steps"] if s["action"] == "run"} == {
        "learner", "train", "score", "evaluate",
    }  # fmt: skip
    assert [source["id"] for source in plan["sources"]] == ["split"]
    run = run_draft(**ask)
    assert run.status == "Completed", run.error
    assert steps(run).keys() == {"learner", "train", "score", "evaluate"}
    before = first.children.get(step="split").outputs["results1"]["uri"]
    assert run.children.get(step="train").inputs["dataset"]["uri"] == before


def test_chosen_nodes_run_alone(run_draft: Any, api: Any) -> None:
    first = run_draft()
    again = run_draft(mode="selected", nodes=["score"], force_rerun=True)
    assert steps(again) == {"score": ("Completed", False)}
    state = api("get", "state", {"run": again.guid})
    assert state["nodes"]["split"]["run"] == first.children.get(step="split").guid
    assert "evaluate" not in state["nodes"]
    assert "evaluate" in api("get", "state")["nodes"]
    api("post", "submit", {"mode": "selected", "nodes": []}, expect=400)
    api("post", "submit", {"mode": "selected", "nodes": ["gone"]}, expect=404)


def test_a_failed_run_goes_on_where_it_failed_with_the_mended_draft(
    api: Any, run_draft: Any, change: Any, draft: Any
) -> None:
    def anew(graph: dict[str, Any]) -> None:
        node_of(graph, "enter")["forceRerun"] = True
        node_of(graph, "train")["params"]["label"]["rules"][0]["value"] = ["why"]

    change(draft, anew)
    failed = run_draft()
    assert failed.status == "Failed"
    assert failed.children.get(step="train").error["where"] == "label"
    change(
        draft,
        lambda graph: node_of(graph, "train")["params"]["label"]["rules"][0].update(value=["y"]),
    )
    plan = api("post", "plan", {"mode": "retry", "run": failed.guid})
    actions = {step["id"]: step["action"] for step in plan["steps"]}
    assert [n for n, a in actions.items() if a == "reuse"] == ["enter", "learner", "split"] or (
        {n for n, a in actions.items() if a == "reuse"} == {"enter", "learner", "split"}
    )
    run = run_draft(mode="retry", run=failed.guid)
    assert run.status == "Completed", run.error
    # A step that is set to run anew each time keeps its result all the same: it was done.
    assert {n for n, (_, reused) in steps(run).items() if reused} == {"enter", "learner", "split"}
    refused = api("post", "submit", {"mode": "retry", "run": run.guid}, expect=409)
    assert "nothing to retry" in refused["error"]["message"]


def test_a_run_keeps_the_draft_it_was_of(run_draft: Any, draft: Any, change: Any, api: Any) -> None:
    run = run_draft()
    assert run.tags["officina.pipeline"] == draft.guid
    version = PipelineVersion.objects.get(pipeline=draft, number=run.tags["officina.version"])
    assert version.digest == run.tags["officina.digest"]
    assert Graph.of_pipeline(run.document).nodes == Graph.from_json(version.graph).nodes
    run_draft()
    assert draft.versions.count() == 1
    change(draft, lambda graph: node_of(graph, "learner")["params"].update(l2_weight=2.0))
    draft.refresh_from_db()
    api("post", "submit", {"revision": draft.seq - 1}, expect=409)
    api("post", "submit", {"revision": draft.seq}, expect=201)
    assert draft.versions.count() == 2


def test_a_submission_sent_twice_runs_once(api: Any, work: Any, draft: Any) -> None:
    sent = [api("post", "submit", {}, 201, HTTP_IDEMPOTENCY_KEY="k1")["guid"] for _ in range(2)]
    assert sent[0] == sent[1]
    assert Run.objects.filter(parent=None).count() == 1


def test_the_state_tells_sizes_errors_and_what_is_stale(
    api: Any, run_draft: Any, change: Any, draft: Any
) -> None:
    assert api("get", "state")["run"] is None
    run_draft()
    state = api("get", "state")
    nodes = state["nodes"]
    assert state["run"]["status"] == "Completed" and state["run"]["number"] == 1
    assert nodes["split"]["outputs"] == {
        "results1": {"rows": 140, "columns": 3}, "results2": {"rows": 60, "columns": 3},
    }  # fmt: skip
    assert not any(node["stale"] for node in nodes.values())

    change(draft, lambda graph: node_of(graph, "score")["params"].update(append=True))
    assert not api("get", "state")["nodes"]["score"]["stale"], "leaving it out is its default"
    change(draft, lambda graph: node_of(graph, "learner")["params"].update(l2_weight=9.0))
    stale = {name for name, node in api("get", "state")["nodes"].items() if node["stale"]}
    assert stale == {"learner", "train", "score", "evaluate"}
    run_draft(mode="from", nodes=["learner"])
    assert not any(node["stale"] for node in api("get", "state")["nodes"].values())

    change(
        draft,
        lambda graph: node_of(graph, "train")["params"]["label"]["rules"][0].update(value=["x"]),
    )
    run_draft()
    error = api("get", "state")["nodes"]["train"]["error"]
    assert error["where"] == "label" and 'no column "x"' in error["message"] and error["hint"]
    assert run_number(api) == 3


def run_number(api: Any) -> int:
    return int(api("get", "state")["run"]["number"])


def test_a_step_that_loses_many_rows_is_marked(
    api: Any, run_draft: Any, change: Any, draft: Any
) -> None:
    lines = csv(100).splitlines()
    holes = "\n".join(
        [
            lines[0],
            *(
                ",".join(["", *line.split(",")[1:]]) if i % 3 == 0 else line
                for i, line in enumerate(lines[1:])
            ),
        ]
    )

    def clean(graph: dict[str, Any]) -> None:
        node_of(graph, "enter")["params"]["data"] = holes + "\n"
        node_of(graph, "split").update(
            component="clean_missing_data", params={"mode": "remove_row"}
        )
        graph["edges"] = [e for e in graph["edges"] if e["source"] == "enter"]
        graph["nodes"] = [n for n in graph["nodes"] if n["id"] in {"enter", "split"}]
        graph["parameters"] = {}

    change(draft, clean)
    run = run_draft()
    assert run.status == "Completed", [c.error for c in run.children.all()]
    outputs = api("get", "state")["nodes"]["split"]["outputs"]
    [table] = [one for one in outputs.values() if "rows" in one]
    assert table["rows"] == 66
    assert table["warning"] == "34 of 100 rows are gone (34%)."


@pytest.fixture
def nested(workspace: Any, user: Any, change: Any, draft: Any) -> None:
    """Put a registered pipeline component before the split."""
    from registry import services as registry

    text = (
        "type: pipeline\nname: narrow\nversion: 1\n"
        "inputs: {table: {type: uri_folder}}\noutputs: {kept: {type: uri_folder}}\n"
        "jobs:\n  choose:\n    type: command\n"
        "    component: azureml://registries/officina/components/select_columns/versions/1\n"
        '    inputs: {dataset: "${{parent.inputs.table}}"}\n'
        '    outputs: {results: "${{parent.outputs.kept}}"}\n'
    )
    document = load_component(text)
    registry.register(
        workspace=workspace,
        kind="component",
        name="narrow",
        version="1",
        document=document,
        user=user,
    )

    def put(graph: dict[str, Any]) -> None:
        graph["nodes"].append(node("narrow", "narrow"))
        graph["edges"] = [e for e in graph["edges"] if e["id"] != "split:dataset"]
        graph["edges"] += [
            edge("enter.dataset", "narrow.table"),
            edge("narrow.kept", "split.dataset"),
        ]

    change(draft, put)


def load_component(text: str) -> dict[str, Any]:
    import yaml

    document: dict[str, Any] = yaml.safe_load(text)
    everything = {"rules": [{"include": True, "by": "all"}]}
    step = document["jobs"]["choose"]
    step["inputs"] = {
        "dataset": {
            "jobInputType": "dataset",
            "uri": "${{parent.inputs.table}}",
            "mode": "ro_mount",
        },
        "columns": {"jobInputType": "literal", "value": everything},
    }
    step["outputs"] = {"results": {"jobOutputType": "dataset", "uri": "${{parent.outputs.kept}}"}}
    return document


def test_a_pipeline_component_is_one_node_in_plan_state_and_part_runs(
    nested: None, api: Any, run_draft: Any
) -> None:
    plan = {step["id"]: step for step in api("post", "plan", {})["steps"]}
    assert (plan["narrow"]["action"], plan["narrow"]["because"]) == ("run", ["enter"])
    run = run_draft()
    assert run.status == "Completed", [(c.step, c.error) for c in run.children.all() if c.error]
    assert "narrow/choose" in steps(run)
    state = api("get", "state")["nodes"]
    assert state["narrow"]["status"] == "Completed" and not state["narrow"]["stale"]
    assert "narrow/choose" not in state
    again = {step["id"]: step["action"] for step in api("post", "plan", {})["steps"]}
    assert again["narrow"] == "reuse"
    part = run_draft(mode="from", nodes=["split"], force_rerun=True)
    assert part.status == "Completed" and "narrow/choose" not in steps(part)
    assert not api("get", "state", {"run": part.guid})["nodes"]["split"]["stale"]


def test_a_run_that_goes_on_tells_what_is_left_and_whose_results_it_took(
    api: Any, run_draft: Any, change: Any, draft: Any, messages: Any
) -> None:
    first = run_draft()
    took = {child.step: child.seconds for child in first.children.all()}
    change(draft, lambda graph: node_of(graph, "learner")["params"].update(l2_weight=2.5))
    api("post", "submit", {}, expect=201)
    state = api("get", "state")
    nodes = state["nodes"]
    assert state["run"]["status"] not in {"Completed", "Failed"}
    source = first.children.get(step="split").guid
    assert (nodes["split"]["reused"], nodes["split"]["source_run"]) == (True, source)
    assert nodes["learner"]["expected"] == pytest.approx(took["learner"], abs=0.01)
    todo = ("learner", "train", "score", "evaluate")
    assert state["run"]["left"] == pytest.approx(sum(took[step] for step in todo), abs=0.05)
    messages.clear()
    assert "left" not in api("get", "state", {"run": first.guid})["run"]
