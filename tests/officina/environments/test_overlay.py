"""A job may install packages without touching the environment that it shares."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from officina.environments import overlay, prepare

SHARED = "# two small wheels\niniconfig==1.1.1\ntoml==0.10.2\n"
SHOW = "import iniconfig, toml; print(iniconfig.__file__, toml.__file__)"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = tmp_path_factory.mktemp("environments")
    return prepare(SHARED, cache=cache, log=lambda _: None).python


def test_a_layer_sees_everything_of_the_shared_environment(shared: Path, tmp_path: Path) -> None:
    python = overlay(shared, tmp_path / "env")
    seen = subprocess.run([python, "-c", SHOW], capture_output=True, text=True, check=True).stdout
    assert seen.count(str(shared.parent.parent)) == 2


def test_pip_adds_to_the_layer_and_leaves_the_shared_one_alone(
    shared: Path, tmp_path: Path
) -> None:
    python = overlay(shared, tmp_path / "env")
    before = sorted(shared.parent.parent.rglob("*"))
    pip = [str(python.with_name("pip")), "install", "--quiet", "iniconfig==2.0.0", "toml"]
    subprocess.run(pip, check=True)
    seen = subprocess.run([python, "-c", SHOW], capture_output=True, text=True, check=True).stdout
    newer, same = seen.split()
    assert newer.startswith(str(tmp_path))
    assert same.startswith(str(shared.parent.parent))
    assert sorted(shared.parent.parent.rglob("*")) == before
