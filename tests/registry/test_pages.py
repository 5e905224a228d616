"""The pages of assets show what there is, and each action is on only for those who may."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from django.test import Client

from registry import services as registry
from registry.services import staging
from studio.workspaces.models import Membership, User


@pytest.fixture
def open_page(cast: Any) -> Any:
    def get(path: str, who: str = "owner") -> str:
        client = Client()
        client.force_login(getattr(cast, who))
        answer = client.get(f"/w/lab/{path}")
        assert answer.status_code == 200, answer.content[:2000]
        return answer.content.decode()

    return get


def post(cast: Any, path: str, who: str = "owner", **fields: str) -> Any:
    client = Client()
    client.force_login(getattr(cast, who))
    return client.post(f"/w/lab/{path}", fields, follow=True)


@pytest.mark.parametrize("folder", ["models", "data", "code", "components", "environments"])
def test_a_list_opens_empty_and_full(folder: str, open_page: Any, add: Any) -> None:
    kind = {"models": "model", "components": "component", "environments": "environment"}
    open_page(f"{folder}/")
    add(kind.get(folder, folder), "something-own", {"a.txt": b"hello"}, tags={"team": "growth"})
    assert "something-own" in open_page(f"{folder}/")
    if folder != "environments":
        assert "team: growth" in open_page(f"{folder}/?tag=team")


def test_a_list_is_searched_paged_and_shows_archived_ones(
    open_page: Any, add: Any, lab: Any
) -> None:
    for number in range(60):
        add("data", f"set-{number:02d}")
    registry.archive(workspace=lab, kind="data", name="set-07")
    first = open_page("data/?sort=name")
    assert "1–50 of 59" in first
    assert "set-07" not in first
    assert "set-59" in open_page("data/?sort=name&page=2")
    assert "set-07" in open_page("data/?archived=archived")
    assert "Nothing fits" in open_page("data/?q=unheard-of")


@pytest.mark.parametrize("tab", ["overview", "files", "versions", "lineage"])
def test_each_tab_of_a_version_opens(tab: str, open_page: Any, add: Any) -> None:
    add("model", "churn", {"model.pkl": pickle.dumps({"a": 1}), "x/y.csv": b"a,b\n1,2\n"})
    assert "churn" in open_page(f"models/churn/?tab={tab}&version=1")


def test_a_file_is_previewed_where_it_lies(open_page: Any, add: Any) -> None:
    add("data", "sales", {"a.csv": b"city,sum\nOslo,7\n", "<b>.txt": b"<script>alert(1)</script>"})
    shown = open_page("data/sales/?tab=files&file=a.csv")
    assert "Oslo" in shown
    shown = open_page("data/sales/?tab=files&file=%3Cb%3E.txt")
    assert "&lt;script&gt;" in shown
    assert "<script>alert" not in shown


def test_a_reader_sees_each_action_off_with_the_reason(open_page: Any, add: Any) -> None:
    add("model", "churn", {"m.bin": b"1"})
    shown = open_page("models/churn/", "reader")
    assert "lacks registry.write" in shown.replace("&quot;", '"')
    assert "edit-dialog" not in shown
    assert "lacks registry.delete" in shown


def test_a_change_made_on_the_page_is_kept(add: Any, cast: Any, lab: Any) -> None:
    add("model", "churn", {"m.bin": b"1"})
    at = "models/churn/versions/1"
    assert (
        b"Saved" in post(cast, f"{at}/edit/", description="who leaves", tags="team=growth").content
    )
    assert b"champion" in post(cast, f"{at}/label/", label="champion").content
    assert b"Staging" in post(cast, f"{at}/stage/", stage="Staging").content
    row = registry.find(workspace=lab, kind="model", name="churn", label="champion")
    assert (row.description, row.tags, row.stage) == ("who leaves", {"team": "growth"}, "Staging")
    assert b"restored" in post(cast, f"{at}/archive/", archive="1").content
    assert b"is back" in post(cast, f"{at}/archive/", restore="1").content


def test_two_people_approve_on_the_page(add: Any, cast: Any, lab: Any) -> None:
    staging.set_rules(workspace=lab, own=[], guarded_stages=["Production"], user=cast.owner)
    row = add("model", "churn", {"m.bin": b"1"})
    asked = post(cast, "models/churn/versions/1/stage/", "contributor", stage="Production")
    assert b"someone else approves" in asked.content
    number = row.stage_requests.get().pk
    own = post(cast, f"stage-requests/{number}/", "contributor", approve="1")
    assert b"takes a second person" in own.content
    assert b"was approved" in post(cast, f"stage-requests/{number}/", approve="1").content
    row.refresh_from_db()
    assert row.stage == "Production"


def test_the_page_of_a_deletion_says_what_goes_and_who_needs_it(
    open_page: Any, add: Any, cast: Any
) -> None:
    row = add("model", "churn", {"m.bin": b"12345"})
    registry.share(row, cast.elsewhere)
    shown = open_page("models/churn/versions/1/delete/")
    assert "5 B" in shown
    assert "shared with elsewhere" in shown
    refused = post(cast, "models/churn/versions/1/delete/")
    assert refused.status_code == 409
    assert b"in use" in refused.content
    done = post(cast, "models/churn/versions/1/delete/", force="1")
    assert b"bytes freed" in done.content


def test_a_dangerous_pickle_is_named_and_never_loaded(
    open_page: Any, add: Any, tmp_path: Any
) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            import os

            return os.system, (f"touch {tmp_path}/exploded",)

    add("model", "bomb", {"model.pkl": pickle.dumps(Bomb())})
    shown = open_page("models/bomb/")
    assert "system" in shown
    assert "loading it runs code" in shown
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("role", "status"),
    [("Data Scientist", 200), ("Compute Operator", 403), ("Reader", 200), (None, 404)],
)
def test_each_role_opens_the_pages_that_its_row_says(
    role: str | None, status: int, add: Any, cast: Any
) -> None:
    user = User.objects.create_user("una@example.org", "correct horse battery")
    if role:
        Membership.objects.create(workspace=cast.lab, user=user, role=role)
    add("model", "churn", {"m.bin": b"1"})
    client = Client()
    client.force_login(user)
    for path in ("models/", "models/churn/", "data/", "code/", "assets/model/churn/1/m.bin"):
        assert client.get(f"/w/lab/{path}").status_code == status, path


def test_the_upkeep_page_shows_what_a_rule_would_delete(
    open_page: Any, add: Any, cast: Any
) -> None:
    for number in range(3):
        add("data", "sales", {"a.csv": b"%d" % number})
    fields = {"add": "1", "kind": "data", "keep_versions": "1", "min_age_days": "0"}
    assert b"once an hour" in post(cast, "settings/assets/save", **fields).content
    rule = cast.lab.retention_rules.get().pk
    planned = open_page(f"settings/assets/?plan={rule}")
    assert "would delete 2 versions" in " ".join(planned.split())
    done = post(cast, "settings/assets/save", rule=str(rule), apply="1")
    assert b"2 versions deleted" in done.content
    saved = post(cast, "settings/assets/save", stages="1", own="Shadow", guarded="Production")
    assert b"Shadow" in saved.content


def test_search_finds_assets_of_every_kind(open_page: Any, add: Any) -> None:
    for kind in ("data", "model", "code"):
        add(kind, f"zebra-{kind}")
    found = open_page("search.json?q=zebra")
    for kind in ("data", "model", "code"):
        assert f"zebra-{kind}" in found
