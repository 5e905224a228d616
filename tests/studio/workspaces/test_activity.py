"""The activity log is filtered by person, action, words and days, and taken away as a file."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from studio.workspaces import audit, events
from studio.workspaces.models import AuditEntry


@pytest.fixture
def busy(cast: Any) -> Any:
    for who, action, target in (
        (cast.owner, "registry.delete", "model/churn/1"),
        (cast.contributor, "runs.submit", "run/abc"),
        (cast.contributor, "runs.submit", "=HYPERLINK(1)"),
    ):
        audit.record(workspace=cast.lab, actor=who, action=action, target=target, detail={"n": 1})
    long_ago = timezone.now() - dt.timedelta(days=40)
    AuditEntry.objects.filter(target="run/abc").update(created=long_ago)
    events.emit(cast.lab, events.MODEL_REGISTERED, "model/churn/1")
    audit.record(workspace=cast.elsewhere, actor=cast.outsider, action="secret.set", target="key")
    return cast


def get(cast: Any, who: str, query: str) -> Any:
    client = Client()
    client.force_login(getattr(cast, who))
    return client.get(f"/w/lab/activity/?{query}")


def taken(cast: Any, query: str) -> list[dict[str, Any]]:
    answer = get(cast, "owner", f"show=audit&download=jsonl&{query}")
    return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]


@pytest.mark.parametrize(
    ("query", "targets"),
    [
        ("", ["=HYPERLINK(1)", "model/churn/1", "run/abc"]),
        ("who=CARL", ["=HYPERLINK(1)", "run/abc"]),
        ("type=registry.delete", ["model/churn/1"]),
        ("q=churn", ["model/churn/1"]),
        ("q=ch%25n", []),
        ("who=carl&since={recent}", ["=HYPERLINK(1)"]),
        ("until={past}", ["run/abc"]),
    ],
)
def test_filters_narrow_page_file_and_api_alike(query: str, targets: list[str], busy: Any) -> None:
    today = timezone.localdate()
    query = query.format(recent=today - dt.timedelta(days=2), past=today - dt.timedelta(days=20))
    assert sorted(row["target"] for row in taken(busy, query)) == targets
    page = get(busy, "owner", f"show=audit&{query}").content.decode()
    for target in ("model/churn/1", "run/abc"):
        assert (f"<td>{target}</td>" in page) is (target in targets), target
    answer = busy.client("owner").get(f"/api/v1/workspaces/lab/audit?{query}").json()
    assert sorted(row["target"] for row in answer["items"]) == targets


def test_a_spreadsheet_gets_no_formula_and_every_column(busy: Any) -> None:
    answer = get(busy, "owner", "show=audit&download=csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert list(rows[0]) == ["created", "actor_name", "action", "target", "detail", "ip"]
    assert sorted(row["target"] for row in rows) == ["'=HYPERLINK(1)", "model/churn/1", "run/abc"]
    assert rows[0]["detail"] == '{"n": 1}'


def test_a_day_that_is_none_is_named(busy: Any) -> None:
    assert "is no day" in get(busy, "owner", "since=tomorrow").content.decode()
    assert busy.client("owner").get("/api/v1/workspaces/lab/audit?since=x").status_code == 400


def test_the_audit_log_is_for_those_who_may_read_it(busy: Any) -> None:
    told = b"".join(get(busy, "reader", "show=audit&download=jsonl").streaming_content)
    assert b"registry.delete" not in told
    assert b"ModelRegistered" in told
    assert get(busy, "outsider", "show=audit&download=jsonl").status_code == 404


def test_the_health_page_names_what_is_not_alive(busy: Any) -> None:
    page = get(busy, "reader", "show=health").content.decode()
    assert "database" in page
    assert "Alive" in page
    assert "not heard of" in page  # no worker and no beat run in this test
