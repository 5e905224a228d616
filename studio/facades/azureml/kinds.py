"""What differs between the kinds of assets: how each is stored, and how it is sent back."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from officina.component import Component
from officina.documents import vocabulary as words
from officina.documents.components import read_spec
from officina.documents.reading import Reading
from officina.documents.yamlio import Located
from officina.errors import StudioError
from officina.storage import Tree
from registry import lineage
from registry import services as registry
from registry.datastores import addresses
from registry.datastores.background import Started
from registry.models import COLLECTIONS, AssetVersion
from studio.facades.azureml import containers, environments, places, signing, wire
from studio.facades.azureml.models import SentAsset
from studio.workspaces.models import Workspace

ANONYMOUS = ("azureml_anonymous", "CliV2AnonymousEnvironment")
_OF_JOB = re.compile(r"azureml://jobs/(?P<run>[^/]+)/outputs/(?P<rest>.+)\Z")
# As MLflow names what a run logged.
_LOGGED = re.compile(r"runs:/(?P<run>[^/]+)/(?P<path>.+)\Z")
_SUBSCRIPTION = re.compile(r"/subscriptions/[^/]*/resourceGroups/[^/]*/", re.IGNORECASE)
_HASH = re.compile(r"[0-9a-f]{32,128}\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Kind:
    """One row of the table: REST properties -> (document, tree), and a version -> REST properties."""

    read: Callable[[Workspace, str, str, dict[str, Any], Any], tuple[dict[str, Any], Tree | None]]
    properties: Callable[[AssetVersion], dict[str, Any]]
    # The properties that make a version what it is: they never change.
    content: tuple[str, ...]


def of(kind: str) -> Kind:
    return _KINDS[kind]


def is_anonymous(name: str) -> bool:
    return name in ANONYMOUS


def register(
    *, workspace: Workspace, kind: str, name: str, version: str, properties: dict[str, Any],
    user: Any,
) -> AssetVersion:  # fmt: skip
    """Register a version from its REST properties; anonymous ones are kept out of lists."""
    document, tree = of(kind).read(workspace, name, version, properties, user)
    row = registry.register(
        workspace=workspace, kind=kind, name=name, version=version, document=document, tree=tree,
        description=wire.text(properties, "description"), tags=wire.texts(properties, "tags"),
        properties=wire.texts(properties, "properties"), run_guid=_run(workspace, properties),
        user=user,
    )  # fmt: skip
    if row.run_guid:
        lineage.join(workspace, f"run/{row.run_guid}", row.end)
    if kind == "component":
        SentAsset.objects.create(version=row, properties=properties)
    if is_anonymous(name):
        registry.archive(workspace=workspace, kind=kind, name=name, version=row.version)
        registry.archive(workspace=workspace, kind=kind, name=name)
    return row


def start_if_large(
    *, workspace: Workspace, kind: str, name: str, version: str, properties: dict[str, Any],
    user: Any,
) -> Started | None:  # fmt: skip
    """Start the run that registers data of a datastore which takes long to copy; None for the rest."""
    uri = wire.text(properties, "dataUri")
    if kind != "data" or not places.is_place(uri):
        return None
    if not places.is_elsewhere(workspace, places.locate(workspace, uri)[0]):
        return None
    return addresses.start_if_large(
        workspace=workspace, uri=uri, where="dataUri", name=name, version=version, user=user,
        kind=wire.text(properties, "dataType"), description=wire.text(properties, "description"),
        tags=wire.texts(properties, "tags"), properties=wire.texts(properties, "properties"),
    )  # fmt: skip


def refuse_other_content(
    workspace: Workspace, row: AssetVersion, properties: dict[str, Any]
) -> None:
    """Raise when a PUT would give a version other content: versions never change."""
    kind = row.asset.kind
    known = of(kind).properties(row)
    for key in of(kind).content:
        given = properties.get(key)
        if key == "componentSpec" and isinstance(given, dict):
            given = {**given, "name": row.asset.name, "version": row.version}
        if given is None or key not in known or _anywhere(given) == _anywhere(known[key]):
            continue
        # What a run has copied lies in the studio now, and where it came from names it as well.
        ours = [str(known[key]), row.properties.get("source.uri", "")]
        if any(_same_place(workspace, str(given), each) for each in ours):
            continue
        raise wire.conflict(
            f"{kind} {row} exists already with another {key}, and versions never change.",
            "Register a new version.",
        )


def _same_place(workspace: Workspace, first: str, second: str) -> bool:
    if not (places.is_place(first) and places.is_place(second)):
        return False
    return places.locate(workspace, first) == places.locate(workspace, second)


def _anywhere(value: Any) -> Any:
    """Return a value whose ids name no subscription and no group: any of them is this workspace's."""
    text = json.dumps(value, sort_keys=True)
    return _SUBSCRIPTION.sub("/subscriptions/-/resourceGroups/-/", text)


