"""A version shared with another workspace is read there, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from officina.errors import StudioError
from registry import services as registry
from studio.workspaces.models import AuditEntry, Workspace


def found_in(workspace: Workspace, address: str) -> str:
    return str(registry.find(workspace=workspace, kind="model", name=address))


def test_a_shared_version_is_found_by_its_address(add: Any, cast: Any) -> None:
    row = add("model", "churn", {"m.pkl": b"weights"})
    address = "azureml://workspaces/lab/models/churn/versions/1"
    assert row.shared_reference == address
    with pytest.raises(StudioError, match="is shared with this workspace"):
        found_in(cast.elsewhere, address)
    registry.share(row, cast.elsewhere, user=cast.owner)
    assert found_in(cast.elsewhere, address) == "churn:1"
    assert registry.open_tree(workspace=cast.elsewhere, digest=row.tree).files
    assert AuditEntry.objects.filter(action="registry.share").count() == 2


def test_a_third_workspace_sees_nothing_of_it(add: Any, cast: Any) -> None:
    row = add("model", "churn", {"m.pkl": b"weights"})
    registry.share(row, cast.elsewhere)
    third = Workspace.objects.create(name="third")
    with pytest.raises(StudioError):
        found_in(third, row.shared_reference)
    with pytest.raises(StudioError):
        registry.open_tree(workspace=third, digest=row.tree)


def test_taking_the_share_back_closes_it(add: Any, cast: Any, lab: Any) -> None:
    row = add("model", "churn", {"m.pkl": b"weights"})
    registry.share(row, cast.elsewhere)
    registry.unshare(row, cast.elsewhere)
    with pytest.raises(StudioError):
        found_in(cast.elsewhere, row.shared_reference)
    with pytest.raises(StudioError):
        registry.open_tree(workspace=cast.elsewhere, digest=row.tree)
    assert registry.open_tree(workspace=lab, digest=row.tree).files


def test_a_share_opens_one_version_only(add: Any, cast: Any) -> None:
    add("model", "churn", {"m.pkl": b"secret"})
    row = add("model", "churn", {"m.pkl": b"weights"})
    registry.share(row, cast.elsewhere)
    assert found_in(cast.elsewhere, "azureml://workspaces/lab/models/churn") == "churn:2"
    with pytest.raises(StudioError):
        found_in(cast.elsewhere, "azureml://workspaces/lab/models/churn/versions/1")


def test_a_job_of_the_other_workspace_reads_it(add: Any, cast: Any) -> None:
    from studio.runs.services.creating import settle

    row = add("data", "sales", {"a.csv": b"1"})
    shared = "azureml://workspaces/lab/data/sales/versions/1"

    def document() -> dict[str, Any]:
        given = {"jobInputType": "uri_folder", "uri": shared}
        return {"jobType": "Command", "command": "ls", "inputs": {"d": given}}

    with pytest.raises(StudioError, match="is shared with this workspace"):
        settle(cast.elsewhere, document())
    registry.share(row, cast.elsewhere)
    settled = document()
    settle(cast.elsewhere, settled)
    assert settled["inputs"]["d"]["uri"] == f"tree:{row.tree}"
    assert settled["inputs"]["d"]["asset"] == shared
