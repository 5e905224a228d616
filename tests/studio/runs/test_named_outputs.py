"""An output that its job names becomes a version, with lineage; one that cannot be leaves the run whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from officina.errors import StudioError
from registry import services as registry
from registry.datastores import addresses
from registry.models import Datastore
from studio.runs.models import LineageEdge, Run
from studio.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def written(
    command: Callable[..., dict[str, Any]], submit: Callable[..., Run], work: Callable[[], None]
) -> Callable[..., Run]:
    """Run a job whose output `clean` asks to be registered."""

    def go(**asked: str) -> Run:
        output = {"jobOutputType": "uri_folder", "mode": "rw_mount", **asked}
        text = "echo hi > ${{outputs.clean}}/a.txt"
        run = submit(command(text, outputs={"clean": output}))
        work()
        run.refresh_from_db()
        return run

    return go


def test_a_named_output_is_the_next_version(
    workspace: Workspace, written: Callable[..., Run]
) -> None:
    first, second = written(assetName="orders"), written(assetName="orders")
    assert (first.status, second.status) == ("Completed", "Completed"), first.error
    rows = registry.versions(workspace=workspace, kind="data", name="orders")
    assert [(row.version, row.run_guid) for row in rows] == [("2", second.guid), ("1", first.guid)]
    edge = LineageEdge.objects.get(source=f"run/{second.guid}", target="data/orders/2")
    assert edge.label == "clean"


def test_a_version_that_is_taken_leaves_the_run_completed_and_says_so(
    workspace: Workspace, written: Callable[..., Run]
) -> None:
    written(assetName="orders", assetVersion="7")
    run = written(assetName="orders", assetVersion="7")
    assert run.status == "Completed", run.error
    assert "not registered" in run.reason
    rows = registry.versions(workspace=workspace, kind="data", name="orders")
    assert [row.version for row in rows] == ["7"]


def test_a_model_output_is_a_model(workspace: Workspace, written: Callable[..., Run]) -> None:
    run = written(assetName="churn", jobOutputType="custom_model")
    found = registry.find(workspace=workspace, kind="model", name="churn", label="latest")
    assert found.run_guid == run.guid


def test_an_output_with_an_address_is_written_there_and_registered_as_it(
    workspace: Workspace, written: Callable[..., Run]
) -> None:
    registry.create_default_datastores(workspace)
    place = "azureml://datastores/${{default_datastore}}/paths/kept/${{name}}/${{output_name}}"
    run = written(assetName="orders", uri=place)
    assert run.status == "Completed", run.error
    address = f"azureml://datastores/workspaceblobstore/paths/kept/{run.name}/clean"
    assert run.outputs["clean"]["address"] == address
    found = registry.find(workspace=workspace, kind="data", name="orders", label="latest")
    assert (found.document["dataUri"], found.tree) == (address, run.outputs["clean"]["uri"][5:])
    again = addresses.tree_at(workspace=workspace, uri=address, user=None)
    assert again.digest == found.tree


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("azureml://datastores/nowhere/paths/x", "There is no datastore 'nowhere'"),
        ("azureml://datastores/workspaceblobstore/paths/trees/x", "The studio itself names"),
        ("azureml://datastores/shop/paths/x", "Nothing can be written to the datastore shop"),
    ],
)
def test_an_output_that_could_not_be_written_is_refused_before_anything_runs(
    workspace: Workspace, written: Callable[..., Run], uri: str, says: str
) -> None:
    registry.create_default_datastores(workspace)
    Datastore.objects.create(workspace=workspace, name="shop", kind="postgresql", config={})
    with pytest.raises(StudioError) as told:
        written(uri=uri)
    assert says in told.value.message
    assert told.value.where == "outputs.clean"
