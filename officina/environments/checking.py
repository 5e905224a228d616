"""Telling before a job waits whether its environment can be had, and what it will hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from officina.environments import build, curated, interpreters, spec
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


def resolved(
    specification: str | Mapping[str, Any], *, cache: Path
) -> tuple[str, tuple[str, ...]] | None:
    """Return key and exact packages of an environment that was resolved here before, else None.

    Never asks the network: pages call it.
    """
    wanted = spec.parse(specification)
    if wanted.interpreter:
        own = interpreters.find(wanted.interpreter)
        packages = interpreters.packages(own)
        return interpreters.key(own, packages), packages
    python = build.interpreter(wanted.python, lambda _: None)
    if wanted.curated is not None:
        lock = curated.CURATED[wanted.curated].lock()
    elif not wanted.packages:
        lock = ""
    else:
        kept = build.lock_file(wanted, python=python, cache=cache)
        if not kept.exists():
            return None
        lock = kept.read_text()
    return build.key_of(lock, python), build.pins_of(lock)
