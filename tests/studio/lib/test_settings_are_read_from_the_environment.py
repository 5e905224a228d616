"""Settings come from the environment; a wrong one is named and does not stop the import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from studio.lib import checks, env
from tests.running import ROOT


@pytest.fixture(autouse=True)
def no_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "problems", [])


@pytest.mark.parametrize(
    ("text", "meant"), [("1", True), ("Yes", True), ("off", False), ("", False)]
)
def test_yes_and_no_have_several_spellings(
    monkeypatch: pytest.MonkeyPatch, text: str, meant: bool
) -> None:
    monkeypatch.setenv("X_FLAG", text)
    assert env.env_bool("X_FLAG", not meant) is meant


@pytest.mark.parametrize("text", ["eighty", "0", "70000", "1.5"])
def test_a_wrong_number_is_named_and_the_default_taken(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("X_PORT", text)
    assert env.env_int("X_PORT", 8000, low=1, high=65535) == 8000
    assert env.problems[0][0] == "X_PORT"
    (message,) = checks.environment(None)
    assert message.id == "officina.E001" and "X_PORT" in message.msg


def test_a_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file\n")
    monkeypatch.setenv("X_SECRET_FILE", str(tmp_path / "key"))
    assert env.env_secret("X_SECRET") == "from-a-file"


def test_a_secret_file_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("X_SECRET_FILE", str(tmp_path / "none"))
    assert env.env_secret("X_SECRET") == ""
    assert env.problems[0][0] == "X_SECRET_FILE"


def test_a_postgres_url_is_taken_apart_with_escapes_and_options(tmp_path: Path) -> None:
    made = env.database(
        "postgresql://al%40x:p%2Fw@db.local:5433/studio?sslmode=require", sqlite_file=tmp_path
    )
    assert (made["USER"], made["PASSWORD"], made["HOST"], made["PORT"]) == (
        "al@x",
        "p/w",
        "db.local",
        "5433",
    )
    assert made["NAME"] == "studio"
    assert made["OPTIONS"] == {"connect_timeout": 10, "sslmode": "require"}


def test_an_unknown_database_is_named(tmp_path: Path) -> None:
    assert "sqlite3" in str(env.database("mysql://x/y", sqlite_file=tmp_path / "s")["ENGINE"])
    assert env.problems[0][0] == "DATABASE_URL"


def test_sqlite_writes_in_immediate_transactions(tmp_path: Path) -> None:
    options = env.database("", sqlite_file=tmp_path / "s")["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"  # type: ignore[index]


def test_a_network_file_system_is_recognised_by_its_longest_mount() -> None:
    mounts = "/dev/sda / ext4 rw 0 0\nhost:/x /home nfs4 rw 0 0\n/dev/sdb /home/local ext4 rw 0 0\n"
    assert checks.filesystem(Path("/home/ann/studio"), mounts) == "nfs4"
    assert checks.filesystem(Path("/home/local/studio"), mounts) == "ext4"
    assert checks.filesystem(Path("/homestead"), mounts) == "ext4"


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("OFFICINA_SECRET_KEY", "changeme", "officina.E002"),
        ("OFFICINA_PORT", "http", "officina.E001"),
        ("OFFICINA_TLS_PORT", "8000", "officina.E004"),
        ("OFFICINA_BIND", "0.0.0.0", "officina.W001"),
    ],
)
def test_a_mistake_is_reported_by_its_check(
    tmp_path: Path, name: str, value: str, check: str
) -> None:
    environment = {**os.environ, "OFFICINA_HOME": str(tmp_path), name: value}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert check in done.stderr
    assert done.returncode == (1 if ".E" in check else 0)
