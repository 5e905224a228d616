"""A plan says what runs and what is reused and why, and that is what then happens."""

from __future__ import annotations

from typing import Any

import pytest

from studio.runs.models import Run
from tests.designer.runs.conftest import node_of, steps

pytestmark = pytest.mark.django_db(transaction=True)


def planned(api: Any, **body: Any) -> dict[str, Any]:
    return {step["id"]: step for step in api("post", "plan", body)["steps"]}


def happens(plan: dict[str, Any], run: Run) -> None:
    """See that the run did what the plan said."""
    did = {step: "reuse" if reused else "run" for step, (_, reused) in steps(run).items()}
    said = {name: step["action"] for name, step in plan.items() if step["action"] != "skip"}
    assert did == said, [(c.step, c.status, c.error) for c in run.children.all()]


def set_param(node: str, name: str, value: Any) -> Any:
    def edit(graph: dict[str, Any]) -> None:
        node_of(graph, node)["params"][name] = value

    return edit


def test_a_plan_says_before_what_happens_after(
    api: Any, run_draft: Any, change: Any, draft: Any
) -> None:
    plan = planned(api)
    assert {step["action"] for step in plan.values()} == {"run"}
    assert plan["enter"]["reason"] == "it has not run before"
    assert plan["split"]["because"] == ["enter"]
    assert plan["split"]["reason"] == "Enter Data Manually runs first"
    order = list(plan)
    assert order.index("enter") < order.index("split") < order.index("train") < order.index("score")
    run = run_draft()
    assert run.status == "Completed", run.error
    happens(plan, run)

    again = planned(api)
    assert {step["action"] for step in again.values()} == {"reuse"}
    assert again["split"]["source_run"] == run.children.get(step="split").guid
    happens(again, run_draft())

    change(draft, set_param("learner", "l2_weight", 0.5))
    part = planned(api)
    actions = {name: step["action"] for name, step in part.items()}
    assert actions == {
        "enter": "reuse", "split": "reuse", "learner": "run", "train": "run", "score": "run",
        "evaluate": "run",
    }  # fmt: skip
    assert part["learner"]["reason"] == "input changed: Linear Regression l2_weight 0.001 -> 0.5"
    assert part["train"]["because"] == ["learner"]
    happens(part, run_draft())


def test_a_parameter_of_the_pipeline_is_named_as_the_reason(api: Any, run_draft: Any) -> None:
    run_draft()
    plan = planned(api, parameters={"fraction": 0.8})
    assert plan["split"]["reason"] == "input changed: Split Data fraction 0.7 -> 0.8"
    assert plan["enter"]["action"] == "reuse"
    happens(plan, run_draft(parameters={"fraction": "0.8"}))
    refused = api("post", "plan", {"parameters": {"fractoin": 1}}, expect=400)
    assert "fraction" in refused["error"]["hint"]


def test_forcing_and_setting_a_node_to_run_anew_are_reasons(
    api: Any, run_draft: Any, change: Any, draft: Any
) -> None:
    run_draft()
    forced = planned(api, force_rerun=True)
    assert forced["enter"]["reason"] == "everything is to run anew"
    happens(forced, run_draft(force_rerun=True))

    def anew(graph: dict[str, Any]) -> None:
        node_of(graph, "split")["forceRerun"] = True

    change(draft, anew)
    plan = planned(api)
    assert plan["split"]["reason"] == "it is set to run anew each time"
    assert (plan["enter"]["action"], plan["learner"]["action"]) == ("reuse", "reuse")


def test_a_plan_tells_how_long_it_takes_from_earlier_runs(api: Any, run_draft: Any) -> None:
    first = api("post", "plan", {})
    assert (first["seconds"], first["unknown"], first["run"]) == (None, 6, 6)
    run = run_draft()
    plan = api("post", "plan", {"force_rerun": True})
    times = {child.step: child.seconds for child in run.children.all()}
    for step in plan["steps"]:
        assert step["seconds"] == pytest.approx(times[step["id"]], abs=0.002)
    # One slot or more: never longer than one after the other, never shorter than the longest way.
    way = sum(times[name] for name in ("enter", "split", "train", "score", "evaluate"))
    assert way - 0.01 <= plan["seconds"] <= sum(times.values()) + 0.01
    reused = api("post", "plan", {})
    assert (reused["reuse"], reused["run"], reused["seconds"]) == (6, 0, 0)
    assert {step["compute"] for step in plan["steps"]} == {"local"}


def test_a_broken_draft_is_planned_with_its_problems(api: Any, change: Any, draft: Any) -> None:
    def loose(graph: dict[str, Any]) -> None:
        graph["edges"] = [one for one in graph["edges"] if one["target"] != "evaluate"]

    change(draft, loose)
    plan = api("post", "plan", {})
    assert [problem["node"] for problem in plan["problems"]] == ["evaluate"]
    assert {step["action"] for step in plan["steps"]} == {"unknown"}
    api("post", "submit", {}, expect=400)


def test_a_draft_of_a_module_that_is_gone_is_planned_with_its_problem(
    api: Any, change: Any, draft: Any
) -> None:
    change(draft, lambda graph: node_of(graph, "learner").update(component="linear_regresion"))
    plan = api("post", "plan", {})
    assert plan["steps"] == [] and plan["problems"][0]["node"] == "learner"
    assert "linear_regression" in plan["problems"][0]["hint"]
    api("post", "plan", {"mode": "to", "nodes": ["gone"]}, 404)


def test_a_column_that_no_table_has_is_told_before_anything_runs(
    api: Any, run_draft: Any, change: Any, draft: Any
) -> None:
    def misspell(graph: dict[str, Any]) -> None:
        node_of(graph, "train")["params"]["label"]["rules"][0]["value"] = ["yy"]

    change(draft, misspell)
    [problem] = api("post", "plan", {})["problems"]
    assert (problem["code"], problem["node"], problem["severity"]) == (
        "column_not_found", "train", "warning",
    )  # fmt: skip


def test_a_disabled_node_is_left_out_with_its_reason(
    api: Any, run_draft: Any, change: Any, draft: Any
) -> None:
    def off(graph: dict[str, Any]) -> None:
        node_of(graph, "evaluate")["disabled"] = True

    change(draft, off)
    plan = planned(api)
    assert (plan["evaluate"]["action"], plan["evaluate"]["reason"]) == ("skip", "disabled")
    happens(plan, run_draft())