def _job(properties: dict[str, Any]) -> str:
    """Return the name of the job that made a version: told, or the one whose files it is of."""
    uri = wire.text(properties, "modelUri") or wire.text(properties, "dataUri")
    address = _OF_JOB.match(uri) or _LOGGED.match(uri)
    return wire.text(properties, "jobName") or (address["run"] if address else "")


def _run(workspace: Workspace, properties: dict[str, Any]) -> str:
    name = _job(properties)
    found = containers.run_named(workspace, name) if name else None
    return found.guid if found else ""


# -- data and models ------------------------------------------------------------------------------


def _read_data(
    workspace: Workspace, name: str, version: str, properties: dict[str, Any], user: Any
) -> tuple[dict[str, Any], Tree | None]:
    uri = wire.text(properties, "dataUri")
    kind = wire.text(properties, "dataType") or "uri_folder"
    if kind.lower() not in {"uri_file", "uri_folder", "mltable"}:
        raise StudioError(
            f"{kind!r} is not a type of data.", hint="Known: uri_file, uri_folder, mltable.",
            where="dataType",
        )  # fmt: skip
    tree = _tree(workspace, uri, "dataUri", user)
    return {"dataType": kind.lower(), "dataUri": uri}, tree


def _data(row: AssetVersion) -> dict[str, Any]:
    found = {
        "dataType": row.document.get("dataType") or "uri_folder",
        "dataUri": _address(row, row.document.get("dataUri")),
    }
    if found["dataType"] == "mltable":
        found["referencedUris"] = row.document.get("referencedUris") or []
    return found


def _read_model(
    workspace: Workspace, name: str, version: str, properties: dict[str, Any], user: Any
) -> tuple[dict[str, Any], Tree | None]:
    uri = wire.text(properties, "modelUri")
    tree = _tree(workspace, uri, "modelUri", user)
    document = {
        key: properties[key]
        for key in ("modelType", "modelUri", "flavors", "stage")
        if properties.get(key) is not None
    }
    if job := _job(properties):
        document["jobName"] = job
    return {"modelType": "custom_model", **document}, tree


def _model(row: AssetVersion) -> dict[str, Any]:
    document = row.document
    return {
        "modelType": document.get("modelType") or "custom_model",
        "modelUri": _address(row, document.get("modelUri")),
        "flavors": document.get("flavors") or {},
        "jobName": document.get("jobName"),
        "stage": row.stage,
    }


def _tree(workspace: Workspace, uri: str, where: str, user: Any) -> Tree | None:
    """Return the stored files that an address names; None for one outside of the studio."""
    if not uri:
        raise StudioError(f"There is no {where}.", hint="Name the uploaded files.", where=where)
    if places.is_place(uri):
        container, path = places.locate(workspace, uri)
        if places.is_elsewhere(workspace, container):
            return addresses.tree_at(workspace=workspace, uri=uri, user=user, where=where)
        return containers.tree_below(workspace, container, path)
    if uri.startswith("tree:"):
        return registry.open_tree(workspace=workspace, digest=uri.removeprefix("tree:"))
    if run := _LOGGED.match(uri):
        place = f"{places.RUN_FOLDER}{run['run']}/{run['path'].strip('/')}"
        return containers.tree_below(workspace, places.ARTIFACTS, place)
    if run := _OF_JOB.match(uri):
        return _of_run(workspace, run["run"], run["rest"])
    if re.match(r"(?:https?|wasbs?|abfss?|s3|adl|gs)://", uri):
        return None
    raise StudioError(
        f"{uri[:200]!r} is not an address that the studio can read.",
        hint="Use azureml://datastores/<datastore>/paths/<path> or "
        "azureml://jobs/<job>/outputs/<output>/paths/<path>.",
        where=where,
    )


