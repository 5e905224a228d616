"""Preparation steps applied to a file here, from the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from officina.cli.app import app

STEPS = """
steps:
  - op: fillna
    columns: [price]
    method: mean
  - op: derive
    name: double
    left: price
    operator: "*"
    value: 2
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "steps.yml").write_text(STEPS)
    (tmp_path / "a.csv").write_text("fruit;price\nfig;2\nplum;\nkiwi;4\n")
    return tmp_path


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_local_file_is_prepared(files: Path, kind: str) -> None:
    out = files / f"out.{kind}"
    given = ["--file", str(files / "steps.yml"), "--local", str(files / "a.csv")]
    done = CliRunner().invoke(app, ["data", "prepare", *given, "--out", str(out), "-o", "json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"rows": 3, "columns": ["fruit", "price", "double"]}
    frame = pd.read_csv(out) if kind == "csv" else pd.read_parquet(out)
    assert frame["double"].tolist() == [4.0, 6.0, 8.0]


def test_a_wrong_step_is_refused_before_anything_is_asked(files: Path) -> None:
    (files / "steps.yml").write_text("steps: [{op: sort, columns: [pric]}]")
    given = ["--file", str(files / "steps.yml"), "--local", str(files / "a.csv")]
    done = CliRunner().invoke(app, ["data", "prepare", *given])
    assert done.exit_code != 0
    assert "Did you mean price?" in done.stderr
    (files / "steps.yml").write_text("steps: [{op: explode}]")
    done = CliRunner().invoke(app, ["data", "prepare", *given[:2], "--name", "fruit"])
    assert "There is no preparation step 'explode'" in done.stderr
