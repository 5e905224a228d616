"""Names a step's result by all that decides it, and says in words how two keys differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

Document = dict[str, Any]

# What people change about a component without changing what it does.
_COSMETIC = frozenset(
    (
        "display_name",
        "description",
        "tags",
        "label",
        "help",
        "category",
        "summary",
        "doc",
        "comment",
        "position",
        "icon",
    )
)
# Their digests would tell a person nothing, and nobody chose to change them on the canvas.
ENGINE_CHANGED = "the studio's own modules or libraries were updated since"
_ELSEWHERE = frozenset(
    ["code", "environment", "code_digest", "properties", "creation_context", "$schema", "id"]
)


def key_parts(
    *,
    component: Mapping[str, Any],
    code_digest: str,
    environment_key: str,
    params: Mapping[str, Any],
    inputs: Mapping[str, str],
    places: Mapping[str, str] | None = None,
) -> Document:
    """Return all that decides a step's result, as the plain data that `step_key` hashes.

    A module is what its name and version say; a command is its text, ports and code, whatever it is
    called. `places` are the addresses that outputs are written to: another one has nothing there yet.
    """
    drop = _COSMETIC | _ELSEWHERE
    if component.get("type") != "module":
        drop |= {"name", "version", "is_deterministic", "resources", "limits"}
    return {
        "component": _stripped({k: v for k, v in component.items() if k not in drop}),
        "code": code_digest,
        "environment": environment_key,
        "params": dict(params),
        "inputs": dict(inputs),
    } | ({"places": dict(places)} if places else {})


def _stripped(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {"inputs", "outputs"}
        return {
            str(key): {name: _without_texts(port) for name, port in item.items()}
            if key in kept and isinstance(item, Mapping)
            else item
            for key, item in value.items()
            if item is not None
        }
    return value


def _without_texts(port: Any) -> Any:
    if not isinstance(port, Mapping):
        return port
    return {key: item for key, item in port.items() if key not in _COSMETIC}


def step_key(
    *,
    component: Mapping[str, Any],
    code_digest: str,
    environment_key: str,
    params: Mapping[str, Any],
    inputs: Mapping[str, str],
    places: Mapping[str, str] | None = None,
) -> str:
    """Return the SHA-256 under which a step's result can be found again; names and positions do not
    count.
    """
    parts = key_parts(
        component=component,
        code_digest=code_digest,
        environment_key=environment_key,
        params=params,
        inputs=inputs,
        places=places,
    )
    text = json.dumps(
        parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def explain_key(old_parts: Mapping[str, Any], new_parts: Mapping[str, Any]) -> list[str]:
    """Return in words what changed between two steps' keys: `input changed: test_size 0.2 ->
    0.3`.
    """
    lines = _differences(
        "input", old_parts.get("params") or {}, new_parts.get("params") or {}, _value
    )
    lines += _differences(
        "data", old_parts.get("inputs") or {}, new_parts.get("inputs") or {}, _short
    )
    lines += _differences(
        "output address", old_parts.get("places") or {}, new_parts.get("places") or {}, _value
    )
    lines += _surroundings(old_parts, new_parts)
    old, new = old_parts.get("component") or {}, new_parts.get("component") or {}
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            shown = isinstance(old.get(key), str) and isinstance(new.get(key), str)
            detail = f": {_value(old[key])} -> {_value(new[key])}" if shown else ""
            lines.append(f"component {key} changed{detail}")
    return lines


def _surroundings(old_parts: Mapping[str, Any], new_parts: Mapping[str, Any]) -> list[str]:
    """Say how code and environment differ; a built-in module's environment is the studio itself."""
    built_in = all(
        (parts.get("component") or {}).get("type") == "module" for parts in (old_parts, new_parts)
    )
    lines = []
    for part in ("code", "environment"):
        old, new = old_parts.get(part), new_parts.get(part)
        if old != new and part == "environment" and built_in:
            lines.append(ENGINE_CHANGED)
        elif old != new:
            lines.append(f"{part} changed: {_short(old)} -> {_short(new)}")
    return lines


def _differences(
    what: str, old: Mapping[str, Any], new: Mapping[str, Any], spell: Callable[[Any], str]
) -> list[str]:
    lines = []
    for name in sorted({*old, *new}):
        if name not in old:
            lines.append(f"{what} added: {name} {spell(new[name])}")
        elif name not in new:
            lines.append(f"{what} removed: {name}")
        elif old[name] != new[name] or type(old[name]) is not type(new[name]):
            lines.append(f"{what} changed: {name} {spell(old[name])} -> {spell(new[name])}")
    return lines


def _value(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _short(value: Any) -> str:
    text = str(value).removeprefix("tree:") if value else "none"
    return text[:12] if len(text) == 64 else _value(text)
