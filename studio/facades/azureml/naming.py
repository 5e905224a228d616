"""The many ways in which a client names an asset, and what the engine gets instead."""

from __future__ import annotations

from typing import Any

from officina.documents import Reference, references
from officina.documents.references import bare_compute
from officina.environments import curated
from officina.errors import StudioError
from registry import services as registry
from registry.models import AssetVersion
from studio.facades.azureml import containers, places
from studio.facades.azureml.environments import specification
from studio.workspaces.models import Workspace

MODELS = frozenset({"mlflow_model", "custom_model", "triton_model"})
DEFAULT_VERSION = "azureml_default"


def parse_reference(text: str) -> Reference:
    """Return what a reference names; the client writes `azureml:x@latest` into ARM ids with its prefix."""
    return references.parse_reference(text.replace("/azureml:", "/"))


def version_of(workspace: Workspace, kind: str, text: str) -> AssetVersion:
    """Return the asset version that a reference names, hidden (anonymous) ones too."""
    ref = parse_reference(text)
    if ref.workspace and ref.workspace.lower() != workspace.name.lower():
        raise StudioError(f"{text[:200]!r} is of another workspace.", where=kind, code="not_found")
    version = "" if ref.version == DEFAULT_VERSION else ref.version or ""
    return registry.find(
        workspace=workspace, kind=kind, name=ref.name, version=version, label=ref.label or "",
        archived=bool(version),
    )  # fmt: skip


def code(workspace: Workspace, text: str | None) -> str | None:
    """Return the stored tree that a code id names."""
    if not text or text.startswith("tree:"):
        return text
    if places.is_place(text):
        return containers.tree_below(workspace, *places.locate(workspace, text)).uri
    return f"tree:{version_of(workspace, 'code', text).tree}"


def environment(workspace: Workspace, value: Any) -> Any:
    """Return the specification that an environment id names; curated ones stay a name."""
    if not isinstance(value, str) or not value:
        return value
    ref = parse_reference(value)
    if ref.kind == "registry":
        return value
    try:
        row = version_of(
            workspace, "environment", value if ref.kind != "local" else f"azureml:{value}"
        )
    except StudioError:
        curated.find(ref.name)
        return ref.name
    return specification(row)


def component(workspace: Workspace, value: Any) -> Any:
    """Return the component that an id names, ready for the engine; a built-in one stays an address."""
    if not isinstance(value, str):
        return value
    ref = parse_reference(value)
    if ref.kind == "registry":
        return value
    return version_of(workspace, "component", value).document


def data(workspace: Workspace, value: str, type_: str) -> str:
    """Return an input's address as the engine reads it: a tree, `azureml:name:version`, or as it is."""
    if "${{" in value or value.startswith("tree:"):
        return value
    if places.is_place(value):
        container, path = places.locate(workspace, value)
        if places.is_elsewhere(workspace, container):
            # Copied when the run is made, by whoever submits.
            return value
        return containers.tree_below(workspace, container, path).uri
    ref = parse_reference(value)
    if ref.kind in {"arm", "asset"}:
        return _short(ref)
    return value


def _short(ref: Reference) -> str:
    if ref.version:
        return f"azureml:{ref.name}:{ref.version}"
    return f"azureml:{ref.name}@{ref.label or 'latest'}"


def compute(value: Any) -> Any:
    """Return a compute's plain name."""
    return bare_compute(value) if isinstance(value, str) else value
