"""A training pipeline becomes one that answers requests, in one step."""

from __future__ import annotations

from typing import Any

import pytest

from designer.models import Pipeline
from studio.compute import services as computes
from studio.runs import outputs
from studio.runs.models import Run
from tests.designer.runs.conftest import edge, node, node_of, steps

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cleaned(change: Any, draft: Pipeline) -> Pipeline:
    """Give the draft a step that learns something of the data, and one that only training needs."""

    def grow(graph: dict[str, Any]) -> None:
        graph["nodes"].append(node("clean", "clean_missing_data", mode="mean"))
        graph["edges"] = [e for e in graph["edges"] if e["id"] != "split:dataset"]
        graph["edges"] += [
            edge("enter.dataset", "clean.dataset"),
            edge("clean.cleaned", "split.dataset"),
        ]

    change(draft, grow)
    return draft


def test_training_collapses_to_what_it_made(
    api: Any, cleaned: Any, run_draft: Any, work: Any
) -> None:
    assert "Run the pipeline first" in api("post", "inference", {}, 409)["error"]["hint"]
    assert run_draft().status == "Completed"
    made = api("post", "inference", {}, 201)
    kinds = {n["id"]: n["component"] for n in made["graph"]["nodes"]}
    assert sorted(kinds.values()) == [
        "apply_transformation", "enter_data_manually", "saved_model", "saved_transform",
        "score_model", "web_service_input", "web_service_output",
    ]  # fmt: skip
    wires = {(e["source"], e["target"]) for e in made["graph"]["edges"]}
    assert ("web_service_input", "apply_clean") in wires
    assert ("apply_clean", "score") in wires and ("score", "web_service_output") in wires
    assert made["graph"]["parameters"] == {}

    computes.beat_node()
    sent = api("post", f"/pipelines/{made['guid']}/submit", {}, 201)
    work()
    run = Run.objects.get(guid=sent["guid"])
    assert run.status == "Completed", [(c.step, c.error) for c in run.children.all() if c.error]
    assert outputs.sizes_of(run.children.get(step="score"))["scored"] == {"rows": 200, "columns": 4}
    assert steps(run)["web_service_output"] == ("Completed", False)
    again = api("post", "inference", {}, 201)
    assets = [n["params"] for n in again["graph"]["nodes"] if n["component"] == "saved_model"]
    assert assets[0]["asset"].endswith(":1"), "the same bytes are not registered twice"


def test_it_is_said_what_is_missing(api: Any, change: Any, draft: Any) -> None:
    def second(graph: dict[str, Any]) -> None:
        graph["nodes"].append(node("score_2", "score_model"))

    change(draft, second)
    assert "score_2" in api("post", "inference", {}, 409)["error"]["hint"]
    change(draft, lambda graph: graph.update(nodes=[node_of(graph, "enter")], edges=[]))
    assert "No node scores" in api("post", "inference", {}, 409)["error"]["message"]
