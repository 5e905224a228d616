"""A folder's changes wake whoever waits for them; quiet folders only cost patience."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from officina.execution import changes


def seconds_of(waiting: changes.FolderChanges, limit: float) -> float:
    began = time.monotonic()
    waiting.wait(limit)
    return time.monotonic() - began


def test_a_line_appended_meanwhile_ends_the_wait(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.touch()

    def append() -> None:
        with log.open("a") as file:
            file.write("line\n")

    with changes.FolderChanges(tmp_path) as waiting:
        timer = threading.Timer(0.1, append)
        timer.start()
        assert seconds_of(waiting, 10) < 5
        timer.join()


def test_what_happened_before_the_wait_is_not_missed(tmp_path: Path) -> None:
    with changes.FolderChanges(tmp_path) as waiting:
        (tmp_path / ".exit").write_text("{}")
        (tmp_path / ".exit").rename(tmp_path / "exit.json")
        assert seconds_of(waiting, 10) < 5


def test_a_quiet_folder_is_waited_for_to_the_limit_and_not_longer(tmp_path: Path) -> None:
    with changes.FolderChanges(tmp_path) as waiting:
        assert 0.05 <= seconds_of(waiting, 0.05) < 2


def test_a_folder_watched_before_wakes_nobody(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    with changes.FolderChanges(old):
        (old / "file").touch()
    with changes.FolderChanges(new) as waiting:
        (old / "other").touch()
        assert seconds_of(waiting, 0.2) >= 0.2


def test_without_notices_it_looks_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes._notices, "open", lambda: -1)
    with changes.FolderChanges(tmp_path) as waiting:
        pauses = [seconds_of(waiting, 10) for _ in range(20)]
    assert pauses[0] < 1
    assert max(pauses) < 5
    assert sum(pauses[10:]) > sum(pauses[:10])
