"""An environment's specification taken from one that exists: this process's own, or a conda one."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from pathlib import Path
from typing import Any

from officina.environments import interpreters
from officina.errors import StudioError


def capture(*, name: str = "captured") -> dict[str, Any]:
    """Return the packages of the interpreter that runs this, as a conda file's content."""
    found = {
        re.sub(r"[-_.]+", "-", each.metadata["Name"]).lower(): each.version
        for each in importlib.metadata.distributions()
        if each.metadata["Name"] and "@" not in each.version
    }
    pins = [f"{package}=={version}" for package, version in sorted(found.items())]
    return _conda(name, ".".join(platform.python_version_tuple()[:2]), pins)


def capture_conda(wanted: str, *, name: str = "") -> dict[str, Any]:
    """Return the Python packages of a local conda environment, found by its name or folder."""
    places = _conda_places()
    place = places.get(wanted) or (Path(wanted) if (Path(wanted) / "conda-meta").is_dir() else None)
    if place is None:
        raise StudioError(
            f"There is no conda environment {wanted!r} on this machine.",
            hint=f"Known: {', '.join(sorted(places)) or 'none'}.",
            where="conda",
            code="not_found",
        )
    versions = sorted(place.glob("conda-meta/python-[0-9]*.json"))
    match = re.match(r"python-(\d+\.\d+)", versions[-1].name) if versions else None
    pins = list(interpreters.packages(place / "bin" / "python"))
    return _conda(name or wanted, match[1] if match else "3.11", pins)


def _conda(name: str, python: str, pins: list[str]) -> dict[str, Any]:
    return {"name": name, "dependencies": [f"python={python}", "pip", {"pip": pins}]}


def _conda_places() -> dict[str, Path]:
    listed = Path.home() / ".conda" / "environments.txt"
    folders = (
        [Path(line) for line in listed.read_text().split("\n") if line] if listed.exists() else []
    )
    roots = {os.environ.get("CONDA_PREFIX"), os.environ.get("MAMBA_ROOT_PREFIX")} - {None}
    for root in roots:
        folders += [Path(str(root)), *Path(str(root)).glob("envs/*")]
    return {place.name: place for place in folders if (place / "conda-meta").is_dir()}
