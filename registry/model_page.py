"""What a higher app adds to a model's page, and the facts about a model that people may write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from officina import environments
from officina.errors import StudioError
from officina.packaging.rows import NotRows, read
from officina.storage import Tree
from registry import environments as named
from registry.models import AssetVersion
from registry.services.assets import update

Source = Callable[[Any, AssetVersion, Tree], dict[str, Any]]
FACTS = ("framework", "framework_version", "cpu", "memory_in_gb", "environment", "sample_input")
MOST_SAMPLE = 100_000
_sources: list[Source] = []


def provide(source: Source) -> None:
    """Let a higher app add to what the overview of a model shows."""
    if source not in _sources:
        _sources.append(source)


def more(request: Any, version: AssetVersion, tree: Tree) -> dict[str, Any]:
    """Return what the higher apps add."""
    found: dict[str, Any] = {}
    for source in _sources:
        found |= source(request, version, tree)
    return found


def describe(version: AssetVersion, given: Mapping[str, str], *, user: Any) -> AssetVersion:
    """Write framework, resource needs, environment and sample input; an empty text takes one away."""
    kept = {key: value for key, value in version.properties.items() if key not in FACTS}
    for key in FACTS:
        value = str(given.get(key, version.properties.get(key, ""))).strip()
        if value:
            kept[key] = CHECKS.get(key, _short)(key, value, version)
    return update(version, properties=kept, user=user)


def _short(key: str, value: str, version: AssetVersion) -> str:
    if len(value) > 100:
        raise StudioError(f"{key} has {len(value)} letters; 100 are the most.", where=key)
    return value


def _amount(key: str, value: str, version: AssetVersion) -> str:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 < number <= 4096:
        raise StudioError(f"{key} is a number above 0, not {value!r}.", where=key)
    return f"{number:g}"


def _environment(key: str, value: str, version: AssetVersion) -> str:
    environments.parse(named.settle(version.asset.workspace, value))
    return value


def _sample(key: str, value: str, version: AssetVersion) -> str:
    if len(value) > MOST_SAMPLE:
        raise StudioError("The sample is larger than 100 kB.", hint="A few rows do.", where=key)
    try:
        read(value)
    except NotRows as error:
        raise StudioError(
            f"The sample input is not usable: {error}",
            hint='For example {"columns": ["age", "city"], "data": [[41, "Oslo"]]}.',
            where=key,
        ) from error
    return value


CHECKS: dict[str, Callable[[str, str, AssetVersion], str]] = {
    "cpu": _amount,
    "memory_in_gb": _amount,
    "environment": _environment,
    "sample_input": _sample,
}
