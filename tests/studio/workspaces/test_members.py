"""Invitations, roles and the last owner."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django.test import Client

from officina.errors import StudioError
from studio.workspaces import access, services
from studio.workspaces.models import AppendOnlyError, AuditEntry, Invitation, Membership, Workspace


def link_for(cast, **more: str) -> str:
    body = {"role": "Data Scientist", **more}
    answer = cast.client("owner").post("/api/v1/workspaces/lab/invitations", body)
    assert answer.status_code == 201
    return "/invite/" + answer.json()["link"].split("/invite/")[1]


FORM = {"email": "new@example.org", "display_name": "Nell", "password": "a fresh long phrase"}


def test_a_link_makes_a_member_with_its_role_once(cast) -> None:
    link = link_for(cast)
    assert Client().post(link, FORM)["Location"] == "/w/lab/"
    assert Membership.objects.get(user__email="new@example.org").role == "Data Scientist"
    assert Client().post(link, {**FORM, "email": "two@example.org"}).status_code == 404


def test_a_signed_in_person_joins_without_a_new_account(cast) -> None:
    link = link_for(cast)
    assert cast.client("outsider").post(link).status_code == 302
    assert Membership.objects.get(user=cast.outsider, workspace=cast.lab).role == "Data Scientist"


def test_an_invitation_for_one_address_takes_no_other(cast) -> None:
    link = link_for(cast, email="chosen@example.org")
    assert Client().post(link, FORM).status_code == 403
    assert not Membership.objects.filter(user__email="new@example.org").exists()


def test_an_invitation_cannot_touch_an_account_that_is_there(cast) -> None:
    link = link_for(cast)
    form = {**FORM, "email": "otto@example.org"}
    assert Client().post(link, form).status_code == 409
    cast.outsider.refresh_from_db()
    assert cast.outsider.check_password("correct horse battery")


def test_a_withdrawn_or_expired_link_opens_nothing(cast) -> None:
    link = link_for(cast)
    Invitation.objects.update(expires="2020-01-01T00:00:00Z")
    assert Client().get(link).status_code == 404
    assert link.split("/")[2] not in str(list(Invitation.objects.values()))


def test_the_last_owner_stays(cast) -> None:
    member = Membership.objects.get(user=cast.owner)
    client = cast.client("owner")
    url = f"/api/v1/workspaces/lab/members/{member.pk}"
    assert client.patch(url, {"role": "Reader"}).status_code == 409
    assert client.delete(url).status_code == 409
    other = Membership.objects.get(user=cast.reader)
    answer = client.patch(f"/api/v1/workspaces/lab/members/{other.pk}", {"role": "Owner"})
    assert answer.json()["role"] == "Owner"
    assert client.delete(url).status_code == 204
    assert access.allowed(cast.owner, cast.lab) == frozenset()


def test_a_custom_role_does_what_its_operations_say(cast) -> None:
    client = cast.client("owner")
    body = {"name": "Watcher", "operations": ["workspace.read", "runs.read"]}
    assert client.post("/api/v1/workspaces/lab/roles", body).status_code == 201
    member = Membership.objects.get(user=cast.reader)
    client.patch(f"/api/v1/workspaces/lab/members/{member.pk}", {"role": "Watcher"})
    assert access.allowed(cast.reader, cast.lab) == {"workspace.read", "runs.read"}
    with pytest.raises(StudioError, match=r"lacks the operation runs\.submit"):
        access.require(cast.reader, cast.lab, "runs.submit")


def test_a_role_of_unknown_operations_is_refused_with_the_known_ones(cast) -> None:
    body = {"name": "Odd", "operations": ["runs.fly"]}
    answer = cast.client("owner").post("/api/v1/workspaces/lab/roles", body)
    assert answer.status_code == 400
    assert "runs.fly" in answer.json()["error"]["message"]
    assert "runs.submit" in answer.json()["error"]["hint"]


def test_nobody_gives_more_than_they_hold(cast) -> None:
    held = ["workspace.read", "members.read", "members.manage"]
    role = services.create_role(
        workspace=cast.lab, actor=cast.owner, name="Doorkeeper", operations=held
    )
    member = Membership.objects.get(user=cast.reader)
    services.change_role(member=member, actor=cast.owner, role=role.name)
    for grant in ("Owner", "Contributor"):
        with pytest.raises(StudioError, match="more than yours"):
            services.invite(workspace=cast.lab, actor=cast.reader, role=grant)
    with pytest.raises(StudioError, match="more than yours"):
        services.create_role(
            workspace=cast.lab, actor=cast.reader, name="Up", operations=["runs.submit"]
        )
    with pytest.raises(StudioError, match="more than yours"):
        services.remove_member(
            member=Membership.objects.get(user=cast.contributor), actor=cast.reader
        )


def test_who_was_taken_out_does_not_come_back_by_a_link_of_their_own(cast) -> None:
    helper = Membership.objects.get(user=cast.reader)
    services.change_role(member=helper, actor=cast.owner, role="Owner")
    ways_out = (
        lambda: services.change_role(member=helper, actor=cast.owner, role="Reader"),
        lambda: services.remove_member(member=helper, actor=cast.owner),
    )
    for leave in ways_out:
        services.change_role(member=helper, actor=cast.owner, role="Owner")
        _, path = services.invite(workspace=cast.lab, actor=cast.reader, role="Owner")
        leave()
        with pytest.raises(StudioError, match="withdrawn"):
            services.find_invitation(path.split("/")[2])


def test_a_setting_is_not_undone_by_who_read_the_workspace_before(cast) -> None:
    early = Workspace.objects.get(pk=cast.lab.pk)
    services.update_workspace(workspace=cast.lab, actor=cast.owner, isolated=True)
    services.update_workspace(workspace=early, actor=cast.owner, description="ours")
    services.change_settings(workspace=early, tags={"team": "lab"})
    assert Workspace.objects.get(pk=cast.lab.pk).settings == {
        "isolated": True,
        "tags": {"team": "lab"},
    }


def test_a_failure_in_a_workspaces_defaults_is_not_told_as_a_taken_name(cast, monkeypatch) -> None:
    def broken(workspace: Workspace) -> None:
        Membership.objects.create(workspace=workspace, user=cast.owner, role="Owner")

    monkeypatch.setattr("studio.workspaces.services.workspaces._on_created", [broken])
    with pytest.raises(IntegrityError):
        services.create_workspace(name="fresh", user=cast.owner)
    assert not Workspace.objects.filter(name="fresh").exists()


def test_writes_are_audited_and_the_log_only_grows(cast) -> None:
    link_for(cast)
    entry = AuditEntry.objects.get(action="member.invite")
    assert (entry.actor, entry.detail["role"], entry.ip) == (
        cast.owner,
        "Data Scientist",
        "127.0.0.1",
    )
    entry.action = "nothing"
    with pytest.raises(AppendOnlyError):
        entry.save()
    with pytest.raises(AppendOnlyError):
        entry.delete()


def test_every_page_of_the_workspace_renders_for_its_owner(cast) -> None:
    link_for(cast)
    client = cast.client("owner")
    pages = ["members", "tokens", "service-accounts", "secrets", "settings", "activity"]
    for page in [*(f"/w/lab/{page}/" for page in pages), "/profile/", "/workspaces/"]:
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert "<h1>" in answer.content.decode()
    assert "member.invite" in client.get("/w/lab/activity/?show=audit").content.decode()


def test_a_new_workspace_belongs_to_who_made_it(cast) -> None:
    page = Client()
    page.force_login(cast.reader)
    assert page.post("/workspaces/", {"name": "mine"})["Location"] == "/w/mine/"
    made = cast.client("reader").post("/api/v1/workspaces", {"name": "mine-too"})
    assert made.status_code == 201 and made.json()["guid"]
    again = cast.client("owner").post("/api/v1/workspaces", {"name": "MINE-too"})
    assert again.status_code == 409
    assert cast.client("owner").get("/api/v1/workspaces/mine-too").status_code == 404


def test_a_workspace_keeps_its_description_and_takes_only_labels_that_fit_an_arm_id(cast) -> None:
    client, api = cast.client("owner"), "/api/v1/workspaces"
    made = client.post(api, {"name": "told", "description": "Ours.", "location": "West Europe"})
    assert (made.json()["description"], made.json()["location"]) == ("Ours.", "West Europe")
    for where in ("subscription_id", "resource_group", "location"):
        for odd in ("a/b", "<b>", "x\ny"):
            refused = (
                client.patch(f"{api}/told", {where: odd}),
                client.post(api, {"name": "odd", where: odd}),
            )
            for answer in refused:
                assert (answer.status_code, answer.json()["error"]["where"]) == (400, where)
