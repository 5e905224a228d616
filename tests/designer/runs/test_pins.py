"""A pinned node's results of a chosen run are used as they are, and what only it needs does not run."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from designer.models import Pipeline
from designer.services import importing
from officina.graph import Graph
from studio.runs.models import Run
from tests.designer.runs.conftest import edge, node, node_of, steps

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pin(change: Any, draft: Any) -> Any:
    def go(run: Run | None, *nodes: str) -> None:
        def edit(graph: dict[str, Any]) -> None:
            for name in nodes:
                node_of(graph, name).pop("pinned", None)
                if run is not None:
                    node_of(graph, name)["pinned"] = {"run": run.guid}

        change(draft, edit)

    return go


def test_what_is_below_a_pin_takes_its_results_and_nothing_above_it_runs(
    api: Any, run_draft: Any, change: Any, draft: Any, pin: Any
) -> None:
    first = run_draft()
    change(draft, lambda graph: node_of(graph, "split")["params"].update(random_seed=5))
    run_draft()
    pin(first, "split")
    plan = api("post", "plan", {})
    told = {step["id"]: (step["action"], step["reason"]) for step in plan["steps"]}
    assert told["split"] == ("skip", "pinned to run 1")
    assert {s.get("source_run") for s in plan["steps"] if s["id"] == "split"} == {first.guid}
    assert told["enter"] == ("skip", "only split needs it, which is pinned")
    # The pinned rows are those of the first run, so all that it made of them is found again.
    assert {told[n][0] for n in ("learner", "train", "score", "evaluate")} == {"reuse"}

    change(draft, lambda graph: node_of(graph, "learner")["params"].update(l2_weight=3.0))
    run = run_draft()
    assert run.status == "Completed", run.error
    assert steps(run).keys() == {"learner", "train", "score", "evaluate"}
    before = first.children.get(step="split").outputs["results1"]["uri"]
    assert run.children.get(step="train").inputs["dataset"]["uri"] == before


def test_a_pinned_node_shows_its_results_and_what_they_feed_is_not_stale(
    api: Any, run_draft: Any, change: Any, draft: Any, pin: Any
) -> None:
    first = run_draft()
    change(draft, lambda graph: node_of(graph, "split")["params"].update(fraction=0.5))
    second = run_draft()
    pin(first, "split")
    nodes = api("get", "state")["nodes"]
    assert nodes["split"]["pinned"] == {"run": first.guid, "called": "run 1"}
    assert nodes["split"]["outputs"]["results1"]["rows"] == 140
    assert nodes["train"]["stale"], "it was trained on other rows than it would get now"
    then = api("get", "state", {"run": first.guid})["nodes"]
    assert not then["train"]["stale"], "it was trained on the very rows that are pinned"
    assert api("get", "state", {"run": second.guid})["nodes"]["split"]["run"] == (
        first.children.get(step="split").guid
    )
    pin(None, "split")
    assert not api("get", "state")["nodes"]["train"]["stale"]
    assert api("get", "state")["nodes"]["split"]["run"] == (second.children.get(step="split").guid)


def test_what_another_branch_needs_runs_all_the_same(
    api: Any, run_draft: Any, change: Any, draft: Any, pin: Any
) -> None:
    first = run_draft()

    def more(graph: dict[str, Any]) -> None:
        graph["nodes"].append(node("sums", "summarize_data"))
        graph["edges"].append(edge("enter.dataset", "sums.dataset"))

    change(draft, more)
    pin(first, "split")
    asked = {s["id"]: s["action"] for s in api("post", "plan", {"force_rerun": True})["steps"]}
    assert asked["enter"] == asked["sums"] == "run"
    to = {s["id"]: s for s in api("post", "plan", {"mode": "to", "nodes": ["train"]})["steps"]}
    assert to["enter"]["action"] == "skip", "train gets its rows from the pin"
    named = api("post", "plan", {"mode": "selected", "nodes": ["enter"], "force_rerun": True})
    assert [s["id"] for s in named["steps"] if s["action"] == "run"] == ["enter"]
    below = api("post", "plan", {"mode": "from", "nodes": ["split"], "force_rerun": True})
    assert {s["id"] for s in below["steps"] if s["action"] == "run"} == {
        "train",
        "score",
        "evaluate",
    }
    refused = api("post", "submit", {"mode": "to", "nodes": ["split"]}, expect=409)
    assert "pinned to run 1" in refused["error"]["message"]


def test_what_is_wrong_above_a_pin_does_not_block_a_run(
    api: Any, run_draft: Any, change: Any, draft: Any, pin: Any
) -> None:
    first = run_draft()

    def loosen(graph: dict[str, Any]) -> None:
        graph["edges"] = [one for one in graph["edges"] if one["target"] != "split"]

    change(draft, loosen)
    codes = {each["code"] for each in api("get", "problems")["problems"]}
    assert codes == {"missing_input"}
    pin(first, "split")
    found = api("get", "problems")
    assert found["problems"] == []
    assert [one["name"] for one in found["columns"]["split"]["results1"]] == ["a", "b", "y"]
    run = run_draft(force_rerun=True)
    assert run.status == "Completed", run.error
    pin(first, "enter", "learner", "train", "score", "evaluate")
    found = api("get", "problems")["problems"]
    assert [each["code"] for each in found] == ["empty_graph"]


def test_a_pin_whose_results_are_gone_says_so_and_runs_nothing(
    api: Any, run_draft: Any, change: Any, draft: Any, pin: Any
) -> None:
    first = run_draft()
    pin(first, "split")
    Run.objects.filter(pk=first.pk).update(deleted=timezone.now())
    (problem,) = api("get", "problems")["problems"]
    assert (problem["code"], problem["node"]) == ("pinned_gone", "split")
    assert "run is gone" in problem["message"] and "Unpin" in problem["hint"]
    refused = api("post", "submit", {}, expect=409)
    assert "its run is gone" in refused["error"]["message"]
    assert api("post", "plan", {})["problems"][0]["code"] == "pinned_gone"
    Run.objects.filter(pk=first.pk).update(deleted=None)
    part = run_draft(mode="selected", nodes=["learner"], force_rerun=True)
    pin(part, "split")
    (problem,) = api("get", "problems")["problems"]
    assert "has no results of it" in problem["message"]


def test_the_runs_that_a_node_can_be_pinned_to(api: Any, run_draft: Any, pin: Any) -> None:
    first = run_draft()
    part = run_draft(mode="selected", nodes=["score"], force_rerun=True)
    offered = api("get", "pins", {"node": "score"})["runs"]
    assert [(one["run"], one["called"]) for one in offered] == [
        (part.guid, "run 2"), (first.guid, "run 1"),
    ]  # fmt: skip
    # The part run took the split of the first one, so its pin holds too.
    assert {one["run"] for one in api("get", "pins", {"node": "split"})["runs"]} == {
        part.guid, first.guid,
    }  # fmt: skip
    assert api("get", "pins", {"node": "no_such"})["runs"] == []
    pin(part, "split")
    assert api("get", "problems")["problems"] == []


def test_a_run_on_a_pin_is_cloned_whole(
    run_draft: Any, pin: Any, draft: Pipeline, workspace: Any, user: Any
) -> None:
    first = run_draft()
    pin(first, "split")
    run = run_draft(force_rerun=True, parameters={"fraction": 0.6})
    cloned = importing.draft_of_run(workspace=workspace, user=user, run=run)
    draft.refresh_from_db()
    graph = Graph.from_json(cloned.graph)
    assert graph.nodes == Graph.from_json(draft.graph).nodes
    assert graph.node("split").pinned == first.guid
    assert graph.parameters["fraction"]["default"] == 0.6
