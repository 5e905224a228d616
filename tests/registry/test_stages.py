"""A model moves between stages; a guarded stage takes a second person."""

from __future__ import annotations

from typing import Any

import pytest

from officina.errors import StudioError
from registry import services as registry
from registry.models import StageRequest
from registry.services import staging
from studio.workspaces.models import AuditEntry, Event
from studio.workspaces.services import create_service_account


@pytest.fixture
def guarded(lab: Any, cast: Any) -> None:
    staging.set_rules(workspace=lab, own=["Shadow"], guarded_stages=["Production"], user=cast.owner)


def test_a_stage_is_set_and_noted(add: Any, lab: Any, cast: Any) -> None:
    row = add("model", "churn")
    registry.update(row, stage="staging", user=cast.owner)
    assert registry.find(workspace=lab, kind="model", name="churn").stage == "Staging"
    assert Event.objects.get(type="ModelStageChanged").data["to"] == "Staging"
    assert AuditEntry.objects.get(action="registry.stage").target == "model/churn/1"


def test_an_unknown_stage_names_the_known_ones(add: Any, guarded: None) -> None:
    with pytest.raises(StudioError, match="Shadow"):
        registry.update(add("model", "churn"), stage="Prod")


def test_only_models_have_stages(add: Any) -> None:
    with pytest.raises(StudioError, match="Only models"):
        registry.update(add("data", "sales"), stage="Staging")


def test_a_guarded_stage_is_not_entered_alone(add: Any, cast: Any, guarded: None) -> None:
    row = add("model", "churn")
    with pytest.raises(StudioError, match="second person"):
        registry.update(row, stage="Production", user=cast.owner)
    request = registry.request_stage(row, stage="Production", note="AUC 0.91", user=cast.owner)
    with pytest.raises(StudioError, match="second person"):
        registry.decide(request, approve=True, user=cast.owner)
    row.refresh_from_db()
    assert row.stage == "None"


def test_another_person_approves_and_both_are_on_record(add: Any, cast: Any, guarded: None) -> None:
    row = add("model", "churn")
    request = registry.request_stage(row, stage="Production", user=cast.contributor)
    registry.decide(request, approve=True, note="agreed", user=cast.owner)
    row.refresh_from_db()
    assert row.stage == "Production"
    assert (request.requested_by, request.decided_by) == (cast.contributor, cast.owner)
    asked = AuditEntry.objects.get(action="registry.stage.request")
    moved = AuditEntry.objects.get(action="registry.stage")
    assert (asked.actor, moved.actor) == (cast.contributor, cast.owner)


def test_a_service_account_is_no_second_person(
    add: Any, lab: Any, cast: Any, guarded: None
) -> None:
    bot = create_service_account(workspace=lab, actor=cast.owner, name="bot", role="Owner").user
    row = add("model", "churn")
    mine = registry.request_stage(row, stage="Production", user=cast.owner)
    with pytest.raises(StudioError, match="no second person"):
        registry.decide(mine, approve=True, user=bot)
    bots = registry.request_stage(row, stage="Production", user=bot)
    with pytest.raises(StudioError, match="asked for this stage yourself"):
        registry.decide(bots, approve=True, user=cast.owner)
    assert registry.decide(bots, approve=True, user=cast.contributor).state == StageRequest.APPROVED
    who = AuditEntry.objects.filter(action="registry.stage.request", actor=bot).get().actor_name
    assert who == "bot (service account)"


def test_a_request_is_decided_once(add: Any, cast: Any, guarded: None) -> None:
    row = add("model", "churn")
    request = registry.request_stage(row, stage="Production", user=cast.contributor)
    stale = StageRequest.objects.get(pk=request.pk)
    registry.decide(request, approve=False, user=cast.owner)
    with pytest.raises(StudioError, match="rejected meanwhile"):
        registry.decide(stale, approve=True, user=cast.owner)
    row.refresh_from_db()
    assert row.stage == "None"


def test_the_one_who_asked_may_withdraw(add: Any, cast: Any, guarded: None) -> None:
    request = registry.request_stage(add("model", "churn"), stage="Production", user=cast.owner)
    assert registry.decide(request, approve=False, user=cast.owner).state == "withdrawn"


def test_leaving_a_guarded_stage_needs_nobody(add: Any, cast: Any, guarded: None) -> None:
    row = add("model", "churn")
    request = registry.request_stage(row, stage="Production", user=cast.contributor)
    registry.decide(request, approve=True, user=cast.owner)
    row.refresh_from_db()
    assert registry.update(row, stage="Archived", user=cast.contributor).stage == "Archived"
