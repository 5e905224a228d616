"""Telling before a job waits whether its environment can be had at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from officina.environments import build, interpreters, spec
from officina.environments.uv import IndexUnreachable

# An index that needs longer than this is asked again by the worker.
LIMIT = 60.0


def check(specification: str | Mapping[str, Any], *, cache: Path) -> spec.Requirements:
    """Resolve to a lock, which is kept; raise with the package's name when that cannot be.

    An index that does not answer is no reason to refuse: the build asks again.
    """
    wanted = spec.parse(specification)
    if wanted.interpreter:
        interpreters.find(wanted.interpreter)
        return wanted
    python = build.interpreter(wanted.python, lambda _: None)
    try:
        build.lock_of(wanted, python=python, cache=cache, log=lambda _: None, limit=LIMIT)
    except IndexUnreachable:
        return wanted
    return wanted


def resolved(specification: str | Mapping[str, Any], *, cache: Path) -> tuple[str, ...]:
    """Return the exact packages of an environment, from its lock; the first time over the network."""
    wanted = spec.parse(specification)
    if wanted.interpreter:
        return interpreters.packages(interpreters.find(wanted.interpreter))
    python = build.interpreter(wanted.python, lambda _: None)
    return build.pins_of(build.lock_of(wanted, python=python, cache=cache, log=lambda _: None))
