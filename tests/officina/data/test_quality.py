"""Each kind of rule finds exactly the rows that break it, in any batch, and what cannot be checked is told."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from officina.data import quality
from officina.data.quality_expressions import parse_expression
from officina.data.quality_rules import clean_rules, describe, read_rules, write_rules
from officina.errors import StudioError

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Six rows in two groups, each column with something wrong."""
    file = tmp_path / "data.parquet"
    columns = {
        "id": [1, 2, 2, 4, None, None],
        "age": [10, -1, 50, 130, None, 7],
        "ratio": [0.5, float("nan"), 0.25, None, 1.5, 0.0],
        "status": ["open", "closed", "odd", None, "open", ""],
        "seen": [NOW - dt.timedelta(days=n) for n in (9, 5, 3, 8, 7, 6)],
        "paid": [True, False, None, True, True, False],
    }
    kinds = {"status": pa.dictionary(pa.int32(), pa.string())}
    pq.write_table(
        pa.table({name: pa.array(cells, kinds.get(name)) for name, cells in columns.items()}),
        file,
        row_group_size=4,
    )
    return file


def failing(file: Path, **rule: Any) -> list[int]:
    found = quality.check_files([file], clean_rules([rule]))
    result = found.report["results"][0]
    rows = [each["row"] for each in result["rows"]]
    assert result["failing"] == len(rows) == int(found.failing.sum())
    assert result["passed"] is (not rows), result
    assert list(np.flatnonzero(found.failing)) == rows
    return rows


@pytest.mark.parametrize(
    ("rule", "rows"),
    [
        ({"rule": "not_null", "column": "age"}, [4]),
        ({"rule": "not_null", "column": "ratio"}, [1, 3]),
        ({"rule": "unique", "column": "id"}, [1, 2]),
        ({"rule": "unique", "columns": ["id", "age"]}, []),
        ({"rule": "between", "column": "age", "min": 0, "max": 120}, [1, 3]),
        ({"rule": "between", "column": "ratio", "max": 1}, [4]),
        ({"rule": "between", "column": "seen",
          "min": (NOW - dt.timedelta(days=8.5)).replace(tzinfo=None).isoformat()}, [0]),
        ({"rule": "in_set", "column": "status", "values": ["open", "closed"]}, [2, 5]),
        ({"rule": "in_set", "column": "age", "values": [10, 50, 7]}, [1, 3]),
        ({"rule": "matches", "column": "status", "pattern": "^(open|closed)$"}, [2, 5]),
        ({"rule": "expression", "expression": "age >= 0 and (status.isin(['open', '']) or age < 60)"},
         [1, 3]),
        ({"rule": "expression", "expression": "`age` * 2 <= 100 or not paid"}, [3]),
        ({"rule": "expression", "expression": "status.str.len() > 0 and id.notna()"}, [4, 5]),
        ({"rule": "expression", "expression": "seen.dt.year >= 2000"}, []),
    ],
)  # fmt: skip
def test_a_rule_finds_the_rows_that_break_it(
    table: Path, rule: dict[str, Any], rows: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "BATCH", 2)
    assert failing(table, **rule) == rows


@pytest.mark.parametrize(
    ("rule", "passed", "told"),
    [
        ({"rule": "column_exists", "column": "age", "type": "number"}, True, ""),
        (
            {"rule": "column_exists", "column": "age", "type": "string"},
            False,
            "integer, not string",
        ),
        ({"rule": "column_exists", "column": "aeg"}, False, "There is no column 'aeg'."),
        ({"rule": "between", "column": "aeg", "min": 1}, False, "There is no column 'aeg'."),
        ({"rule": "between", "column": "status", "min": 1}, False, "no order"),
        ({"rule": "between", "column": "age", "min": "much"}, False, "cannot be compared"),
        ({"rule": "not_null", "column": "age", "share": 0.8}, True, "83.33% filled"),
        ({"rule": "row_count", "min": 7}, False, "There are 6 rows."),
        ({"rule": "row_count", "min": 1, "max": 6}, True, ""),
        ({"rule": "fresh", "column": "seen", "within": "4 days"}, True, ""),
        ({"rule": "fresh", "column": "seen", "within": "2 days"}, False, "The newest is of"),
        ({"rule": "expression", "expression": "age + 1"}, False, "neither yes nor no"),
        ({"rule": "expression", "expression": "status > 3"}, False, "cannot be checked"),
    ],
)
def test_a_rule_about_the_table_says_why_it_is_not_met(
    table: Path, rule: dict[str, Any], passed: bool, told: str
) -> None:
    result = quality.check_files([table], clean_rules([rule])).report["results"][0]
    assert result["passed"] is passed and told in result["message"]


