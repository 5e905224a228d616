"""An archived run leaves the lists of page, API and command, is found when asked for, and comes back."""

from __future__ import annotations

from typing import Any

import pytest

from studio.runs import services
from studio.runs.models import Experiment, Run
from studio.workspaces.models import AuditEntry

BASE = "/api/v1/workspaces/lab/runs"


@pytest.fixture
def runs(cast: Any) -> list[Run]:
    """Three ended runs of `lab`: a, b and c."""
    experiment = Experiment.objects.create(workspace=cast.lab, name="Default")
    return [
        Run.objects.create(
            workspace=cast.lab, experiment=experiment, name=name, kind="command",
            owner=cast.owner, status="Completed",
        )
        for name in "abc"
    ]  # fmt: skip


def names(answer: Any) -> list[str]:
    return sorted(row["name"] for row in answer.json()["items"])


def test_lists_show_it_only_when_asked_to(runs: list[Run], cast: Any) -> None:
    services.archive(run=runs[1], user=cast.owner)
    client = cast.client("reader")
    for which, expected in (("", "ac"), ("active", "ac"), ("archived", "b"), ("all", "abc")):
        assert names(client.get(BASE, {"archived": which} if which else {})) == list(expected)
        page = client.get("/w/lab/runs/", {"archived": which}).content.decode()
        shown = [run.name for run in runs if f"/w/lab/runs/{run.guid}/" in page]
        assert shown == list(expected), which
    assert client.get(BASE, {"archived": "maybe"}).status_code == 400


def test_it_is_found_by_name_and_comes_back(runs: list[Run], cast: Any) -> None:
    client = cast.client("contributor")
    assert client.patch(f"{BASE}/b", {"archived": True}, format="json").json()["archived"] is True
    assert client.get(f"{BASE}/b").json()["archived"] is True
    assert client.patch(f"{BASE}/b", {"archived": False}, format="json").json()["archived"] is False
    assert names(client.get(BASE)) == ["a", "b", "c"]
    actions = AuditEntry.objects.filter(target=f"run/{runs[1].guid}").values_list(
        "action", flat=True
    )
    assert sorted(actions) == ["runs.archive", "runs.restore"]


def test_only_those_who_may_edit_archive_from_the_page(runs: list[Run], cast: Any) -> None:
    address = f"/w/lab/runs/{runs[0].guid}/archive/"
    assert cast.client("reader").post(address).status_code == 403
    assert cast.client("outsider").post(address).status_code == 404
    assert cast.client("contributor").post(address).status_code == 302
    assert Run.objects.get(pk=runs[0].pk).archived
    page = cast.client("contributor").get(f"/w/lab/runs/{runs[0].guid}/").content.decode()
    assert "Restore" in page and ">Archived<" in page
    cast.client("contributor").post(address, {"restore": "1"}, format="multipart")
    assert not Run.objects.get(pk=runs[0].pk).archived
