"""The Explore tab shows a version's table, its profile, and what changed between versions."""

from __future__ import annotations

from typing import Any

from django.test import Client

CSV = b"id,amount,churn\n" + b"".join(b"%d,%d,%d\n" % (i, i * 2, i % 2) for i in range(50))


BASE = "/api/v1/workspaces/lab/data/customers/versions"


def test_rows_come_by_windows(cast: Any, add: Any) -> None:
    add(CSV)
    client = cast.client("reader")
    found = client.get(f"{BASE}/1/rows?start=48&rows=10&first=1&last=2").json()
    assert (found["rows"], found["columns"], found["data"]) == (50, 3, [[96], [98]])


def test_the_profile_guesses_target_and_id(cast: Any, add: Any) -> None:
    add(CSV)
    found = cast.client("reader").get(f"{BASE}/latest/profile").json()
    assert found["guesses"] == {"ids": ["id"], "target": "churn", "why": "of its name"}
    amount = found["profile"][1]
    assert (amount["min"], amount["max"], amount["distinct"]) == (0, 98, 50)
    assert len(amount["histogram"]) == 20


def test_versions_are_compared(cast: Any, add: Any) -> None:
    add(CSV)
    add(CSV + b"99,1,1\n")
    found = cast.client("reader").get(f"{BASE}/2/diff?from=1").json()
    assert (found["rows"]["added"], found["rows"]["removed"]) == (1, 0)
    add(CSV.replace(b"\n7,14,1", b"\n7,15,1"))
    client = Client()
    client.force_login(cast.reader)
    page = client.get("/w/lab/data/customers/?tab=explore&version=3&against=1&key=id")
    told = " ".join(page.content.decode().split())
    assert "49 alike, 1 changed, 0 only in 3, 0 only in 1" in told
    wrong = client.get("/w/lab/data/customers/?tab=explore&version=3&against=1&key=idd")
    assert "There is no column" in wrong.content.decode()


def test_a_version_without_a_table_says_so(cast: Any, add: Any) -> None:
    add(b"\x89PNG", file="a.png")
    assert cast.client("owner").get(f"{BASE}/1/rows").status_code == 404
    client = Client()
    client.force_login(cast.owner)
    assert "No table here" in client.get("/w/lab/data/customers/?tab=explore").content.decode()


def test_an_outsider_and_a_bad_number_are_refused(cast: Any, add: Any) -> None:
    add(CSV)
    assert cast.client("outsider").get(f"{BASE}/1/rows").status_code == 404
    assert cast.client("owner").get(f"{BASE}/1/rows?start=-1").status_code == 400
    assert cast.client("owner").get(f"{BASE}/1/profile?file=nope.csv").status_code == 404


def test_a_broken_table_is_an_answer_and_not_a_crash(cast: Any, add: Any) -> None:
    add(b"PAR1 nonsense PAR1", file="t.parquet")
    answer = cast.client("owner").get(f"{BASE}/1/rows")
    assert answer.status_code == 400
    assert "cannot be read" in answer.json()["error"]["message"]
