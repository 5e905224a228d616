"""What the pages and the API tell of environments: curated and own ones, their builds and the cache."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from officina import environments
from officina.environments import cache
from officina.errors import StudioError
from registry import environments as registered
from registry import services as registry
from registry.models import AssetVersion
from studio.runs.models import Run
from studio.runs.services.building import builds_of
from studio.workspaces.models import Workspace

# "ready" has its exact packages; the first job builds it.
_UNRESOLVED = {environments.State.RESOLVING: "resolving", environments.State.FAILED: "failed"}
UNUSED_FOR = 7 * 86_400.0


@dataclass
class Facts:
    """One environment, as shown."""

    name: str
    version: str
    reference: str
    wanted: Any
    curated: bool = False
    python: str = ""
    description: str = ""
    aliases: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    state: str = "not built"
    built: cache.Built | None = None
    build: Run | None = None
    problem: str = ""
    # What resolving its packages said, line by line.
    log: str = ""
    row: AssetVersion | None = None
    document: dict[str, Any] = field(default_factory=dict)


def folder() -> Path:
    """Return the cache folder of this machine."""
    return Path(settings.ENVIRONMENT_CACHE)


def curated() -> list[Facts]:
    """Return the curated environments."""
    return [
        _complete(
            Facts(
                name=one.name, version="", reference=f"azureml:{one.name}@latest", wanted=one.name,
                curated=True, description=one.description, aliases=one.aliases,
            )
        )
        for one in environments.CURATED.values()
    ]  # fmt: skip


def facts_of(workspace: Workspace, row: AssetVersion) -> Facts:
    """Return what is known of a registered version."""
    found = Facts(
        name=row.asset.name,
        version=row.version,
        reference=row.reference,
        wanted=registered.content(row),
        description=row.description or row.asset.description,
        row=row,
        document=row.document,
    )
    found = _complete(found)
    found.build = builds_of(workspace, row.reference).select_related("workspace").first()
    if found.build is not None and found.state in {"not built", "ready"}:
        if not found.build.is_ended:
            found.state = "building"
        elif found.build.status == "Failed":
            found.state = "failed"
    return found


def find(workspace: Workspace, name: str, version: str = "") -> Facts:
    """Return a registered environment or a curated one by its name."""
    try:
        row = registry.find(workspace=workspace, kind=registered.KIND, name=name, version=version)
    except StudioError:
        known = next((each for each in curated() if each.name == name), None)
        if known is None:
            raise
        return known
    return facts_of(workspace, row)


def _complete(found: Facts) -> Facts:
    try:
        wanted = environments.parse(found.wanted)
        found.python, found.warnings = wanted.python or "", wanted.warnings
        found.asked = wanted.packages
        known = environments.resolved(found.wanted, cache=folder())
    except StudioError as error:
        found.problem, found.state = error.message, "cannot be built"
        return found
    if known is None:
        resolution = environments.look(found.wanted, cache=folder())
        found.state, found.log = _UNRESOLVED.get(resolution.state, "not built"), resolution.log
        found.problem = resolution.error.message.partition("\n")[0] if resolution.error else ""
        return found
    key, found.packages = known
    found.built = None if wanted.interpreter else cache.state(folder(), key)
    found.state = "as it is" if wanted.interpreter else "built" if found.built else "ready"
    return found


def cached() -> list[dict[str, Any]]:
    """Return what the cache of this machine holds."""
    return [
        {
            "key": each.key,
            "name": each.name,
            "python": each.python,
            "packages": each.packages,
            "size": each.size,
            "built": datetime.fromtimestamp(each.built, UTC),
            "used": datetime.fromtimestamp(each.used, UTC),
        }
        for each in cache.built(folder())
    ]


def clear_cache(*, keys: list[str] | None = None, unused_for: float = UNUSED_FOR) -> int:
    """Delete environments that no run uses now and return the bytes; the next use builds them again.

    With `keys` just these, whenever they were used; else all that were unused for so long.
    """
    keep = _in_use()
    if keys is not None:
        keep |= {each.key for each in cache.built(folder())} - set(keys)
        unused_for = 0.0
    return sum(each.size for each in cache.clear(folder(), keep=keep, unused_for=unused_for))


def _in_use() -> set[str]:
    """Return the keys of the environments in which something runs."""
    used: set[str] = set()
    for document in Run.objects.held().values_list("document", flat=True):
        wanted = document.get("environmentId") or environments.DEFAULT
        try:
            known = environments.resolved(wanted, cache=folder())
        except StudioError:
            continue
        used |= {known[0]} if known else set()
    return used
