"""Registered environments: what a version holds, and the references by which jobs name it.

A version's document is Azure's: `condaFile` (text), `image`, `environmentVariables`, `osType`; beside
these `requirements` (text) and `python` (the v1 SDK's form) are understood.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from officina import environments
from officina.documents import references
from officina.errors import StudioError
from registry.models import Asset, AssetVersion
from registry.services import finding
from registry.services.assets import register
from studio.workspaces.models import Workspace

KIND = "environment"
PARTS = ("condaFile", "image", "requirements", "build", "python", "environmentVariables")


def settle(workspace: Workspace, wanted: Any) -> Any:
    """Return what a job's environment means now: a registered version becomes its own content.

    The content keeps the version's reference under `id`. Curated names and inline environments stay.
    """
    if not isinstance(wanted, str) or "\n" in wanted.strip() or not wanted.strip():
        return wanted
    reference = references.parse_reference(wanted)
    if reference.registry or not reference.name:
        return wanted
    if _is_curated(workspace, reference.name):
        return wanted
    try:
        row = finding.find(
            workspace=workspace,
            kind=KIND,
            name=wanted if wanted.startswith("azureml://workspaces/") else reference.name,
            version=reference.version or "",
            label=reference.label or "",
        )
    except StudioError as error:
        if error.code != "not_found":
            raise
        return _curated_or(wanted, reference.name, error)
    return content(row)


def _is_curated(workspace: Workspace, name: str) -> bool:
    """Return whether a name means a curated environment; one's own of that name goes first."""
    try:
        environments.parse(name)
    except StudioError:
        return False
    own = Asset.objects.filter(workspace=workspace, kind=KIND, name=name, deleted=None)
    return not own.exists()


def _curated_or(wanted: str, name: str, error: StudioError) -> str:
    try:
        environments.parse(wanted)
    except StudioError:
        curated = ", ".join(environments.curated_names())
        raise StudioError(
            error.message,
            hint=f"{error.hint} Curated: {curated}.",
            where="environment",
            code=error.code,
        ) from error
    return wanted


def content(row: AssetVersion) -> dict[str, Any]:
    """Return a version as an inline environment, with its own name and reference."""
    document = row.document
    found = {key: document[key] for key in PARTS if document.get(key)}
    if "condaFile" in found:
        found["conda_file"] = found.pop("condaFile")
    return {"name": f"{row.asset.name}:{row.version}", "id": row.reference, **found}


def create(
    *, workspace: Workspace, name: str, specification: Mapping[str, Any], version: str = "",
    description: str = "", tags: Mapping[str, str] | None = None, user: Any = None,
) -> AssetVersion:  # fmt: skip
    """Register the next version of an environment; one with the content of the latest is that one.

    Its packages are resolved aside; what is known already not to be had is refused, by name.
    """
    if name.lower() in {each.lower() for each in environments.curated_names()}:
        raise StudioError(
            f"{name} is a curated environment, and those do not change.",
            hint="Choose another name.",
            where="name",
            code="conflict",
        )
    document = as_document(specification)
    begin_resolving(inline(document, name))
    latest = (
        AssetVersion.objects.select_related("asset")
        .filter(
            asset__workspace=workspace,
            asset__kind=KIND,
            asset__name=name,
            archived=False,
            deleted=None,
        )
        .order_by("-number")
        .first()
    )
    if latest is not None and not version and latest.document == document:
        return latest
    return register(
        workspace=workspace, kind=KIND, name=name, version=version, document=document,
        description=description, tags=tags, user=user,
    )  # fmt: skip


def begin_resolving(specification: Mapping[str, Any]) -> None:
    """Have the packages resolved aside; refuse what is not understood, or known not to be had."""
    found = environments.ask(specification, cache=Path(settings.ENVIRONMENT_CACHE))
    if found.state is environments.State.FAILED and found.error is not None:
        raise found.error


def inline(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a document's content as an inline environment of this name."""
    found = {key: document[key] for key in PARTS if document.get(key)}
    if "condaFile" in found:
        found["conda_file"] = found.pop("condaFile")
    return {"name": name, **found}


def as_document(specification: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stored form of a specification in any of the spellings that are understood."""
    conda = specification.get("condaFile") or specification.get("conda_file")
    if isinstance(conda, Mapping):
        conda = yaml.safe_dump(dict(conda), sort_keys=False)
    variables = specification.get("environmentVariables") or specification.get(
        "environment_variables"
    )
    requirements = specification.get("requirements")
    if requirements and not isinstance(requirements, str):
        requirements = "\n".join(map(str, requirements))
    found = {
        "condaFile": conda,
        "image": specification.get("image"),
        "requirements": requirements,
        "build": specification.get("build"),
        "python": specification.get("python"),
        "environmentVariables": dict(variables) if variables else None,
    }
    document = {key: value for key, value in found.items() if value}
    if not document.keys() - {"environmentVariables"}:
        raise StudioError(
            "The environment names neither packages, nor an image, nor an interpreter.",
            hint="Give a conda file, requirements, an image or `python`.",
            where="environment",
        )
    return {"osType": "Linux", **document}
