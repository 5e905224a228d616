"""Applies `--set a.b=c` to a job before it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from officina.documents import vocabulary as words
from officina.documents.reading import nearest
from officina.documents.yamlio import load_yaml
from officina.errors import StudioError

_CANONICAL = {
    **words.HEADS,
    "compute": "computeId",
    "environment": "environmentId",
    "code": "codeId",
    "environment_variables": "environmentVariables",
    "max_attempts": "maxAttempts",
}
_TOP = words.COMMAND_JOB_KEYS | words.PIPELINE_JOB_KEYS
_GROUPS = {
    "inputs",
    "outputs",
    "tags",
    "environment_variables",
    "resources",
    "limits",
    "settings",
    "properties",
}


def apply_overrides(raw: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return the job with each dotted path set; texts are read as YAML values (`0.3`, `true`, `[1,
    2]`).
    """
    result = dict(raw)
    for path, given in overrides.items():
        value = (
            load_yaml(given) if isinstance(given, str) and not given.startswith("${{") else given
        )
        keys = _keys(path)
        if not keys:
            raise StudioError(
                "an override needs a name", where="--set", hint="Write --set name=value."
            )
        if "jobType" in result:
            keys[0] = _CANONICAL.get(keys[0], keys[0])
        elif keys[0] not in result and keys[0] not in _TOP:
            raise StudioError(
                f"a job has no '{keys[0]}'", where=f"--set {path}", hint=nearest(keys[0], _TOP)
            )
        result = _set(result, keys, value, path, ())
    return result


def set_paths(raw: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of an asset or compute with each dotted path set, new ones too."""
    result: Any = dict(raw)
    for path, given in changes.items():
        value = load_yaml(given) if isinstance(given, str) else given
        keys = _keys(path)
        if not keys:
            raise StudioError(
                "an override needs a name", where="--set", hint="Write --set name=value."
            )
        result = _put(result, keys, value, path)
    return dict(result)


def _keys(path: str) -> list[str]:
    """Return the parts of `a.b[0].c`."""
    return [part for part in re.split(r"\.|\[(\d+)\]", path) if part]


def _put(container: Any, keys: list[str], value: Any, path: str) -> Any:
    """Return a container with a value set at a path; mappings on the way are made."""
    head, rest = keys[0], keys[1:]
    if isinstance(container, list):
        if not head.isdigit() or int(head) > len(container):
            raise _no_such(path, head, [str(index) for index in range(len(container))])
        index = int(head)
        old = container[index] if index < len(container) else None
        new = _put({} if old is None else old, rest, value, path) if rest else value
        return [*container[:index], new, *container[index + 1 :]]
    if not isinstance(container, Mapping):
        raise StudioError(
            f"{container!r} is a plain value, so it has no '{head}'", where=f"--set {path}",
            hint="Set it as a whole.",
        )  # fmt: skip
    old = container.get(head)
    return {
        **container,
        head: _put({} if old is None else old, rest, value, path) if rest else value,
    }


def _set(container: Any, keys: list[str], value: Any, path: str, above: tuple[str, ...]) -> Any:
    head, rest = keys[0], keys[1:]
    if isinstance(container, list):
        if not head.isdigit() or int(head) >= len(container):
            raise _no_such(path, head, [str(index) for index in range(len(container))])
        index = int(head)
        new = _set(container[index], rest, value, path, (*above, head)) if rest else value
        return [*container[:index], new, *container[index + 1 :]]
    if not isinstance(container, Mapping):
        raise StudioError(
            f"'{'.'.join(above)}' is a plain value, so it has no '{head}'",
            where=f"--set {path}",
            hint="Set it as a whole.",
        )
    old = container.get(head)
    if rest:
        if (
            old is None
            and not (above and above[-1] in ("inputs", "outputs"))
            and head not in _GROUPS
        ):
            raise _no_such(path, head, list(container))
        return {
            **container,
            head: _set({} if old is None else old, rest, value, path, (*above, head)),
        }
    if above and above[-1] == "jobs":
        raise _no_such(path, head, list(container))
    return {**container, head: _kept_shape(old, value, above)}


def _kept_shape(old: Any, value: Any, above: tuple[str, ...]) -> Any:
    """Return the new value in the shape of the old: an input keeps its type and mode when only its
    value is given.
    """
    if not (above and above[-1] == "inputs" and isinstance(old, Mapping)) or isinstance(
        value, Mapping
    ):
        return value
    if "jobInputType" in old:
        return {**old, ("value" if old["jobInputType"] == "literal" else "uri"): value}
    kind = old.get("type")
    if kind in words.LITERAL_TYPES or (kind is None and "path" not in old):
        return {**old, "value": value}
    return {**old, "path": value}


def _no_such(path: str, head: str, known: list[str]) -> StudioError:
    return StudioError(
        f"there is no '{head}' to set", where=f"--set {path}", hint=nearest(head, known)
    )
