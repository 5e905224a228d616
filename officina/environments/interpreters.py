"""Interpreters that people look after themselves: found by name, used as they are, never built.

A path that a document names is never started here: only this studio's own interpreter, those that an
administrator lists in OFFICINA_INTERPRETERS, and those of conda environments beside them count.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path

from officina.errors import StudioError

CURRENT = "current"
_METADATA = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)\.dist-info\Z")


def known() -> dict[str, Path]:
    """Return the interpreters that an environment may name: name or path -> path."""
    found = {CURRENT: Path(sys.executable)}
    for entry in os.environ.get("OFFICINA_INTERPRETERS", "").split(os.pathsep):
        name, mark, path = entry.rpartition("=")
        if path.strip():
            found[name.strip() if mark else path.strip()] = Path(path.strip())
    return found


def find(wanted: str | None) -> Path:
    """Return the interpreter that a name or a path means; refuse what nobody listed."""
    listed = known()
    name = (wanted or CURRENT).strip()
    if name in {"python", "python3", sys.executable}:
        name = CURRENT
    path = listed.get(name) or next((p for p in listed.values() if str(p) == name), None)
    if path is None or not path.exists():
        raise StudioError(
            f"The interpreter {name!r} is not one that jobs may use.",
            hint=f"Known: {', '.join(listed)}. An administrator lists more in OFFICINA_INTERPRETERS.",
            where="environment.python.interpreterPath",
            code="not_found",
        )
    return path


def packages(python: Path) -> tuple[str, ...]:
    """Return the `name==version` of what an interpreter has, read from its folders alone."""
    found: dict[str, str] = {}
    for folder in python.parent.parent.glob("lib/python*/*-packages"):
        for entry in folder.glob("*.dist-info"):
            match = _METADATA.match(entry.name)
            if match:
                name = re.sub(r"[-_.]+", "-", match["name"]).lower()
                found[name] = match["version"]
    return tuple(f"{name}=={version}" for name, version in sorted(found.items()))


def key(python: Path, installed: tuple[str, ...]) -> str:
    """Return the digest of an interpreter and all that it has."""
    return hashlib.sha256("\0".join([str(python), *installed]).encode()).hexdigest()
