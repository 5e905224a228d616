"""Versions never change and come back as an edit; a comment that names someone tells them."""

from __future__ import annotations

from typing import Any

import pytest

from designer.services import drafts, versions
from studio.workspaces.models import Event
from tests.designer.test_drafts_over_http import BASE, GRAPH, node

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(cast: Any) -> Any:
    return drafts.create_draft(workspace=cast.lab, user=cast.owner, name="Churn", graph=GRAPH)


def changed(graph: dict[str, Any]) -> dict[str, Any]:
    split = {**node("split", fraction=0.9), "position": {"x": 500, "y": 0}}
    return {**graph, "nodes": [graph["nodes"][0], split, node("extra")], "edges": []}


def test_a_version_is_restored_as_one_more_edit(cast: Any, draft: Any) -> None:
    client = cast.client("contributor")
    url = f"{BASE}/pipelines/{draft.guid}"
    made = client.post(f"{url}/versions", {"name": "Before", "note": "as agreed"})
    assert made.status_code == 201
    assert (made.json()["number"], made.json()["author"]["name"]) == (1, "Carl")
    drafts.save_draft(pipeline=draft, user=cast.owner, graph=changed(GRAPH))
    back = client.post(f"{url}/versions/1/restore").json()
    assert back["graph"] == GRAPH
    assert back["revision"] == 3
    assert back["modified_by"]["name"] == "Carl"
    assert client.get(f"{url}/versions/1").json()["graph"] == GRAPH
    assert client.get(f"{url}/versions").json()["total"] == 1
    assert client.get(f"{url}/versions/7").status_code == 404


def test_a_diff_tells_what_changed_and_not_what_moved(cast: Any, draft: Any) -> None:
    versions.create_version(pipeline=draft, user=cast.owner)
    drafts.save_draft(pipeline=draft, user=cast.owner, graph=changed(GRAPH))
    url = f"{BASE}/pipelines/{draft.guid}/diff"
    found = cast.client("reader").get(f"{url}?a=1&b=draft").json()
    assert [each["id"] for each in found["added"]] == ["extra"]
    assert found["removed"] == []
    assert [(c["id"], c["param"], c["before"], c["after"]) for c in found["changed"]] == [
        ("split", "fraction", 0.7, 0.9)
    ]
    assert len(found["edges_removed"]) == 1
    assert cast.client("reader").get(f"{url}?a=1&b=x").status_code == 400


def test_the_history_says_who_changed_what(cast: Any, draft: Any) -> None:
    drafts.save_draft(pipeline=draft, user=cast.contributor, graph=changed(GRAPH))
    lines = cast.client("reader").get(f"{BASE}/pipelines/{draft.guid}/history").json()["items"]
    assert lines[0]["by"]["name"] == "Carl"
    told = {(c["what"], c["id"], c["action"]) for c in lines[0]["changes"]}
    assert told == {
        ("nodes", "split", "changed"),
        ("nodes", "extra", "added"),
        ("edges", "split:dataset", "removed"),
    }


def test_a_comment_tells_the_members_it_names(cast: Any, draft: Any) -> None:
    client = cast.client("contributor")
    url = f"{BASE}/pipelines/{draft.guid}/comments"
    text = "@olga and @rita@example.org: is 0.7 right? Not for @otto."
    made = client.post(url, {"node": "split", "text": text})
    assert made.status_code == 201
    told = Event.objects.filter(type="PipelineCommentMention")
    assert {event.data["user"] for event in told} == {"olga@example.org", "rita@example.org"}
    assert client.post(url, {"node": "gone", "text": "?"}).status_code == 404
    assert client.get(f"{url}?node=split").json()["items"][0]["text"] == text
    settled = client.patch(f"{url}/{made.json()['id']}", {"resolved": True}).json()
    assert settled["resolved"]
    assert settled["resolved_by"]["name"] == "Carl"
    assert cast.client("reader").post(url, {"text": "no"}).status_code == 403
