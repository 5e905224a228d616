"""A retention rule lets old versions go, and never one that something needs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.utils import timezone

from officina.errors import StudioError
from registry import services as registry
from registry.models import AssetVersion, RetentionRule
from registry.services import retention
from registry.tasks import housekeeping


@pytest.fixture
def six(add: Any) -> None:
    """Six versions of `sales`, all 40 days old."""
    for number in range(6):
        add("data", "sales", {"a.csv": b"%d" % number})
    AssetVersion.objects.update(created=timezone.now() - timedelta(days=40))


def left(lab: Any) -> list[str]:
    rows = registry.versions(workspace=lab, kind="data", name="sales", archived="all")
    return [row.version for row in rows]


def test_the_plan_names_what_would_go_and_changes_nothing(six: None, lab: Any) -> None:
    rule = retention.add_rule(workspace=lab, kind="data", pattern="sal*", keep_versions=2)
    plan = retention.plan(rule)
    assert plan["versions"] == ["sales:1", "sales:2", "sales:3", "sales:4"]
    assert plan["freed"] == 4
    assert len(left(lab)) == 6


def test_the_newest_and_the_young_stay(six: None, add: Any, lab: Any) -> None:
    rule = retention.add_rule(workspace=lab, kind="data", keep_versions=2)
    assert retention.apply_rule(rule)["deleted"] == 4
    assert left(lab) == ["6", "5"]
    add("data", "sales", {"a.csv": b"7"})
    AssetVersion.objects.filter(version="5").update(created=timezone.now())
    assert retention.apply_rule(rule)["deleted"] == 0


def test_what_is_labelled_or_shared_stays(six: None, lab: Any, cast: Any) -> None:
    at = {"workspace": lab, "kind": "data", "name": "sales"}
    registry.set_label(**at, label="gold", version="1")
    registry.share(registry.find(**at, version="2"), cast.elsewhere)
    rule = retention.add_rule(workspace=lab, kind="data", keep_versions=1)
    retention.apply_rule(rule)
    assert left(lab) == ["6", "2", "1"]


def test_another_name_is_not_touched(six: None, lab: Any) -> None:
    rule = retention.add_rule(workspace=lab, kind="data", pattern="logs-*", keep_versions=1)
    assert retention.apply_rule(rule)["deleted"] == 0


@pytest.mark.parametrize(
    "wrong", [{"kind": "runs"}, {"keep_versions": 0}, {"keep_versions": "x"}, {"min_age_days": -1}]
)
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, Any], cast: Any) -> None:
    with pytest.raises(StudioError):
        retention.add_rule(workspace=cast.lab, **{"kind": "data", **wrong})


def test_over_json_only_those_who_manage(six: None, cast: Any) -> None:
    base = "/api/v1/workspaces/lab/retention"
    body = {"kind": "data", "keep_versions": 5}
    assert cast.client("contributor").post(base, body, format="json").status_code == 403
    made = cast.client("owner").post(base, body, format="json").json()
    plan = cast.client("reader").get(f"{base}/{made['id']}").json()["plan"]
    assert plan["versions"] == ["sales:1"]
    assert cast.client("owner").post(f"{base}/{made['id']}").json()["deleted"] == 1
    assert cast.client("owner").delete(f"{base}/{made['id']}").status_code == 204


def test_it_works_by_itself_once_an_hour_and_one_rule_that_fails_stops_no_other(
    six: None, lab: Any, cast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()
    bad = retention.add_rule(workspace=lab, kind="model", keep_versions=1, user=cast.owner)
    good = retention.add_rule(
        workspace=lab, kind="data", keep_versions=4, min_age_days=1, user=cast.owner
    )
    real = retention.due

    def due(rule: Any, **more: Any) -> Any:
        if rule.pk == bad.pk:
            raise OSError("the disk is gone")
        return real(rule, **more)

    monkeypatch.setattr(retention, "due", due)
    housekeeping()
    assert left(lab) == ["6", "5", "4", "3"]
    bad.refresh_from_db()
    assert bad.last_result == {"error": "the disk is gone"}
    RetentionRule.objects.filter(pk=good.pk).update(keep_versions=1)
    housekeeping()
    assert len(left(lab)) == 4
    cache.clear()
    housekeeping()
    assert left(lab) == ["6"]


def test_beat_asks_for_it(settings: LazySettings) -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["registry-housekeeping"]
    assert entry["task"] == housekeeping.name
    assert entry["schedule"] <= 600  # a studio that runs for ten minutes at a time is cleaned too
