"""What decides the result of a compiled step: whatever is not in here may change freely."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import officina

Document = dict[str, Any]
# What the built-in modules compute with: another version may give other numbers.
_LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy", "pyarrow", "statsmodels")


def decisive(document: Mapping[str, Any], environment_key: Callable[[Any], str]) -> Document:
    """Return what `step_key` and `key_parts` take, from the document that `compile_step` made.

    `environment_key` gives the key of a command's environment. Built-in modules run in the
    studio's own environment: their own code and its libraries stand in its place.
    """
    component = document.get("component") or {}
    code = str(document.get("codeId") or component.get("code") or "")
    inputs = document.get("inputs") or {}
    is_module = component.get("type") == "module"
    return {
        "component": {**component, "command": document.get("command")},
        "code_digest": code.removeprefix("tree:"),
        "environment_key": engine_key()
        if is_module
        else environment_key(document.get("environmentId")),
        "params": _params(document, inputs),
        "inputs": {
            name: str(entry.get("uri") or "").removeprefix("tree:")
            for name, entry in inputs.items()
            if entry.get("jobInputType") != "literal"
        },
        "places": {
            name: str(entry["uri"])
            for name, entry in (document.get("outputs") or {}).items()
            if entry.get("uri")
        },
    }


def _params(document: Mapping[str, Any], inputs: Mapping[str, Any]) -> Document:
    """Return the literal inputs, and under names that no input has what else the job is given."""
    found = {
        name: entry.get("value")
        for name, entry in inputs.items()
        if entry.get("jobInputType") == "literal"
    }
    for name, value in (document.get("environmentVariables") or {}).items():
        found[f"env:{name}"] = value
    for name, entry in (document.get("outputs") or {}).items():
        if entry.get("uri"):  # a file's own name comes from it
            found[f"output:{name}"] = entry["uri"]
    if document.get("distribution"):
        found["job:distribution"] = document["distribution"]
    return found


@functools.cache
def engine_key() -> str:
    """Return the digest of the built-in modules' code and of the libraries that they compute with.

    An upgrade of the studio changes it: results of the version before are not taken for its own.
    """
    digest = hashlib.sha256(platform.python_version().encode())
    root = Path(officina.__file__).parent
    for file in sorted((root / "modules").rglob("*.py")):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    for name in _LIBRARIES:
        digest.update(f"{name}=={_version(name)}".encode())
    return digest.hexdigest()


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
