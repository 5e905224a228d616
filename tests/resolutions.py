"""Waiting for what resolves packages aside."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from officina import environments

# Only what hangs takes so many seconds.
LIMIT = 120


def resolution_of(specification: str | Mapping[str, Any], cache: Path) -> environments.Resolution:
    """Have the packages resolved and return what came of it."""
    until = time.monotonic() + LIMIT
    while True:
        found = environments.ask(specification, cache=cache)
        if found.state is not environments.State.RESOLVING:
            return found
        assert time.monotonic() < until, found.log
        time.sleep(0.02)
