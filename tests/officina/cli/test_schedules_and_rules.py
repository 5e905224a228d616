"""Schedules, imports and rules from the shell, against a running studio."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from officina.client.ml import MLClient
from tests.officina.cli.test_az_ml_words import Shell, az, studio
from tests.running import Studio

pytestmark = [pytest.mark.live, pytest.mark.clients]
__all__ = ["az", "studio"]


def test_a_schedule_is_made_with_its_jobs_files_fired_and_ended(
    az: Shell, studio: Studio, tmp_path: Path
) -> None:  # fmt: skip
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("print('from the schedule')")
    (tmp_path / "job.yml").write_text(
        "command: python a.py\ncode: ./src\nenvironment: azureml:current\n"
    )
    (tmp_path / "s.yml").write_text(
        "name: dawn\ntrigger: {type: cron, expression: '0 4 * * *', time_zone: Europe/Rome}\n"
        "create_job: {job: ./job.yml, experiment_name: dawns}\n"
    )
    made = json.loads(az("schedule", "create", "-f", "s.yml"))
    assert (made["is_enabled"], made["when"]) == (True, "At 04:00 every day (Europe/Rome)")
    assert made["action"]["jobDefinition"]["codeId"].startswith("tree:")
    assert az("schedule", "list", "--query", "[?name=='dawn'].does", "-o", "tsv").startswith(
        "Run the"
    )
    off = json.loads(az("schedule", "disable", "-n", "dawn"))
    assert (off["is_enabled"], off["next_run"]) == (False, None)
    fired = json.loads(az("schedule", "trigger", "-n", "dawn"))
    with MLClient(studio.url, studio.token, studio.workspace) as ml:
        lines: list[str] = []
        job = ml.jobs.stream(fired["run"]["name"], lines.append)
        assert (job.status, job.experiment_name) == ("Completed", "dawns")
        assert "from the schedule" in "".join(lines)
        assert len(ml.schedules.begin_enable("dawn").trigger["expression"].split()) == 5
        assert len(ml.schedules.get("dawn").next_times) == 5
        ml.schedules.begin_delete("dawn")
    az("schedule", "show", "-n", "dawn", code=4)


def test_a_version_that_breaks_its_rules_ends_the_command_with_one(
    az: Shell, tmp_path: Path
) -> None:  # fmt: skip
    (tmp_path / "t.csv").write_text("x\n1\n-2\n")
    (tmp_path / "rules.yml").write_text("- {rule: between, column: x, min: 0}\n")
    az("data", "create", "-n", "held", "-p", "t.csv", "-t", "uri_file")
    told = json.loads(az("data", "rules", "-n", "held", "-f", "rules.yml"))
    assert told["rules"][0]["severity"] == "error"
    assert "job" in az("data", "check", "-n", "held", "--stream", code=1)


def test_an_import_that_cannot_be_is_refused_with_its_place(az: Shell, tmp_path: Path) -> None:
    (tmp_path / "i.yml").write_text("name: x\nsource: {path: /etc/passwd}\n")
    assert "source.path" in az("data", "import", "-f", "i.yml", code=3)
    (tmp_path / "i.yml").write_text("name: x\nsource: {path: 'http://127.0.0.1:9/x'}\n")
    told = az("data", "import", "-f", "i.yml", "--stream", code=1)
    assert "private address" in told
