"""What the pages call each kind of asset, and where they live."""

from __future__ import annotations

from typing import NamedTuple

from django.urls import reverse

from studio.workspaces.models import Workspace


class Words(NamedTuple):
    """A kind's title, its name in a sentence, its icon, its folder in addresses, and what an empty list says."""

    kind: str
    title: str
    one: str
    icon: str
    folder: str
    empty: str
    upload: bool = False


WORDS = {
    "model": Words(
        "model", "Models", "model", "box", "models",
        "Upload a model's file or folder here, or register one from a run's page once it has completed.", True,
    ),
    "data": Words(
        "data", "Data", "data asset", "database", "data",
        "Drop files or a folder here, or register them with the officina command: "
        "officina data create -f data.yml", True,
    ),
    "code": Words(
        "code", "Code", "code asset", "code", "code",
        "Drop a folder of scripts here; jobs may then name it instead of uploading it each time.", True,
    ),
    "component": Words(
        "component", "Components", "component", "puzzle", "components",
        "Register one with the officina command: officina component create -f component.yml",
    ),
    "environment": Words(
        "environment", "Environments", "environment", "package", "environments",
        "Register one with the officina command: officina environment create -f environment.yml",
    ),
}  # fmt: skip


def page_url(workspace: Workspace, kind: str, name: str, version: str = "", tab: str = "") -> str:
    """Return the address of an asset's page."""
    url = reverse("asset", args=[workspace.name, WORDS[kind].folder, name])
    query = [f"version={version}"] * bool(version) + [f"tab={tab}"] * bool(tab)
    return url + ("?" + "&".join(query) if query else "")
