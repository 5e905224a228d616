"""Where a folder of code stands in git, as the git binary tells."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TypedDict

TIMEOUT = 10.0
# A repository may configure commands (file-system monitor, hooks, external diff): none runs here.
_SAFE = (
    "--no-optional-locks",
    "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.untrackedCache=false",
    "-c", "diff.external=",
    "-c", "protocol.allow=never",
)  # fmt: skip


class GitState(TypedDict):
    """What a run records of its code's repository."""

    repository: str
    branch: str
    commit: str
    dirty: bool


def describe(folder: Path) -> GitState | None:
    """Return repository, branch, commit and whether the folder differs; None outside git."""
    git = shutil.which("git")
    if git is None:
        return None
    commit = _ask(git, folder, "rev-parse", "--verify", "HEAD")
    if not commit:
        return None
    status = _ask(git, folder, "status", "--porcelain", "--untracked-files=normal", "--", ".")
    branch = _ask(git, folder, "symbolic-ref", "--quiet", "--short", "HEAD") or ""
    remote = _ask(git, folder, "config", "--get", "remote.origin.url") or ""
    return GitState(
        repository=_without_password(remote), branch=branch, commit=commit, dirty=bool(status)
    )


def _ask(git: str, folder: Path, *words: str) -> str | None:
    env = {"PATH": os.defpath, "HOME": os.environ.get("HOME", "/"), "LC_ALL": "C"}
    env |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_ATTR_NOSYSTEM": "1"}
    try:
        done = subprocess.run(
            [git, *_SAFE, "-C", str(folder), *words],
            capture_output=True, env=env, timeout=TIMEOUT, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None


def _without_password(remote: str) -> str:
    return re.sub(r"^([a-z+]+://)[^/@]*@", r"\1", remote)
