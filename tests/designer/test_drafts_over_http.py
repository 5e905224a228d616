"""A draft is made, saved, found, put away and brought back over HTTP; a stale save changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from designer import journal
from designer.models import Pipeline
from designer.services import drafts
from designer.ydoc import root

BASE = "/api/v1/workspaces/lab"

pytestmark = pytest.mark.django_db


def node(id: str, component: str = "split_data", **params: Any) -> dict[str, Any]:
    place = {"x": 10, "y": 20.5}
    return {
        "id": id,
        "component": component,
        "version": "1",
        "params": params,
        "position": place,
    }


def edge(source: str, port: str, target: str, into: str) -> dict[str, Any]:
    return {
        "id": f"{target}:{into}",
        "source": source,
        "sourceHandle": port,
        "target": target,
        "targetHandle": into,
    }


GRAPH: dict[str, Any] = {
    "schema": 1,
    "nodes": [
        node("enter", "enter_data_manually", data_format="csv", data="a,b\n1,2\n"),
        node("split", fraction=0.7),
    ],
    "edges": [edge("enter", "dataset", "split", "dataset")],
    "parameters": {"share": {"type": "number", "default": 0.5}},
    "notes": [
        {"id": "n1", "text": "Why", "position": {"x": 0, "y": 0}, "width": 200, "height": 80}
    ],
    "groups": [{"id": "g1", "label": "Prepare", "collapsed": True}],
    "settings": {"experiment": "churn"},
}


def made(client: Any, **body: Any) -> dict[str, Any]:
    response = client.post(f"{BASE}/pipelines", {"name": "Churn", **body})
    assert response.status_code == 201, response.content
    return dict(response.json())


def test_a_new_draft_holds_the_graph_it_was_given(cast: Any) -> None:
    draft = made(cast.client("contributor"), graph=GRAPH)
    assert draft["graph"] == GRAPH
    assert draft["revision"] == 1
    assert draft["modified_by"]["name"] == "Carl"
    assert draft["last_run"] is None


def test_a_sample_becomes_a_draft(cast: Any) -> None:
    draft = made(cast.client("owner"), from_sample="diabetes-graph")
    assert len(draft["graph"]["nodes"]) == 7


def test_a_save_on_top_of_an_old_revision_is_a_conflict(cast: Any) -> None:
    client = cast.client("contributor")
    draft = made(client, graph=GRAPH)
    url = f"{BASE}/pipelines/{draft['guid']}/draft"
    changed = {**GRAPH, "settings": {"experiment": "other"}}
    first = client.put(url, {"graph": changed, "revision": draft["revision"]})
    assert first.status_code == 200
    assert first.json()["graph"] == changed
    stale = client.put(url, {"graph": GRAPH, "revision": draft["revision"]})
    assert stale.status_code == 409
    assert "revision" in stale.json()["error"]["message"]
    kept = client.get(f"{BASE}/pipelines/{draft['guid']}").json()
    assert (kept["graph"], kept["revision"]) == (changed, first.json()["revision"])


def test_saving_what_is_there_already_makes_no_edit(cast: Any) -> None:
    client = cast.client("owner")
    draft = made(client, graph=GRAPH)
    url = f"{BASE}/pipelines/{draft['guid']}/draft"
    again = client.put(url, {"graph": GRAPH, "revision": draft["revision"]})
    assert again.json()["revision"] == draft["revision"]


def test_the_graph_is_current_even_if_nobody_wrote_it_down(cast: Any) -> None:
    client = cast.client("owner")
    draft = made(client, graph=GRAPH)
    pipeline = Pipeline.objects.get(guid=draft["guid"])
    doc = journal.document(pipeline)

    def move(held: Any) -> None:
        root(held, "nodes")["split"]["x"] = 99

    update, summary = journal.recorded(doc, move)
    assert update
    journal.append(pipeline.pk, [journal.Edit(update, cast.owner.pk, summary)])
    kept = client.get(f"{BASE}/pipelines/{draft['guid']}").json()
    places = {each["id"]: each["position"]["x"] for each in kept["graph"]["nodes"]}
    assert places["split"] == 99
    assert kept["revision"] == draft["revision"] + 1


def test_a_long_log_is_folded_and_the_history_stays(cast: Any) -> None:
    pipeline = drafts.create_draft(workspace=cast.lab, user=cast.owner, name="Long", graph=GRAPH)
    for number in range(journal.FOLD_AFTER + 20):
        graph = {**GRAPH, "settings": {"experiment": f"run-{number}"}}
        pipeline = drafts.save_draft(pipeline=pipeline, user=cast.owner, graph=graph)
    assert pipeline.state_seq >= journal.FOLD_AFTER
    assert pipeline.updates.exclude(update=b"").count() < journal.FOLD_AFTER
    assert pipeline.graph["settings"] == {"experiment": f"run-{number}"}
    page = cast.client("reader").get(f"{BASE}/pipelines/{pipeline.guid}/history").json()
    oldest = page["items"][-1]
    assert oldest["by"]["name"] == "Olga"
    assert {"what": "nodes", "id": "split", "action": "added", "fields": []} in oldest["changes"]


def test_a_deleted_draft_is_archived_and_comes_back_as_it_was(cast: Any) -> None:
    client = cast.client("contributor")
    guid = made(client, graph=GRAPH)["guid"]
    assert client.delete(f"{BASE}/pipelines/{guid}").status_code == 204
    assert client.get(f"{BASE}/pipelines/{guid}").status_code == 404
    assert client.get(f"{BASE}/pipelines").json()["total"] == 0
    archived = client.get(f"{BASE}/pipelines?archived=true").json()["items"]
    assert [each["guid"] for each in archived] == [guid]
    assert client.post(f"{BASE}/pipelines/{guid}/undelete").json()["graph"] == GRAPH
    assert client.get(f"{BASE}/pipelines?q=chur").json()["total"] == 1


def test_a_draft_is_renamed(cast: Any) -> None:
    client = cast.client("owner")
    guid = made(client)["guid"]
    body = client.patch(f"{BASE}/pipelines/{guid}", {"name": "Better", "description": "so"}).json()
    assert (body["name"], body["description"]) == ("Better", "so")
    assert client.patch(f"{BASE}/pipelines/{guid}", {"name": " "}).status_code == 400


def test_a_reader_looks_and_an_outsider_sees_nothing(cast: Any) -> None:
    guid = made(cast.client("owner"), graph=GRAPH)["guid"]
    url = f"{BASE}/pipelines/{guid}"
    reader, outsider = cast.client("reader"), cast.client("outsider")
    assert reader.get(url).json()["graph"] == GRAPH
    for response in (
        reader.put(f"{url}/draft", {"graph": GRAPH, "revision": 1}),
        reader.patch(url, {"name": "x"}),
        reader.delete(url),
        reader.post(f"{BASE}/pipelines", {"name": "x"}),
    ):
        assert response.status_code == 403
        assert "designer.write" in response.json()["error"]["message"]
    assert outsider.get(url).status_code == 404
    assert outsider.get(f"/api/v1/workspaces/elsewhere/pipelines/{guid}").status_code == 404


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        ({"schema": 9, "nodes": []}, "schema"),
        ({"nodes": [node("a"), node("a")]}, "two"),
        ({"nodes": [node("a b")]}, "id"),
        ({"nodes": [{**node("a"), "position": {"x": 1e300, "y": 0}}]}, "x"),
        ({"nodes": [node("a", data="x" * (2**20 + 1))]}, "1 mib"),
        ({"nodes": [node("a", seed=[2**63])]}, "64 bits"),
        ({"nodes": [{**node("a"), "position": {"x": 10**400, "y": 0}}]}, "finite"),
        ([], "object"),
        ({"nodes": [{**node("a"), "label": "x" * 300}]}, "label"),
    ],
)
def test_a_graph_out_of_shape_is_refused_in_words(cast: Any, graph: Any, words: str) -> None:
    response = cast.client("owner").post(f"{BASE}/pipelines", {"name": "Odd", "graph": graph})
    assert response.status_code in {400, 413}, response.content
    assert words in response.json()["error"]["message"].lower()
    assert not Pipeline.objects.exists()


def test_a_body_of_300_mb_is_refused_before_it_is_read_whole(cast: Any) -> None:
    client = cast.client("owner")
    guid = made(client)["guid"]

    class Endless:
        """A body that counts how much of it was taken."""

        taken = 0

        def read(self, size: int = -1) -> bytes:
            assert size > 0, "the whole body was asked for"
            self.taken += size
            assert self.taken <= 40 * 2**20, "far more was read than is allowed"
            return b"x" * size

        readline = read

    body = Endless()
    response = client.generic(
        "PUT",
        f"{BASE}/pipelines/{guid}/draft",
        content_type="application/json",
        **{"CONTENT_LENGTH": str(300 * 10**6), "wsgi.input": body},
    )
    assert response.status_code == 413
    error = response.json()["error"]
    assert "286 MiB; 16 MiB is the most" in error["message"]
    assert "data asset" in error["hint"]
    assert body.taken == 0
