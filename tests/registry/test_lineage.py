"""Lineage runs both ways: data version to job to model, and what depends on a version is known."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from officina.errors import StudioError
from registry import lineage
from registry import services as registry
from studio.runs.models import Experiment, LineageEdge, Run


@pytest.fixture
def chain(add: Any, lab: Any, cast: Any) -> tuple[Any, Run, Any]:
    """A data version that went into a run that made a model that went into a second run."""
    data = add("data", "sales", {"a.csv": b"1"})
    model = add("model", "churn", {"m.pkl": b"1"})
    experiment = Experiment.objects.create(workspace=lab, name="Default")
    runs = [
        Run.objects.create(
            workspace=lab, experiment=experiment, name=f"run-{n}", kind="command", document={},
            owner=cast.owner, status=status,
        )
        for n, status in ((1, "Completed"), (2, "Running"))
    ]  # fmt: skip
    ends = [data.end, f"run/{runs[0].guid}", model.end, f"run/{runs[1].guid}"]
    for source, target in itertools.pairwise(ends):
        LineageEdge.objects.create(workspace=lab, source=source, target=target)
    return data, runs[0], model


def test_from_the_data_one_sees_the_model_and_back(chain: Any, lab: Any) -> None:
    data, run, model = chain
    for start in (data.end, model.end):
        graph = lineage.graph(lab, start)
        assert {data.end, f"run/{run.guid}", model.end} <= {node["id"] for node in graph["nodes"]}
        assert len(graph["edges"]) == 3
        assert not graph["cut"]


def test_a_version_made_by_hand_of_a_runs_files_leads_back_to_the_run(
    chain: Any, lab: Any, cast: Any, add: Any
) -> None:
    _, run, model = chain
    api, client = "/api/v1/workspaces/{}/models", cast.client("owner")
    body = {"name": "by-hand", "tree": f"tree:{model.tree}", "run": run.guid}
    made = client.post(api.format("lab"), body, format="json")
    assert made.json()["run_guid"] == run.guid, made.content
    found = lineage.graph(lab, "model/by-hand/1")
    assert {"data/sales/1", f"run/{run.guid}"} <= {node["id"] for node in found["nodes"]}
    # Nobody gives a version a history that is not there, or that of another workspace.
    away = Run.objects.create(
        workspace=cast.elsewhere, name="away", kind="command", document={}, owner=cast.owner,
        experiment=Experiment.objects.create(workspace=cast.elsewhere, name="Default"),
    )  # fmt: skip
    for guid in ("0" * 32, "../x", away.guid):
        refused = client.post(api.format("lab"), {**body, "run": guid}, format="json")
        assert (refused.status_code, refused.json()["error"]["where"]) == (404, "run")


def test_another_branch_of_an_ancestor_is_not_shown(chain: Any, lab: Any, add: Any) -> None:
    _, run, model = chain
    sibling = add("model", "sibling")
    LineageEdge.objects.create(workspace=lab, source=f"run/{run.guid}", target=sibling.end)
    ends = {node["id"] for node in lineage.graph(lab, model.end)["nodes"]}
    assert sibling.end not in ends


def test_a_circle_ends(chain: Any, lab: Any) -> None:
    data, _, model = chain
    LineageEdge.objects.create(workspace=lab, source=model.end, target=data.end)
    assert len(lineage.graph(lab, data.end)["nodes"]) == 4


def test_a_very_large_graph_is_cut(chain: Any, lab: Any) -> None:
    data = chain[0]
    LineageEdge.objects.bulk_create(
        LineageEdge(workspace=lab, source=data.end, target=f"run/{n:032x}") for n in range(300)
    )
    graph = lineage.graph(lab, data.end, most=50)
    assert graph["cut"]
    assert len(graph["nodes"]) == 50


def test_another_workspaces_edges_stay_there(chain: Any, cast: Any) -> None:
    assert len(lineage.graph(cast.elsewhere, chain[0].end)["nodes"]) == 1


def test_a_run_that_has_not_ended_keeps_its_model(chain: Any) -> None:
    data, _, model = chain
    assert [each["blocks"] for each in registry.dependents(data)] == [False]
    assert [each["blocks"] for each in registry.dependents(model)] == [True]
    registry.delete(data, confirm=True)
    with pytest.raises(StudioError, match="in use: run"):
        registry.delete(model, confirm=True)


def test_used_by_names_the_runs(chain: Any) -> None:
    used = lineage.users_of(chain[0])
    assert [each["label"] for each in used] == ["run-1"]


def node(lab: Any, start: str, end: str) -> dict[str, Any]:
    return next(each for each in lineage.graph(lab, start)["nodes"] if each["id"] == end)


def test_a_node_tells_what_became_of_it(chain: Any, lab: Any, cast: Any) -> None:
    data, run, model = chain
    assert node(lab, data.end, model.end)["sub"] == "model version 1"
    registry.archive(workspace=lab, kind="model", name="churn", user=cast.owner)
    assert node(lab, data.end, model.end)["sub"] == "model version 1 · archived"
    registry.restore(workspace=lab, kind="model", name="churn", user=cast.owner)
    registry.update(model, stage="Staging", user=cast.owner)
    found = node(lab, data.end, model.end)
    assert found["sub"] == "model version 1 · Staging"
    assert found["url"].endswith("/models/churn/?version=1")
    registry.delete(model, confirm=True, force=True, user=cast.owner)
    found = node(lab, data.end, model.end)
    assert (found["sub"], found["url"]) == ("model version 1 · deleted", "")
    Run.objects.filter(pk=run.pk).update(deleted=model.created)
    found = node(lab, data.end, f"run/{run.guid}")
    assert (found["label"], found["url"]) == ("a deleted run", "")


def test_lineage_follows_a_name_that_changes_and_no_other(chain: Any, lab: Any, add: Any) -> None:
    data, run, _ = chain
    other = add("model", "Churn")
    LineageEdge.objects.create(workspace=lab, source=f"run/{run.guid}", target=other.end)
    registry.rename(workspace=lab, kind="model", name="churn", new_name="leavers")
    ends = {each["id"]: each for each in lineage.graph(lab, data.end)["nodes"]}
    assert {"model/leavers/1", "model/Churn/1"} <= set(ends)
    assert "model/churn/1" not in ends
    assert len(lineage.graph(lab, "model/leavers/1")["nodes"]) == 4
