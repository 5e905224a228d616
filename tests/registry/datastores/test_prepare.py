"""Preparation steps are tried on a sample of a version's table, in a child process."""

from __future__ import annotations

from typing import Any

CSV = b"id,amount,town\n" + b"".join(b"%d,%d,%s\n" % (i, i * 2, b"ab"[i % 2 :]) for i in range(50))


URL = "/api/v1/workspaces/lab/data/customers/versions/1/preparation"


def test_each_step_tells_its_rows_and_columns_and_one_is_shown(cast: Any, add: Any) -> None:
    add(CSV)
    steps = [
        {"op": "filter", "conditions": [{"column": "town", "operator": "is", "value": "b"}]},
        {"op": "drop_columns", "columns": ["id"]},
        {"op": "sort", "columns": ["amount"], "descending": True, "disabled": True},
    ]
    client = cast.client("reader")
    found = client.post(URL, {"steps": steps, "count": 2}, format="json").json()
    assert found["sample"] == {"rows": 50, "whole": True}
    sizes = [(step["rows"], step["columns"]) for step in found["steps"]]
    assert sizes == [(25, 3), (25, 2), (25, 2)]
    assert found["steps"][0]["summary"] == "town is b"
    assert found["table"]["data"] == [[2, "b"], [6, "b"]]
    assert found["schemas"][1] is None
    before = client.post(URL, {"steps": steps, "count": 1, "show": -1}, format="json").json()
    assert before["table"]["data"] == [[0, 0, "ab"]]


def test_a_step_that_fails_says_why_and_the_ones_before_it_are_shown(cast: Any, add: Any) -> None:
    add(CSV)
    steps = [
        {"op": "sort", "columns": ["id"]},
        {"op": "sort", "columns": ["amuont"]},
        {"op": "dropna"},
    ]
    found = cast.client("reader").post(URL, {"steps": steps}, format="json").json()
    assert len(found["steps"]) == 2
    assert "amount" in found["steps"][1]["error"]["hint"]
    assert found["shown"] == 0


def test_another_data_asset_is_added(cast: Any, add: Any) -> None:
    add(CSV)
    add(b"id,amount,town\n7,7,c\n", name="more")
    steps = [{"op": "concat", "data": {"name": "more"}}]
    client = cast.client("reader")
    found = client.post(URL, {"steps": steps}, format="json").json()
    assert found["steps"][0]["rows"] == 51
    steps[0]["data"] = {"name": "none"}
    missing = client.post(URL, {"steps": steps}, format="json")
    assert missing.status_code == 404
    assert missing.json()["error"]["where"] == "steps.0.data"


def test_what_is_no_step_is_refused_with_the_known_ones(cast: Any, add: Any) -> None:
    add(CSV)
    answer = cast.client("reader").post(URL, {"steps": [{"op": "explode"}]}, format="json")
    assert answer.status_code == 400
    assert "dropna" in answer.json()["error"]["hint"]
    known = cast.client("reader").get("/api/v1/workspaces/lab/data-preparation").json()
    assert {"transpose", "fillna"} <= {step["op"] for step in known["steps"]}


def test_a_step_that_is_not_filled_in_yet_waits_and_a_disabled_one_does_not_matter(
    cast: Any, add: Any
) -> None:
    add(CSV)
    steps = [{"op": "sort", "disabled": True}, {"op": "drop_rows", "rows": "1"}, {"op": "sort"}]
    found = cast.client("reader").post(URL, {"steps": steps}, format="json").json()
    assert [step.get("rows") for step in found["steps"]] == [50, 49, None]
    assert found["steps"][2]["error"]["where"] == "steps.2.columns"
    assert found["table"]["rows"] == 49


def test_an_outsider_sees_nothing_of_it(cast: Any, add: Any) -> None:
    add(CSV)
    assert cast.client("outsider").post(URL, {"steps": []}, format="json").status_code == 404


def test_a_sample_of_a_long_table_is_its_head_or_spread(cast: Any, add: Any) -> None:
    add(b"x\n" + b"".join(b"%d\n" % i for i in range(120_000)))
    client = cast.client("reader")
    head = client.post(URL, {"steps": [], "rows": 10, "count": 10}, format="json").json()
    assert head["rows"] == 120_000
    assert head["sample"] == {"rows": 10, "whole": False}
    assert head["table"]["data"][-1] == [9]
    spread = client.post(
        URL, {"steps": [], "rows": 10, "count": 10, "spread": True}, format="json"
    ).json()
    assert spread["table"]["data"][-1][0] > 100_000


def test_a_text_that_pipelines_cannot_read_says_so(cast: Any, add: Any) -> None:
    add(b"a,b\n1,2\n3,4,5\n")
    answer = cast.client("reader").post(URL, {"steps": []}, format="json")
    assert answer.status_code == 400
    assert "same number of values" in answer.json()["error"]["hint"]
