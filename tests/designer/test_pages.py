"""The pages of the designer: the list of drafts, and the one with the canvas."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from designer.models import Pipeline
from designer.services import drafts
from tests.designer.test_drafts_over_http import GRAPH

pytestmark = pytest.mark.django_db
LIST = "/w/lab/pipelines/"


def browser(cast: Any, who: str) -> Client:
    client = Client()
    client.force_login(getattr(cast, who))
    return client


def draft(cast: Any, name: str = "Churn") -> Pipeline:
    return drafts.create_draft(workspace=cast.lab, user=cast.owner, name=name, graph=GRAPH)


def island_of(page: Any) -> dict[str, Any]:
    """Return what the page hands to the canvas."""
    found = re.search(
        r'<script id="designer-data"[^>]*>(.*?)</script>', page.content.decode(), re.S
    )
    assert found
    return dict(json.loads(found[1]))


def test_a_new_draft_opens_on_its_canvas(cast: Any) -> None:
    client = browser(cast, "contributor")
    answer = client.post(f"{LIST}new/", follow=True)
    page = island_of(answer)
    made = Pipeline.objects.get()
    assert answer.redirect_chain[-1][0] == f"{LIST}{made.guid}/"
    assert (page["guid"], page["workspace"], page["canWrite"]) == (made.guid, "lab", True)
    assert page["user"]["initials"] == "CA"
    assert page["graph"]["nodes"] == []
    assert f"nonce-{page['cspNonce']}" in answer.headers["Content-Security-Policy"]


def test_a_sample_opens_as_a_copy_and_an_unknown_one_is_told(cast: Any) -> None:
    client = browser(cast, "owner")
    page = client.post(f"{LIST}new/", {"sample": "diabetes-graph"}, follow=True)
    assert len(island_of(page)["graph"]["nodes"]) == 7
    page = client.post(f"{LIST}new/", {"sample": "no-such"}, follow=True)
    assert b"There is no sample" in page.content


def test_the_list_finds_pages_and_keeps_the_archived_apart(cast: Any) -> None:
    client = browser(cast, "owner")
    for number in range(30):
        draft(cast, f"Pipeline {number:02}")
    first = client.get(LIST).content.decode()
    assert "of 30 pipelines" in " ".join(first.split())
    assert "Pipeline 29" in first and "Pipeline 00" not in first
    assert "Pipeline 00" in client.get(f"{LIST}?page=2").content.decode()
    found = client.get(f"{LIST}?q=line 07").content.decode()
    assert "Pipeline 07" in found and "Pipeline 08" not in found
    gone = Pipeline.objects.get(name="Pipeline 07")
    told = client.post(f"{LIST}{gone.guid}/delete/", follow=True).content.decode()
    assert "Pipeline 07 is archived" in told
    assert "Pipeline 07" not in client.get(f"{LIST}?q=line 07").content.decode()
    assert "Pipeline 07" in client.get(f"{LIST}?show=archived").content.decode()
    assert client.get(f"{LIST}{gone.guid}/").status_code == 404
    back = client.post(f"{LIST}{gone.guid}/undelete/", follow=True)
    assert island_of(back)["name"] == "Pipeline 07"


def test_a_reader_may_look_and_is_offered_nothing_more(cast: Any) -> None:
    made = draft(cast)
    client = browser(cast, "reader")
    page = client.get(LIST).content.decode()
    assert "New pipeline" not in page and "Archive" not in page.split("</form>")[-1]
    assert island_of(client.get(f"{LIST}{made.guid}/"))["canWrite"] is False
    assert client.post(f"{LIST}new/").status_code == 403
    assert client.post(f"{LIST}{made.guid}/delete/").status_code == 403
    assert browser(cast, "outsider").get(f"{LIST}{made.guid}/").status_code == 404


def test_a_name_or_a_value_cannot_break_out_of_the_page(cast: Any) -> None:
    evil = "</script><script>alert(1)</script>"
    made = draft(cast, evil)
    graph = {**GRAPH, "settings": {"description": evil}}
    drafts.save_draft(pipeline=made, user=cast.owner, graph=graph)
    client = browser(cast, "owner")
    for url in (LIST, f"{LIST}{made.guid}/"):
        assert "<script>alert" not in client.get(url).content.decode()
