"""A pipeline moves on by itself, reuses what it knows and says how it ended."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from officina.documents import load_job
from registry import services as registry
from registry.datastores import addresses
from studio.compute.models import Node
from studio.runs import services
from studio.runs.models import LineageEdge, Run, new_guid
from studio.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)

PIPELINE = """
type: pipeline
inputs: {n: 1, other: 5}
outputs: {final: {type: uri_folder}}
jobs:
  first:
    type: command
    environment: azureml:minimal@latest
    command: echo ${{inputs.n}} > ${{outputs.o}}/a.txt
    inputs: {n: "${{parent.inputs.n}}"}
    outputs: {o: {type: uri_folder}}
  second:
    type: command
    environment: azureml:minimal@latest
    command: cat ${{inputs.d}}/a.txt > ${{outputs.o}}/b.txt; echo ${{inputs.k}}
    inputs: {d: "${{parent.jobs.first.outputs.o}}", k: "${{parent.inputs.other}}"}
    outputs: {o: "${{parent.outputs.final}}"}
"""


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "pipeline.yml"
    path.write_text(PIPELINE)
    return load_job(path).document


def steps(run: Run) -> dict[str, tuple[str, bool]]:
    return {c.step: (c.status, c.is_reused) for c in run.children.order_by("pk")}


def test_steps_run_in_order_and_the_outputs_are_bound(
    submit: Callable[..., Run], document: dict[str, Any], work: Callable[[], None]
) -> None:
    run = submit(document)
    work()
    run.refresh_from_db()
    assert run.status == "Completed", run.error
    assert steps(run) == {"first": ("Completed", False), "second": ("Completed", False)}
    assert run.outputs["final"]["uri"] == run.children.get(step="second").outputs["o"]["uri"]
    assert LineageEdge.objects.filter(
        source=f"run/{run.children.get(step='first').guid}",
        target=f"run/{run.children.get(step='second').guid}",
    ).exists()


def test_the_same_again_is_reused_and_a_change_reruns_only_what_depends_on_it(
    submit: Callable[..., Run], document: dict[str, Any], work: Callable[[], None], user: Any
) -> None:
    first = submit(document)
    work()
    again = services.rerun(run=first, user=user)
    work()
    assert steps(again) == {"first": ("Completed", True), "second": ("Completed", True)}
    other = services.rerun(run=first, user=user, inputs={"other": 6})
    work()
    assert steps(other) == {"first": ("Completed", True), "second": ("Completed", False)}
    both = services.rerun(run=first, user=user, inputs={"n": 2})
    work()
    assert steps(both) == {"first": ("Completed", False), "second": ("Completed", False)}
    forced = services.rerun(run=first, user=user, force=True)
    work()
    assert steps(forced) == {"first": ("Completed", False), "second": ("Completed", False)}


def test_a_step_is_reused_only_where_its_output_has_been_written_to_the_address_asked_for(
    submit: Callable[..., Run],
    document: dict[str, Any],
    work: Callable[[], None],
    workspace: Workspace,
) -> None:
    registry.create_default_datastores(workspace)
    place = "azureml://datastores/workspaceblobstore/paths/"

    def run_into(path: str) -> tuple[Run, str]:
        asked = copy.deepcopy(document)
        asked["outputs"]["final"]["uri"] = place + path
        run = submit(asked)
        work()
        run.refresh_from_db()
        assert run.status == "Completed", run.error
        return run, run.children.get(step="second").outputs["o"]["address"]

    run, address = run_into("${{name}}/a")
    named = place + f"{run.name}.second/a"
    assert (address, steps(run)["second"]) == (named, ("Completed", False))
    assert addresses.tree_at(workspace=workspace, uri=named, user=None).files.keys() == {"b.txt"}
    again, address = run_into("${{name}}/a")
    assert (address, steps(again)["second"]) == (named, ("Completed", True))
    other, address = run_into("other")
    assert (address, steps(other)["second"]) == (place + "other", ("Completed", False))
    assert steps(other)["first"] == ("Completed", True)


def test_a_failed_step_fails_the_pipeline_and_names_itself(
    submit: Callable[..., Run], document: dict[str, Any], work: Callable[[], None]
) -> None:
    document["jobs"]["first"]["component"]["command"] = "exit 7"
    run = submit(document)
    work()
    run.refresh_from_db()
    assert run.status == "Failed"
    assert "first" in run.error["message"]
    assert steps(run) == {"first": ("Failed", False)}


def test_advancing_twice_changes_nothing(
    submit: Callable[..., Run], document: dict[str, Any], work: Callable[[], None]
) -> None:
    run = submit(document)
    services.advance(run_id=run.pk)
    work()
    services.advance(run_id=run.pk)
    assert run.children.count() == 2


def test_a_canceled_pipeline_cancels_what_waits(
    submit: Callable[..., Run], document: dict[str, Any], messages: Any, user: Any
) -> None:
    Node.objects.all().delete()
    run = submit(document)
    run.refresh_from_db()
    services.cancel_run(run=run, user=user)
    run.refresh_from_db()
    assert run.status == "Canceled"
    assert steps(run) == {"first": ("Canceled", False)}


def test_a_step_that_begins_while_its_pipeline_is_canceled_is_canceled_too(
    submit: Callable[..., Run], document: dict[str, Any], messages: Any, user: Any
) -> None:
    Node.objects.all().delete()
    run = submit(document)
    run.refresh_from_db()
    late: list[Run] = []

    def begin_another(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        # What `advance` in another process has committed when the pipeline's row becomes ours.
        if not late and sql.startswith("UPDATE") and {run.pk, "CancelRequested"} <= set(params):
            late.append(copy.copy(run.children.get(step="first")))
            late[0].pk, late[0].guid, late[0].step, late[0].name = None, new_guid(), "late", "late"
            late[0].status = "Queued"
            late[0].save()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(begin_another):
        services.cancel_run(run=run, user=user)
    run.refresh_from_db()
    assert (run.status, late[0].step) == ("Canceled", "late")
    assert steps(run) == {"first": ("Canceled", False), "late": ("Canceled", False)}


def test_a_reused_chain_is_written_in_one_turn_with_its_labels_and_lineage(
    submit: Callable[..., Run], document: dict[str, Any], work: Callable[[], None], user: Any
) -> None:
    from registry.models import StoredTree
    from studio.workspaces.models import Event

    first = submit(document)
    work()
    tree = first.children.get(step="second").outputs["o"]["uri"].removeprefix("tree:")
    held = StoredTree.objects.get(digest=tree).references
    again = services.rerun(run=first, user=user)
    again.refresh_from_db()
    assert again.status == "Completed", "reuse needs no worker"
    child = again.children.get(step="second")
    assert child.reused_from == first.children.get(step="second")
    assert child.ended is not None
    assert child.labels.filter(kind="param", key="k", value="5").exists()
    source = again.children.get(step="first")
    assert LineageEdge.objects.filter(
        source=f"run/{source.guid}", target=f"run/{child.guid}"
    ).exists()
    # The step holds the tree, and so does the pipeline that is bound to it.
    assert StoredTree.objects.get(digest=tree).references == held + 2
    assert Event.objects.filter(subject=f"run/{child.guid}", type="RunStatusChanged").count() == 1