def _of_run(workspace: Workspace, name: str, rest: str) -> Tree:
    """Return the files of `azureml://jobs/<job>/outputs/<output>[/paths/<path>]`."""
    output, _, path = rest.partition("/")
    path = path.removeprefix("paths/").strip("/")
    if containers.run_named(workspace, name) is None:
        raise StudioError(f"There is no job {name!r}.", where="path", code="not_found")
    if output in {"artifacts", "default"}:
        place = f"{places.RUN_FOLDER}{name}/{path}".rstrip("/")
        return containers.tree_below(workspace, places.ARTIFACTS, place)
    place = f"{places.OUTPUT_FOLDER}{name}/{output}/{path}".rstrip("/")
    return containers.tree_below(workspace, places.DEFAULT, place)


def _is_of_job(uri: Any) -> bool:
    return isinstance(uri, str) and bool(_LOGGED.match(uri) or _OF_JOB.match(uri))


def _names_file(uri: str, name: str) -> bool:
    """Say whether an address named a file of a job rather than the folder that holds it."""
    return bool(name) and uri.endswith(f"/{name}")


def _address(row: AssetVersion, given: Any) -> str | None:
    """Return where a client finds a version's files: as it said itself, or the stored tree."""
    if (
        isinstance(given, str)
        and given
        and not given.startswith(("tree:", "runs:", "azureml://jobs/"))
    ):
        return given
    if not row.tree:
        return given if isinstance(given, str) else None
    workspace = row.asset.workspace
    # The version holds its tree, so nobody has to be asked whether the workspace does.
    tree = registry.store().read_tree(row.tree)
    name = tree.only_file() or ""
    is_folder = row.document.get("dataType") in {"uri_folder", "mltable"}
    if not name or is_folder or (_is_of_job(given) and not _names_file(given, name)):
        # A folder with one file in it is a folder.
        last = given.rstrip("/").rpartition("/")[2] if _is_of_job(given) else ""
        return places.of_folder(workspace, row.tree, last or row.asset.name)
    return places.of_tree(workspace, row.tree, name)


# -- environments ---------------------------------------------------------------------------------


def _read_environment(
    workspace: Workspace, name: str, version: str, properties: dict[str, Any], user: Any
) -> tuple[dict[str, Any], Tree | None]:
    keys = ("image", "condaFile", "build", "osType", "inferenceConfig", "isAnonymous")
    document = {key: properties[key] for key in keys if properties.get(key) is not None}
    environments.check({"name": name, **document})
    return document, None


# -- components -----------------------------------------------------------------------------------


def _read_component(
    workspace: Workspace, name: str, version: str, properties: dict[str, Any], user: Any
) -> tuple[dict[str, Any], Tree | None]:
    """Return the spec with its code, environment and steps as the engine takes them."""
    sent = wire.mapping(properties, "componentSpec")
    if not sent:
        raise StudioError("There is no componentSpec.", where="componentSpec")
    spec = settled(workspace, {k: v for k, v in sent.items() if v is not None and k != "$schema"})
    spec |= {"name": name, "version": version}
    kind = str(spec.get("type") or "command")
    if kind in words.UNSUPPORTED_KINDS:
        # Kept for the client; a pipeline that uses it is told why it cannot run.
        Component.from_spec(spec)
        return spec, None
    spec = read_spec(Reading(Located(spec, "componentSpec"), None), spec, ())
    Component.from_spec(spec)
    code = str(spec.get("code") or "")
    tree = None
    if code.startswith("tree:"):
        tree = registry.open_tree(workspace=workspace, digest=code.removeprefix("tree:"))
    return spec, tree


