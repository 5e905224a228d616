from __future__ import annotations

import subprocess
from pathlib import Path

from officina.storage.folders import walk
from officina.storage.ignore import load_ignore

FILES = [
    "keep.py",
    "a.log",
    "important.log",
    "build/out.bin",
    "build/keep.txt",
    "deep/x.log",
    "deep/y.tmp",
    "deep/z.txt",
    "deep/build/q.txt",
    "docs/a.txt",
    "docs/sub/b.txt",
    "data/big.bin",
    "data/small.bin",
    "only/root.cfg",
    "root.cfg",
]
RULES = """*.log
!important.log
build/
/root.cfg
docs/**
!docs/a.txt
# comment
data/*
!data/small.bin
"""
NESTED = "*.tmp\n!x.log\n"


def make(root: Path, name: str) -> None:
    for file in FILES:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file)
    (root / name).write_text(RULES)
    (root / "deep" / name).write_text(NESTED)


def kept(root: Path) -> set[str]:
    return {name for name, _ in walk(root, ignore=load_ignore(root))}


def test_the_same_files_stay_as_git_would_add(tmp_path: Path) -> None:
    make(tmp_path, ".gitignore")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "-A"], cwd=tmp_path, check=True)
    listed = subprocess.run(["git", "ls-files"], cwd=tmp_path, check=True, capture_output=True)
    assert kept(tmp_path) == set(listed.stdout.decode().split())
    assert {"important.log", "deep/x.log", "data/small.bin"} <= kept(tmp_path)


def test_amlignore_wins_over_gitignore(tmp_path: Path) -> None:
    make(tmp_path, ".gitignore")
    (tmp_path / ".amlignore").write_text("*.py\n")
    assert "a.log" in kept(tmp_path)
    assert "keep.py" not in kept(tmp_path)


def test_caches_and_repositories_are_always_left_out(tmp_path: Path) -> None:
    for name in (
        ".git/config",
        "__pycache__/a.pyc",
        ".venv/bin/python",
        "node_modules/x/y.js",
        "a.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert kept(tmp_path) == {"a.py"}
