"""Reads the many ways a document can name a thing that lives elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from officina.errors import StudioError

Kind = Literal["asset", "registry", "datastore", "arm", "tree", "url", "local", "expression", "job"]

_REGISTRY = re.compile(
    r"azureml://registries/(?P<registry>[^/]+)/(?P<collection>environments|components|models|data|codes)/(?P<name>[^/]+)"
    r"(?:/(?:versions/(?P<version>[^/]+)|labels/(?P<label>[^/]+)))?/?\Z"
)
_DATASTORE = re.compile(
    r"azureml://(?:subscriptions/(?P<subscription>[^/]+)/resource[gG]roups/(?P<group>[^/]+)(?:/providers/[^/]+)?"
    r"/workspaces/(?P<workspace>[^/]+)/)?datastores/(?P<name>[^/]+)(?:/paths/?(?P<path>.*))?\Z",
    re.DOTALL,
)
_ARM = re.compile(
    r"(?:azureml:(?://)?)?/?subscriptions/(?P<subscription>[^/]+)/resource[gG]roups/(?P<group>[^/]+)"
    r"(?:/providers/[^/]+)?/workspaces/(?P<workspace>[^/]+)/(?P<collection>[A-Za-z]+)/(?P<name>[^/@:]+)"
    r"(?:/(?:versions/(?P<version>[^/]+)|labels/(?P<label>[^/]+))|@(?P<at>[^/]+))?/?\Z"
)
_ASSET = re.compile(
    r"azureml:(?!/)(?P<name>[^:@/\s]+)(?::(?P<version>[^:@/\s]+)|@(?P<label>[^:@/\s]+))?\Z"
)
_WORKSPACE_ASSET = re.compile(
    r"azureml://(?:locations/[^/]+/workspaces/[^/]+/)?(?P<collection>environments|components|models|data|codes)/"
    r"(?P<name>[^/]+)(?:/(?:versions/(?P<version>[^/]+)|labels/(?P<label>[^/]+)))?/?\Z"
)
_SHARED_ASSET = re.compile(
    r"azureml://workspaces/(?P<workspace>[^/]+)/(?P<collection>environments|components|models|data|codes)/"
    r"(?P<name>[^/]+)(?:/(?:versions/(?P<version>[^/]+)|labels/(?P<label>[^/]+)))?/?\Z"
)
_JOB = re.compile(
    r"azureml:(?://)?/?(?:subscriptions/.+?/)?jobs/(?P<name>[^/]+)/outputs/(?P<path>.+)\Z",
    re.DOTALL,
)
_TREE = re.compile(r"tree:(?P<name>[0-9a-f]{64})\Z")
_URL = re.compile(r"(?:https?|wasbs?|abfss?|s3|gs|adl)://", re.IGNORECASE)


@dataclass(frozen=True)
class Reference:
    """A name in one of its written forms; `name` alone is set for a plain name."""

    kind: Kind
    name: str
    version: str | None = None
    label: str | None = None
    registry: str | None = None
    collection: str | None = None
    datastore: str | None = None
    path: str | None = None
    subscription: str | None = None
    resource_group: str | None = None
    workspace: str | None = None

    @property
    def shared(self) -> bool:
        """Say whether it names another workspace's asset that is shared with this one."""
        return self.kind == "asset" and self.workspace is not None

    @property
    def is_local(self) -> bool:
        """Say whether the reference is a file or folder on the machine where the document was
        read.
        """
        return self.kind == "local"


def parse_reference(text: str) -> Reference:
    """Return what a reference names; raises StudioError for an azureml address that has none of the
    known forms.
    """
    text = text.strip()
    # `azureml:azureml://datastores/...` is what some files say; the address itself is meant.
    text = text.removeprefix("azureml:") if text.startswith("azureml:azureml:") else text
    if not text:
        raise StudioError("a reference is empty", hint="Name an asset, a path or an address.")
    if text.startswith("${{"):
        return Reference("expression", text)
    if match := _TREE.match(text):
        return Reference("tree", match["name"])
    if _URL.match(text):
        return Reference("url", text)
    if text.startswith(("azureml:", "/subscriptions/")):
        return _azureml(text)
    return Reference("local", text.removeprefix("file:"))


def _azureml(text: str) -> Reference:
    if match := _REGISTRY.match(text):
        return Reference(
            "registry",
            match["name"],
            match["version"],
            match["label"],
            match["registry"],
            match["collection"],
        )
    if match := _DATASTORE.match(text):
        return Reference(
            "datastore",
            match["name"],
            datastore=match["name"],
            path=match["path"] or "",
            subscription=match["subscription"],
            resource_group=match["group"],
            workspace=match["workspace"],
        )
    if match := _JOB.match(text):
        return Reference("job", match["name"], path=match["path"])
    if match := _ARM.match(text):
        return Reference(
            "arm",
            match["name"],
            match["version"],
            match["label"] or match["at"],
            collection=match["collection"],
            subscription=match["subscription"],
            resource_group=match["group"],
            workspace=match["workspace"],
        )
    if match := _SHARED_ASSET.match(text) or _WORKSPACE_ASSET.match(text) or _ASSET.match(text):
        groups = match.groupdict()
        return Reference(
            "asset",
            groups["name"],
            groups["version"],
            groups["label"],
            collection=groups.get("collection"),
            workspace=groups.get("workspace"),
        )
    raise StudioError(
        f"'{text}' is not an address that is understood",
        hint="Use azureml:name:version, azureml:name@latest, azureml://datastores/<d>/paths/<p> or "
        "azureml://registries/<r>/<environments|components|models|data>/<name>/versions/<v>.",
    )


def bare_compute(text: str) -> str | None:
    """Return the plain compute name of `azureml:cpu-cluster`, an ARM id or the name itself; None
    for no compute.
    """
    text = text.strip()
    if not text:
        return None
    if text.startswith("${{") or not text.startswith(("azureml:", "/subscriptions/")):
        return text
    return parse_reference(text).name
