"""A person keeps the run list's filters, order and columns under a name."""

from __future__ import annotations

import pytest
from django.test import Client

from studio.runs.models import SavedView
from tests.conftest import Cast

QUERY = "?status=Failed&sort=-metric%3Aauc&columns=status%7Cmetric%3Aauc"


def client_of(cast: Cast, who: str) -> Client:
    client = Client()
    client.force_login(getattr(cast, who))
    return client


def save(client: Client, name: str, query: str = QUERY) -> str:
    answer = client.post("/w/lab/run-views/", {"name": name, "query": query})
    assert answer.status_code == 302
    return answer["Location"]


def test_a_saved_view_opens_the_list_as_it_was(cast: Cast) -> None:
    client = client_of(cast, "reader")
    place = save(client, "failures by auc")
    assert place == f"/w/lab/runs/{QUERY}"
    page = client.get("/w/lab/runs/").content.decode()
    assert "failures by auc" in page
    assert QUERY.replace("&", "&amp;") in page


def test_the_same_name_is_written_over(cast: Cast) -> None:
    client = client_of(cast, "reader")
    save(client, "mine")
    save(client, "mine", "?status=Running")
    assert [view.query for view in SavedView.objects.all()] == ["?status=Running"]


def test_another_persons_view_is_neither_seen_nor_deleted(cast: Cast) -> None:
    save(client_of(cast, "owner"), "private plan")
    other = client_of(cast, "reader")
    assert "private plan" not in other.get("/w/lab/runs/").content.decode()
    view = SavedView.objects.get()
    other.post(f"/w/lab/run-views/{view.pk}/delete/")
    assert SavedView.objects.filter(pk=view.pk).exists()
    client_of(cast, "owner").post(f"/w/lab/run-views/{view.pk}/delete/")
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("query", ["//evil.example", "?next=//evil.example", "x" * 5000])
def test_a_view_leads_nowhere_but_to_the_list(cast: Cast, query: str) -> None:
    assert save(client_of(cast, "reader"), "odd", query) == "/w/lab/runs/?"
