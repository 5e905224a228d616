"""Making a version from a JSON document: what each kind asks for, checked before anything is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from officina.errors import StudioError
from officina.storage import Tree
from registry import environments, lineage, services
from registry.datastores import addresses
from registry.datastores.background import Started
from registry.models import AssetVersion
from studio.workspaces.models import Workspace

DATA_TYPES = ("uri_file", "uri_folder", "mltable")
MODEL_TYPES = ("custom_model", "mlflow_model", "triton_model")
MOST_TEXT = 1 << 20


def create_version(
    *, workspace: Workspace, kind: str, body: Mapping[str, Any], user: Any
) -> AssetVersion | Started:
    """Register a version from `{"name", "version", "type", "tree", "run", "document", "tags", ...}`.

    Of data in a datastore that takes long to copy, return the run that registers it.
    """
    name, version = _text(body, "name"), _text(body, "version")
    services.check_name(name, kind)
    tree = _tree(workspace, body)
    document = body.get("document") or {}
    if not isinstance(document, dict):
        raise StudioError("The document is an object.", where="document")
    properties = _mapping(body, "properties")
    uri = str(document.get("dataUri") or "")
    if tree is None and kind == "data" and addresses.names_place(uri):
        # Its bytes as they are now: a version never changes, whatever becomes of the datastore.
        started = addresses.start_if_large(
            workspace=workspace, uri=uri, user=user, where="document.dataUri", name=name,
            version=version, kind=_text(body, "type") or str(document.get("dataType") or ""),
            description=_text(body, "description"), tags=_mapping(body, "tags"),
            properties=properties,
        )  # fmt: skip
        if started is not None:
            return started
        tree = addresses.tree_at(workspace=workspace, uri=uri, user=user, where="document.dataUri")
        properties = {"source.uri": uri, **properties}
        kept = "uri_file" if addresses.is_file(tree, uri) else "uri_folder"
        document = {"dataType": kept, **document}
    run = _run(workspace, body)
    cleaned = CLEAN[kind](dict(document), _text(body, "type"), tree)
    with transaction.atomic():
        made = services.register(
            workspace=workspace,
            kind=kind,
            name=name,
            version=version,
            document=cleaned,
            tree=tree,
            description=_text(body, "description"),
            tags=_mapping(body, "tags"),
            properties=properties,
            run_guid=run,
            user=user,
        )
        if run:
            lineage.join(workspace, f"run/{run}", made.end)
    return made


def _run(workspace: Workspace, body: Mapping[str, Any]) -> str:
    """Return the run that the files are told to come from, which is one of this workspace."""
    guid = _text(body, "run")
    if guid and not lineage.knows(workspace, f"run/{guid}"):
        raise StudioError(f"There is no run {guid[:80]!r}.", where="run", code="not_found")
    return guid


def _text(body: Mapping[str, Any], field: str) -> str:
    value = body.get(field)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool) and field == "version":
        return str(value)
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        raise StudioError(f"{field} is a text.", where=field)
    return value


def _mapping(body: Mapping[str, Any], field: str) -> dict[str, str]:
    value = body.get(field) or {}
    if not isinstance(value, dict):
        raise StudioError(f"{field} is an object of names and texts.", where=field)
    return {str(key): str(each) for key, each in value.items()}


def _tree(workspace: Workspace, body: Mapping[str, Any]) -> Tree | None:
    uri = _text(body, "tree")
    if not uri:
        return None
    digest = uri.removeprefix("tree:")
    return services.open_tree(workspace=workspace, digest=digest)


def _data(document: dict[str, Any], type_: str, tree: Tree | None) -> dict[str, Any]:
    uri = str(document.get("dataUri") or "")
    if tree is None and not uri:
        raise StudioError(
            "A data asset needs its files or an address.",
            hint="Upload the files and give their `tree`, or set document.dataUri.",
            where="tree",
        )
    guess = "uri_file" if tree is not None and tree.only_file() else "uri_folder"
    if tree is not None and "MLTable" in tree.files:
        guess = "mltable"
    chosen = type_ or str(document.get("dataType") or guess)
    _one_of(chosen, DATA_TYPES)
    if chosen == "uri_file" and tree is not None and tree.only_file() is None:
        raise StudioError(
            f"uri_file is one file; {len(tree.files)} were given.", hint="Use uri_folder.",
            where="type",
        )  # fmt: skip
    return {**document, "dataType": chosen, "dataUri": tree.uri if tree else uri}


def _model(document: dict[str, Any], type_: str, tree: Tree | None) -> dict[str, Any]:
    if tree is None:
        raise StudioError(
            "A model needs its files.", hint="Upload them and give their `tree`.", where="tree"
        )
    guess = "mlflow_model" if "MLmodel" in tree.files else "custom_model"
    chosen = type_ or str(document.get("modelType") or guess)
    _one_of(chosen, MODEL_TYPES)
    if chosen == "mlflow_model" and "MLmodel" not in tree.files:
        raise StudioError(
            "An mlflow_model has a file MLmodel in its folder.",
            hint="Register it as custom_model, or upload the folder that MLmodel lies in.",
            where="type",
        )
    return {**document, "modelType": chosen, "modelUri": tree.uri}


def _component(document: dict[str, Any], type_: str, tree: Tree | None) -> dict[str, Any]:
    from officina.catalogue import Component

    if type_:
        document.setdefault("type", type_)
    if tree is not None:
        document["code"] = tree.uri
    Component.from_spec(document)
    return document


def _environment(document: dict[str, Any], type_: str, tree: Tree | None) -> dict[str, Any]:
    environments.begin_resolving(document)
    return document


def _code(document: dict[str, Any], type_: str, tree: Tree | None) -> dict[str, Any]:
    if tree is None:
        raise StudioError("Code needs its files.", hint="Give their `tree`.", where="tree")
    return {**document, "codeUri": tree.uri}


def _one_of(value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise StudioError(
            f"{value!r} is no type here.", hint=f"Known: {', '.join(known)}.", where="type"
        )


CLEAN: dict[str, Callable[[dict[str, Any], str, Tree | None], dict[str, Any]]] = {
    "data": _data,
    "model": _model,
    "component": _component,
    "environment": _environment,
    "code": _code,
}