def test_warnings_do_not_fail_and_do_not_part_rows(table: Path) -> None:
    rule = {"rule": "between", "column": "age", "min": 0, "severity": "warning"}
    found = quality.check_files([table], clean_rules([rule]))
    assert found.passed and not found.report["results"][0]["passed"]
    assert not found.failing.any()


def test_it_agrees_with_pandas_on_a_large_table_and_shows_a_hundred_rows(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "a": random.normal(size=200_000),
            "b": random.integers(0, 150_000, 200_000),
            "c": random.choice(["x", "y", "zz", None], 200_000),
        }
    )
    file = tmp_path / "t.parquet"
    frame.to_parquet(file, row_group_size=30_000)
    rules = [
        {"rule": "between", "column": "a", "min": -2},
        {"rule": "unique", "columns": ["b"]},
        {"rule": "expression", "expression": "a < 2 or c == 'x'"},
    ]
    found = quality.check_files([file], clean_rules(rules))
    wanted = [
        frame.a < -2,
        frame.b.duplicated(keep=False),
        (frame.a >= 2) & (frame.c != "x") & frame.c.notna(),
    ]
    for result, mask in zip(found.report["results"], wanted, strict=True):
        assert result["failing"] == int(mask.sum()), result["words"]
        assert [each["row"] for each in result["rows"]] == list(np.flatnonzero(mask)[:100])
    assert np.array_equal(found.failing, (wanted[0] | wanted[1] | wanted[2]).to_numpy())


def test_text_whose_column_changes_its_type_is_read_as_text(tmp_path: Path) -> None:
    lines = "".join(f"{n},{n}\n" for n in range(500_000))
    (tmp_path / "t.csv").write_text(f"id,code\n{lines}500001,A7\n")
    files = quality.tables_in(tmp_path, tmp_path)
    found = quality.check_files(
        files, clean_rules([{"rule": "matches", "column": "code", "pattern": "^[0-9]+$"}])
    )
    result = found.report["results"][0]
    assert (result["failing"], result["rows"][0]["values"]["code"]) == (1, "A7")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('id')",
        "a.__class__",
        "a.to_csv('/tmp/x')",
        "a.apply(print)",
        "a.str.cat",
        "(lambda: 1)()",
        "[x for x in a]",
        "a.str.__class__()",
        "a.dt.tz_localize('UTC')",
        "f'{a}'",
        "a if b else c",
        "open",
        "1 == 1",
        "a[0]",
        "a.isin(values=[1])",
        "a ** " * 200 + "a",
        "(" * 500 + "a" + ")" * 500,
    ],
)
def test_an_expression_is_never_a_way_to_run_code(text: str) -> None:
    if text == "open":
        assert parse_expression(text)[1] == ["open"]  # a column, whatever Python calls so
        return
    with pytest.raises(StudioError):
        parse_expression(text)


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ({"rule": "nice"}, "rules[0].rule"),
        ({"rule": "between", "column": "a"}, "rules[0]"),
        ({"rule": "not_null"}, "rules[0].column"),
        ({"rule": "not_null", "column": "a", "share": 2}, "rules[0].share"),
        ({"rule": "matches", "column": "a", "pattern": "("}, "rules[0].pattern"),
        ({"rule": "fresh", "column": "a", "within": "soon"}, "within"),
        ({"rule": "unique", "columns": ["a"], "colour": 1}, "rules[0].colour"),
        ({"rule": "in_set", "column": "a", "values": "x"}, "rules[0].values"),
        ({"rule": "not_null", "column": "a", "severity": "fatal"}, "rules[0].severity"),
        ("not_null", "rules[0]"),
    ],
)
def test_a_rule_that_is_wrong_is_named_by_its_place(rule: Any, where: str) -> None:
    with pytest.raises(StudioError) as caught:
        clean_rules([rule])
    assert caught.value.where == where


def test_rules_read_as_sentences_and_come_back_from_yaml() -> None:
    rules = read_rules(
        "- {rule: between, column: age, min: 0, max: 9}\n- {rule: unique, column: id}"
    )
    assert [describe(rule) for rule in rules] == [
        "age is between 0 and 9",
        "id is never twice the same",
    ]
    assert read_rules(write_rules(rules)) == rules


def test_the_job_leaves_a_report_and_says_the_outcome(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    messages = tmp_path / "messages.jsonl"
    monkeypatch.setenv("OFFICINA_MESSAGES", str(messages))
    Path("rules.json").write_text('[{"rule": "not_null", "column": "age"}]')
    assert quality.main([str(table), "rules.json"]) == 0
    report = json.loads(Path("outputs/quality.json").read_text())
    assert report["results"][0]["rows"][0]["values"]["age"] is None
    told = [json.loads(line) for line in messages.read_text().splitlines()]
    assert {"type": "tag", "key": "quality", "value": "failed"} in told
    assert "0 of 1 rules are met, over 6 rows." in capsys.readouterr().out
