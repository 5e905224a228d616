"""What `azureml://datastores/<name>/paths/<path>` holds now, as a stored tree; and writing one there."""

from __future__ import annotations

from functools import partial
from pathlib import PurePosixPath
from typing import Any

from officina.documents import parse_reference
from officina.errors import StudioError
from officina.storage import Blob, Tree
from officina.storage.paths import check_name
from registry.datastores import registering, services
from registry.datastores.background import Started
from registry.datastores.own import Own
from registry.models import Datastore
from registry.services import storing
from studio.workspaces.access import require
from studio.workspaces.models import Workspace

CHUNK = 1 << 20
# Where the studio shows what it keeps under names of its own.
_KEPT = {"workspaceblobstore": ("trees/", "folders/")}
# What lies elsewhere is copied while somebody waits: more takes an import, which is a run.
MOST_BYTES = 256 << 20


def names_place(uri: str) -> bool:
    """Tell whether an address names files of a datastore."""
    return uri.startswith("azureml:") and "datastores/" in uri


def tree_at(*, workspace: Workspace, uri: str, user: Any, where: str = "uri") -> Tree:
    """Return the files that an address names; a file is a tree of one.

    Files of the studio's own datastores are in the store already and cost nothing, whatever their size.
    """
    name, path = _parts(workspace, uri, where)
    if user is not None:
        require(user, workspace, "registry.read")
    row = services.find(workspace=workspace, name=name)
    files = registering.entries_at(row, path=path, user=user, most=MOST_BYTES)
    tree = storing.store().put_manifest(files)
    storing.remember_tree(workspace=workspace, tree=tree)
    return tree


def start_if_large(
    *, workspace: Workspace, uri: str, user: Any, where: str, **version: Any
) -> Started | None:
    """Start the run that registers an address as data; None for what is copied while one waits."""
    name, path = _parts(workspace, uri, where)
    row = services.find(workspace=workspace, name=name)
    return registering.start_if_large(row, path=path, user=user, **version)


def is_file(tree: Tree, uri: str) -> bool:
    """Tell whether an address named one file rather than a folder that holds one."""
    path = str(parse_reference(uri).path or "").strip("/")
    return tree.only_file() == PurePosixPath(path).name != ""


def check_writable(*, workspace: Workspace, uri: str, user: Any, where: str) -> Datastore:
    """Return the datastore that an output is to be written to; refuse it where nobody may write."""
    name, path = _parts(workspace, uri, where)
    if user is not None:
        require(user, workspace, "registry.write")
    row = services.find(workspace=workspace, name=name)
    if f"{path}/".startswith(_KEPT.get(row.name, ("/",))):
        raise StudioError(
            f"The studio itself names what lies at {uri[:200]!r}.", where=where, code="forbidden",
            hint="Choose another folder, for example paths/mine/${{name}}.",
        )  # fmt: skip
    if services.kind_of(row).gives != "files" or row.kind == "http" or row.config.get("read_only"):
        raise StudioError(
            f"Nothing can be written to the datastore {row.name}.", where=where, code="forbidden",
            hint="Name one of files that may be written.",
        )  # fmt: skip
    if path:
        check_name(path)
    return row


def write_tree(*, workspace: Workspace, uri: str, tree: Tree, is_file: bool, user: Any) -> int:
    """Write a tree's files to an address, in the place of what has their names; return how many.

    Its only file gets the address itself when `is_file`, unless that ends in "/".
    """
    row = check_writable(workspace=workspace, uri=uri, user=None, where="path")
    _, path = _parts(workspace, uri, "path")
    only = tree.only_file() if is_file and not uri.endswith("/") and path else None
    names = {only: path} if only else {name: f"{path}/{name}".lstrip("/") for name in tree.files}
    place = services.files(row, user=user, reason="output of a job")
    store = storing.store()
    for name, target in names.items():
        entry = tree.files[name]
        if isinstance(place, Own):
            place.name(target, Blob(entry.sha256, entry.size))
            continue
        with store.open(entry.sha256) as source:
            place.write(target, iter(partial(source.read, CHUNK), b""), overwrite=True)
    return len(names)


def _parts(workspace: Workspace, uri: str, where: str) -> tuple[str, str]:
    """Return the datastore and path that an address names; another workspace's is not found."""
    reference = parse_reference(uri)
    if reference.kind != "datastore":
        raise StudioError(
            f"{uri[:200]!r} is not an address in a datastore.", where=where,
            hint="Use azureml://datastores/<datastore>/paths/<path>.",
        )  # fmt: skip
    named = reference.workspace
    if named and named.lower() not in {workspace.name.lower(), str(workspace.guid)}:
        raise StudioError(
            f"{uri[:200]!r} is not in this workspace.", where=where, code="not_found",
            hint="Copy the files here, or have the asset shared.",
        )  # fmt: skip
    return str(reference.datastore), (reference.path or "").strip("/")
