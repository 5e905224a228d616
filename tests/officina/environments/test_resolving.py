"""Packages are resolved aside: who asks is answered at once, and looks again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from officina import environments
from officina.environments import build, resolving, spec
from officina.environments.resolving import State
from tests.resolutions import resolution_of

TINY = "# one small wheel\niniconfig==2.0.0\n"
BAD = "# none\niniconfig==99.99.99\n"


def lock_of(specification: str, cache: Path) -> Path:
    wanted = spec.parse(specification)
    return build.lock_file(wanted, python=build.interpreter(None, print), cache=cache)


def test_who_asks_is_told_the_choices_and_at_last_the_lock(tmp_path: Path) -> None:
    assert environments.look(TINY, cache=tmp_path).state is State.UNKNOWN
    assert environments.resolved(TINY, cache=tmp_path) is None
    assert resolution_of(TINY, tmp_path).state is State.READY
    known = environments.resolved(TINY, cache=tmp_path)
    assert known is not None
    assert "iniconfig==2.0.0" in known[1]
    said = lock_of(TINY, tmp_path).with_suffix(".log").read_text().splitlines()
    assert {"iniconfig==2.0.0", "resolving 1 packages"} <= set(said)


@pytest.mark.parametrize(
    "wanted", ["sklearn-1.5", "# nothing\n# at all\n", "AzureML-Minimal", "current"]
)
def test_what_needs_no_index_is_ready_at_once(tmp_path: Path, wanted: str) -> None:
    assert environments.ask(wanted, cache=tmp_path).state is State.READY
    assert not list(tmp_path.iterdir())


def test_a_refusal_is_believed_for_a_while_and_then_asked_anew(tmp_path: Path) -> None:
    found = resolution_of(BAD, tmp_path)
    assert found.state is State.FAILED
    assert found.error is not None
    assert "iniconfig==99.99.99 cannot be had" in found.error.message
    failed = lock_of(BAD, tmp_path).with_suffix(".failed")
    first = failed.stat().st_mtime - 2 * resolving.BELIEVED
    os.utime(failed, (first, first))
    assert environments.look(BAD, cache=tmp_path).state is State.FAILED
    assert resolution_of(BAD, tmp_path).state is State.FAILED
    assert failed.stat().st_mtime > first


def test_one_resolves_while_the_others_wait(tmp_path: Path) -> None:
    lock = lock_of(TINY, tmp_path)
    lock.parent.mkdir(parents=True)
    with lock.with_suffix(".busy").open("a") as busy:  # as another process does
        assert build.try_lock(busy)
        assert environments.ask(TINY, cache=tmp_path).state is State.RESOLVING
        assert environments.look(TINY, cache=tmp_path).state is State.RESOLVING
    # It ended without a word, as when it is killed: the next one who asks goes on.
    assert resolution_of(TINY, tmp_path).state is State.READY
