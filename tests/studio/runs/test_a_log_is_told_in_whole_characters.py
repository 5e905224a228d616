"""A job's log goes to the page as it grows, and never with half a character at its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from studio.runs import live
from studio.runs.models import Run
from studio.runs.services.following import Attempt


def test_a_character_that_has_only_begun_waits_for_its_rest(
    submit: Callable[..., Run], command: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    told: list[tuple[int, str, int]] = []
    monkeypatch.setattr(live, "tell_log", lambda guid, *piece: told.append(piece))
    attempt = Attempt(run=submit(command("true")), fence=1)
    attempt.folder.mkdir(parents=True)
    with (attempt.folder / "log.txt").open("ab", buffering=0) as log:
        log.write("1 ✓".encode()[:-1])
        assert attempt.read_log() and not attempt.read_log()
        log.write("✓".encode()[-1:] + b"\n\xff\xe2")
        assert attempt.read_log()
        attempt.note("It ended.")
    assert told == [(0, "1 ", 2), (2, "✓\n\ufffd", 7), (7, "\ufffd[officina] It ended.\n", 29)]