def settled(workspace: Workspace, spec: dict[str, Any]) -> dict[str, Any]:
    """Return a spec in which code, environment, computes and nested components are what they name."""
    from studio.facades.azureml import naming, translating

    spec = dict(spec)
    spec.pop("_source", None)
    if spec.get("code"):
        spec["code"] = naming.code(workspace, str(spec["code"]))
    if spec.get("environment"):
        spec["environment"] = naming.environment(workspace, spec["environment"])
    if isinstance(spec.get("task"), dict):
        # A parallel component has its script's code and environment in the task.
        spec["task"] = settled_task(workspace, spec["task"])
    if isinstance(spec.get("jobs"), dict):
        spec["jobs"] = {
            step: translating.node(workspace, node) for step, node in spec["jobs"].items()
        }
    return spec


def settled_task(workspace: Workspace, task: dict[str, Any]) -> dict[str, Any]:
    """Return the task of a parallel step with what its code and environment name."""
    from studio.facades.azureml import naming

    task = dict(task)
    if task.get("code"):
        task["code"] = naming.code(workspace, str(task["code"]))
    if task.get("environment"):
        task["environment"] = naming.environment(workspace, task["environment"])
    return task


def _component(row: AssetVersion) -> dict[str, Any]:
    sent: SentAsset | None = getattr(row, "sent_asset", None)
    spec = dict(sent.properties["componentSpec"]) if sent else dict(row.document)
    # The client finds a component's name and version inside, whoever sent it.
    return {"componentSpec": {**spec, "name": row.asset.name, "version": row.version}}


# -- code -----------------------------------------------------------------------------------------


def _read_code(
    workspace: Workspace, name: str, version: str, properties: dict[str, Any], user: Any
) -> tuple[dict[str, Any], Tree | None]:
    uri = wire.text(properties, "codeUri")
    return {"codeUri": uri}, _tree(workspace, uri, "codeUri", user)


def _code(row: AssetVersion) -> dict[str, Any]:
    return {"codeUri": _address(row, row.document.get("codeUri"))}


def code_of_hash(workspace: Workspace, digest: str) -> QuerySet[AssetVersion]:
    """Return the code whose client-side hash is this one, whatever its name; newest first."""
    rows = AssetVersion.objects.filter(
        asset__workspace=workspace, asset__kind="code", deleted=None, archived=False
    )
    if not _HASH.match(digest):
        return rows.none()
    rows = rows.filter(properties__hash_sha256=digest)
    return rows.select_related("asset", "created_by").order_by("-pk")


def upload_place(
    request: HttpRequest, workspace: Workspace, name: str, version: str
) -> dict[str, Any]:
    """Return the signed container that code is uploaded to: one for each, as its root is the folder."""
    container = f"code-{hashlib.sha256(f'{name}/{version}'.encode()).hexdigest()[:32]}"
    url = places.container_url(request, workspace, container)
    signature = signing.sign(request, workspace, container, operation="registry.write")
    return {
        "pendingUploadId": "",
        "pendingUploadType": "TemporaryBlobReference",
        "blobReferenceForConsumption": {
            "blobUri": url,
            "storageAccountArmId": "",
            "credential": {"credentialType": "SAS", "sasUri": f"{url}?{signature}"},
        },
    }


_KINDS = {
    "data": Kind(_read_data, _data, ("dataUri", "dataType")),
    "model": Kind(_read_model, _model, ("modelUri", "modelType")),
    "environment": Kind(_read_environment, environments.properties, ("image", "condaFile")),
    "component": Kind(_read_component, _component, ("componentSpec",)),
    "code": Kind(_read_code, _code, ("codeUri",)),
}

__all__ = ["ANONYMOUS", "COLLECTIONS", "Kind", "is_anonymous", "of", "register"]
