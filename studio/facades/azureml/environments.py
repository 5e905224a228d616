"""Environments between their REST form and what the engine builds from."""

from __future__ import annotations

from typing import Any

import yaml

from officina.environments import curated
from registry.curated import VERSION, document_of
from registry.environments import begin_resolving
from registry.models import AssetVersion

_REST = {"conda_file": "condaFile", "os_type": "osType", "inference_config": "inferenceConfig"}
_KNOWN = ("image", "condaFile", "build", "osType", "inferenceConfig", "isAnonymous", "stage")


def specification(row: AssetVersion) -> dict[str, Any]:
    """Return what the engine builds an environment version from."""
    found = {"name": row.asset.name, "version": row.version}
    rest = properties(row)
    for key, name in (("image", "image"), ("condaFile", "conda_file"), ("build", "build")):
        if rest.get(key):
            found[name] = rest[key]
    if row.document.get("requirements"):
        found["requirements"] = row.document["requirements"]
    return found


def properties(row: AssetVersion) -> dict[str, Any]:
    """Return an environment version's own REST properties."""
    given = {_REST.get(key, key): value for key, value in row.document.items()}
    found = {key: given[key] for key in _KNOWN if given.get(key) is not None}
    if "dependencies" in given:
        found["condaFile"] = {
            key: given[key] for key in ("name", "channels", "dependencies") if key in given
        }
    if isinstance(found.get("condaFile"), dict):
        found["condaFile"] = yaml.safe_dump(found["condaFile"], sort_keys=False)
    return {"osType": "Linux", "environmentType": "UserCreated", **found}


def check(document: dict[str, Any]) -> None:
    """Refuse an environment that cannot be understood; one that only Docker could build is kept."""
    if not document.get("build"):
        begin_resolving(document)


# -- curated ones, which every workspace has ------------------------------------------------------

CURATED_VERSION = VERSION


def curated_properties(one: curated.Curated) -> dict[str, Any]:
    """Return a curated environment's REST properties, with its packages as a conda file."""
    return {
        "description": one.description,
        "tags": {},
        "properties": {},
        "isAnonymous": False,
        "isArchived": False,
        "image": None,
        **document_of(one),
    }
