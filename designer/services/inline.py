"""Components that the steps of an imported pipeline bring along: kept, but not put on offer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from officina.catalogue import Catalogue, Component
from officina.errors import StudioError
from registry import services as registry
from registry.models import Asset
from studio.runs.services.creating import catalogue_of
from studio.workspaces.models import Workspace

KIND = "component"


def registered(
    *, workspace: Workspace, user: Any, document: Mapping[str, Any], has_run: bool = False
) -> dict[str, Any]:
    """Return the pipeline with each component that is not known here registered by its content.

    The same content has the same name, so that it is stored once and an export comes back the same.
    In a pipeline that has run, the names of environments have become what they meant then.
    """
    catalogue = catalogue_of(workspace)
    jobs = {}
    for step, job in (document.get("jobs") or {}).items():
        spec = job.get("component")
        if isinstance(spec, Mapping) and not _is_known(catalogue, spec, has_run):
            component = anonymous(step, job, spec)
            _keep(workspace, user, component)
            named = {**spec, "name": component.name, "version": component.version}
            job = {**job, "component": named}
        jobs[step] = job
    return {**document, "jobs": jobs}


def anonymous(step: str, job: Mapping[str, Any], spec: Mapping[str, Any]) -> Component:
    """Return the component of a step under a name made of its content."""
    title = spec.get("display_name") or spec.get("name") or job.get("displayName") or step
    text = {**spec, "name": step, "version": "1", "display_name": title}
    whole = Component.from_spec(text).to_spec()
    content = {key: value for key, value in whole.items() if key not in {"name", "version"}}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return Component.from_spec({**content, "name": f"inline_{digest[:12]}", "version": "1"})


def _is_known(catalogue: Catalogue, spec: Mapping[str, Any], has_run: bool) -> bool:
    """Say whether this very component is here; another of the same name is not it."""
    try:
        held = catalogue.get(str(spec.get("name") or ""), str(spec.get("version") or "1"))
        if held.type == "module":
            return True
        one, other = held.to_spec(), Component.from_spec(spec).to_spec()
    except StudioError:
        return False
    if has_run:
        other["environment"] = one.get("environment")
    return one == other


@transaction.atomic
def _keep(workspace: Workspace, user: Any, component: Component) -> None:
    rows = Asset.objects.filter(workspace=workspace, kind=KIND, name=component.name)
    if rows.exists():
        return
    spec = component.to_spec()
    code = str(spec.get("code") or "")
    digest = code.removeprefix("tree:") if code.startswith("tree:") else ""
    registry.register(
        workspace=workspace,
        kind=KIND,
        name=component.name,
        document=spec,
        tree=registry.open_tree(workspace=workspace, digest=digest) if digest else None,
        version=component.version,
        description="Came with an imported pipeline.",
        user=user,
    )
    # Lists leave out what is archived; the drafts that use it find it all the same.
    rows.update(archived=True)
