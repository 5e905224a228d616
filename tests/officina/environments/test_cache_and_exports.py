"""What was built is counted and taken away; an environment is written down for elsewhere."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest
import yaml

from officina import environments
from officina.environments import cache
from officina.errors import StudioError
from officina.packaging import locking

TINY = {
    "name": "tiny",
    "conda_file": {
        "dependencies": ["python=3.11", {"pip": ["iniconfig==2.0.0"]}], "variables": {"A": 'b "c"'},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("environments")
    environments.prepare(TINY, cache=place, log=lambda _: None)
    return place


def test_second_use_takes_next_to_no_work(folder: Path) -> None:
    times = []
    for _ in range(9):
        began = time.process_time()
        assert environments.prepare(TINY, cache=folder, log=lambda _: None).cached
        times.append(time.process_time() - began)
    assert statistics.median(times) < 0.2


def test_the_log_of_a_build_names_each_package_as_it_comes(tmp_path: Path) -> None:
    lines: list[str] = []
    environments.prepare(TINY, cache=tmp_path, log=lines.append)
    assert any("+ iniconfig==2.0.0" in line for line in lines)


def test_a_prepared_environment_names_its_exact_packages(folder: Path) -> None:
    found = environments.prepare(TINY, cache=folder, log=lambda _: None)
    assert "iniconfig==2.0.0" in found.packages
    known = environments.resolved(TINY, cache=folder)
    assert known == (found.key, found.packages)


def test_the_cache_tells_size_and_age_and_keeps_what_is_in_use(tmp_path: Path) -> None:
    made = environments.prepare(TINY, cache=tmp_path, log=lambda _: None)
    [each] = cache.built(tmp_path)
    assert (each.key, each.name) == (made.key, "tiny")
    assert each.size > 1000
    assert each.packages == 2
    assert cache.clear(tmp_path, keep={made.key}) == []
    assert cache.clear(tmp_path, unused_for=3600) == []
    assert [gone.key for gone in cache.clear(tmp_path)] == [made.key]
    assert cache.built(tmp_path) == []
    assert not environments.prepare(TINY, cache=tmp_path, log=lambda _: None).cached


def test_a_lock_has_hashes_and_names_no_index(folder: Path) -> None:
    text = environments.export(TINY, form="lock", cache=folder)
    assert "iniconfig==2.0.0" in text
    assert "--hash=sha256:" in text
    assert "http" not in text


def test_a_conda_file_comes_back_as_the_same_packages(folder: Path) -> None:
    text = environments.export(TINY, form="conda", cache=folder)
    again = environments.parse(text)
    assert "iniconfig==2.0.0" in again.packages
    assert yaml.safe_load(text)["variables"] == {"A": 'b "c"'}


def test_a_dockerfile_installs_the_lock(folder: Path) -> None:
    text = environments.export(TINY, form="dockerfile", cache=folder)
    assert "FROM python:3.11-slim" in text
    assert 'ENV A="b \\"c\\""' in text
    assert "--require-hashes" in text


def test_an_unknown_form_names_the_known_ones(folder: Path) -> None:
    with pytest.raises(StudioError) as caught:
        environments.export(TINY, form="nix", cache=folder)
    assert "dockerfile" in caught.value.hint


def test_the_studios_own_packages_are_locked_with_the_hashes_that_they_were_installed_by(
    folder: Path,
) -> None:
    lock, hashed = locking.lock_for(["sklearn"])
    assert hashed
    assert lock.count("--hash=sha256:") >= lock.count("==") >= 4
    text = environments.export("current", form="lock", cache=folder)
    assert "\nscikit-learn==" in text
    assert "\nofficina==" not in text


def test_a_lock_has_hashes_of_all_packages_or_of_none() -> None:
    known = locking.lock_for(["sklearn"])[0].splitlines()[0].rstrip(" \\")
    assert locking.with_hashes([known])[1]
    assert locking.with_hashes([known, "nobody-has==1"]) == (f"{known}\nnobody-has==1\n", False)
