"""What `azureml://datastores/<name>/paths/<path>` holds now, as a stored tree that never changes."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from officina.documents import parse_reference
from officina.errors import StudioError
from officina.storage import Tree
from registry.datastores import registering, services
from registry.services import storing
from studio.workspaces.access import require
from studio.workspaces.models import Workspace

# What lies elsewhere is copied while somebody waits: more takes an import, which is a run.
MOST_BYTES = 256 << 20


def names_place(uri: str) -> bool:
    """Tell whether an address names files of a datastore."""
    return uri.startswith("azureml:") and "datastores/" in uri


def tree_at(*, workspace: Workspace, uri: str, user: Any, where: str = "uri") -> Tree:
    """Return the files that an address names; a file is a tree of one.

    Files of the studio's own datastores are in the store already and cost nothing, whatever their size.
    """
    reference = parse_reference(uri)
    named = reference.workspace
    if named and named.lower() not in {workspace.name.lower(), str(workspace.guid)}:
        raise StudioError(
            f"{uri[:200]!r} is not in this workspace.", where=where, code="not_found",
            hint="Copy the files here, or have the asset shared.",
        )  # fmt: skip
    if user is not None:
        require(user, workspace, "registry.read")
    row = services.find(workspace=workspace, name=str(reference.datastore))
    path = (reference.path or "").strip("/")
    files = registering.entries_at(row, path=path, user=user, most=MOST_BYTES)
    tree = storing.store().put_manifest(files)
    storing.remember_tree(workspace=workspace, tree=tree)
    return tree


def is_file(tree: Tree, uri: str) -> bool:
    """Tell whether an address named one file rather than a folder that holds one."""
    path = str(parse_reference(uri).path or "").strip("/")
    return tree.only_file() == PurePosixPath(path).name != ""
