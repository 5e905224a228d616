"""The curated environments as assets: every workspace has them, nobody changes them, no row keeps them."""

from __future__ import annotations

from typing import Any

import yaml

from officina import environments
from officina.environments.curated import Curated, find
from officina.errors import StudioError
from registry.models import Asset
from studio.workspaces.models import Workspace

KIND = "environment"
# They come with the studio: there is one version of each.
VERSION = "1"


def curated_named(workspace: Workspace, kind: str, name: str) -> Curated | None:
    """Return the curated environment of this name or alias, unless the workspace has its own of it."""
    if kind != KIND:
        return None
    try:
        found = find(name)
    except StudioError:
        return None
    own = Asset.objects.filter(workspace=workspace, kind=kind, name=name, deleted=None)
    return None if own.exists() else found


def document_of(one: Curated) -> dict[str, Any]:
    """Return a curated environment in Azure's words, with its packages as a conda file."""
    pip: list[Any] = [{"pip": list(one.packages)}] if one.packages else []
    conda = {"name": one.name, "dependencies": [f"python={one.python}", "pip", *pip]}
    return {
        "osType": "Linux",
        "environmentType": "Curated",
        "condaFile": yaml.safe_dump(conda, sort_keys=False),
    }


def as_version(workspace: Workspace, one: Curated) -> dict[str, Any]:
    """Return a curated environment in the shape of a registered version."""
    return _common(workspace, one) | {
        "version": VERSION,
        "reference": f"azureml:{one.name}@latest",
        "document": document_of(one),
        "tree": "",
        "labels": ["latest"],
        "run_guid": "",
        "created_by": None,
    }


def as_assets(workspace: Workspace, *, text: str = "") -> list[dict[str, Any]]:
    """Return the curated environments whose name, alias or description has the words, as a list has them."""
    rows = []
    for one in environments.CURATED.values():
        words = " ".join((one.name, one.description, *one.aliases)).lower()
        if text.lower() in words and curated_named(workspace, KIND, one.name):
            rows.append(_common(workspace, one) | {"latest": VERSION, "versions": 1})
    return rows


def _common(workspace: Workspace, one: Curated) -> dict[str, Any]:
    return {
        "kind": KIND,
        "name": one.name,
        "description": one.description,
        "tags": {},
        "properties": {"curated": "true", "aliases": ", ".join(one.aliases)},
        "archived": False,
        "stage": "",
        "size": None,
        "created": workspace.created,
        "changed": workspace.created,
    }


def refuse_change(workspace: Workspace, kind: str, name: str) -> None:
    """Raise if this names a curated environment."""
    if (one := curated_named(workspace, kind, name)) is not None:
        raise StudioError(
            f"{one.name} is a curated environment, and those do not change.",
            hint="Register an environment of your own from its conda file.",
            where="name",
            code="conflict",
        )
