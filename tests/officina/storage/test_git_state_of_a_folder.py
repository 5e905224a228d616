from __future__ import annotations

import subprocess
from pathlib import Path

from officina.storage.git import describe


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode().strip()


def test_a_folder_outside_git_has_no_state(tmp_path: Path) -> None:
    assert describe(tmp_path) is None


def test_commit_branch_and_changes_are_told_and_no_password(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "work")
    (tmp_path / "a.py").write_text("1")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-q", "-m", "one")
    git(tmp_path, "remote", "add", "origin", "https://me:secret@example.org/r.git")
    clean = describe(tmp_path)
    assert clean == {
        "repository": "https://example.org/r.git",
        "branch": "work",
        "commit": git(tmp_path, "rev-parse", "HEAD"),
        "dirty": False,
    }
    (tmp_path / "a.py").write_text("2")
    changed = describe(tmp_path)
    assert changed is not None
    assert changed["dirty"] is True


def test_a_repositorys_own_commands_do_not_run(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("1")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-q", "-m", "one")
    git(tmp_path, "config", "core.fsmonitor", f"touch {tmp_path}/ran")
    assert describe(tmp_path) is not None
    assert not (tmp_path / "ran").exists()
