"""Addresses of files: what `azureml://.../datastores/<d>/paths/<p>` means here, and back."""

from __future__ import annotations

import re
from urllib.parse import unquote

from django.http import HttpRequest

from officina.documents import parse_reference
from officina.errors import StudioError
from registry.datastores import services as datastores
from studio.facades.azureml.clouds import STORAGE_SUFFIX
from studio.workspaces.models import Workspace

DEFAULT = "workspaceblobstore"
ARTIFACTS = "workspaceartifactstore"
# Where the client looks for what a job left, and for the files of one named output.
RUN_FOLDER = "ExperimentRun/dcid."
OUTPUT_FOLDER = "azureml/"
TREE_FOLDER = "trees/"
# The same with a name of the folder's own between, so that a download is called so.
NAMED_FOLDER = "folders/"
# The containers that code is uploaded to, one for each.
_OF_CODE = re.compile(r"code-[0-9a-f]{32}\Z")
_BLOB_URL = re.compile(
    r"https?://[^?#]*/(?P<account>[0-9a-f]{32})\.blob\.[^/?#]+/(?P<container>[^/?#]+)/(?P<path>[^?#]*)",
    re.IGNORECASE,
)


def address(workspace: Workspace, datastore: str, path: str) -> str:
    """Return the long address of a path in a datastore."""
    return (
        f"azureml://subscriptions/{workspace.subscription_id}"
        f"/resourcegroups/{workspace.resource_group}/workspaces/{workspace.name}"
        f"/datastores/{datastore}/paths/{path}"
    )


def of_tree(workspace: Workspace, digest: str, name: str = "") -> str:
    """Return the address of a stored tree, or of one file in it."""
    return address(workspace, DEFAULT, f"{TREE_FOLDER}{digest}/{name}")


def of_folder(workspace: Workspace, digest: str, name: str) -> str:
    """Return the address of a stored tree as a folder of this name."""
    return address(workspace, DEFAULT, f"{NAMED_FOLDER}{digest}/{name}")


def account(request: HttpRequest, workspace: Workspace) -> str:
    """Return the account name that makes the client's blob addresses lead back to this studio.

    It builds `https://<account>.blob.<suffix>`: with our own host and a path in the account, the
    rest of a host name becomes part of the path.
    """
    return f"{request.get_host()}/blob/{workspace.guid.hex}"


def container_url(request: HttpRequest, workspace: Workspace, container: str) -> str:
    """Return a container's blob address."""
    return f"https://{account(request, workspace)}.blob.{STORAGE_SUFFIX}/{container}"


def locate(workspace: Workspace, uri: str) -> tuple[str, str]:
    """Return the container and path that an address names; another workspace's is not found."""
    match = _BLOB_URL.match(uri)
    if match:
        if match["account"].lower() != workspace.guid.hex:
            raise _elsewhere(uri)
        return match["container"], unquote(match["path"]).strip("/")
    reference = parse_reference(uri)
    if reference.kind != "datastore" or reference.datastore is None:
        raise StudioError(
            f"{uri[:200]!r} is not an address in a datastore.",
            hint="Use azureml://datastores/<datastore>/paths/<path>.",
            where="uri",
        )
    named = reference.workspace
    if named and named.lower() not in {workspace.name.lower(), str(workspace.guid)}:
        raise _elsewhere(uri)
    return reference.datastore, (reference.path or "").strip("/")


def is_place(uri: str) -> bool:
    """Say whether an address names files in one of our containers."""
    return "datastores/" in uri or bool(_BLOB_URL.match(uri))


def is_elsewhere(workspace: Workspace, container: str) -> bool:
    """Say whether a datastore is not the studio's own; one that there is not is an error."""
    if container.lower() in {DEFAULT, ARTIFACTS} or _OF_CODE.match(container):
        return False
    row = datastores.find(workspace=workspace, name=container)
    return row.kind != datastores.OWN.name


def _elsewhere(uri: str) -> StudioError:
    return StudioError(
        f"{uri[:200]!r} is not in this workspace.", where="uri", code="not_found",
        hint="Upload the files to this workspace, or register them as data here.",
    )  # fmt: skip
