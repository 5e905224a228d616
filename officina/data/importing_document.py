"""What an import is asked for: Azure's `data import` document, from YAML's words or the REST ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from officina.errors import StudioError

TYPES = ("uri_file", "uri_folder", "mltable")
DATABASE, FILES = "database", "file_system"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}\Z")
_PLACE = re.compile(r"azureml:/(?:/.*)?/datastores/(?P<name>[^/]+)/paths/(?P<path>.*)\Z")
_SHORT = re.compile(r"azureml://datastores/(?P<name>[^/]+)/paths/(?P<path>.*)\Z")
_KEYS = {
    "name": "assetName", "assetName": "assetName", "type": "dataType", "dataType": "dataType",
    "path": "dataUri", "dataUri": "dataUri", "description": "description", "tags": "tags",
    "properties": "properties", "source": "source", "datastore": "datastore",
    "only_if_changed": "onlyIfChanged", "onlyIfChanged": "onlyIfChanged",
    "enforce_rules": "enforceRules", "enforceRules": "enforceRules",
    "registerVersion": "registerVersion",
}  # fmt: skip
# Azure's documents carry these too; what they say is decided here otherwise, or by nobody.
_SILENT = frozenset(
    ("$schema", "version", "auto_delete_setting", "autoDeleteSetting", "isAnonymous", "isArchived",
     "assetVersion", "stage", "intellectualProperty", "id", "creation_context", "skip_validation")
)  # fmt: skip
_SOURCE_KEYS = {
    "type": "sourceType", "sourceType": "sourceType", "query": "query", "table": "tableName",
    "tableName": "tableName", "path": "path", "connection": "connection",
    "stored_procedure": "storedProcedure", "storedProcedure": "storedProcedure",
    "stored_procedure_params": "storedProcedureParams",
    "storedProcedureParams": "storedProcedureParams",
}  # fmt: skip

# The same in YAML's words, for editors.
YAML_KEYS = frozenset(key for key in (*_KEYS, *_SILENT) if key.islower())
YAML_SOURCE_KEYS = frozenset(key for key in _SOURCE_KEYS if key.islower())


def clean_import(given: Any) -> dict[str, Any]:
    """Return the REST `dataImportDefinition` of a document in either spelling; refuse what is wrong."""
    raw = _named(given, _KEYS, _SILENT, "an import")
    source = _source(raw.get("source"))
    name = _text(raw.get("assetName"), "name")
    if not NAME.match(name):
        raise _wrong(
            f"{name!r} cannot name a data asset.", "name",
            "Use letters, digits, '.', '_' and '-', starting with a letter or digit.",
        )  # fmt: skip
    kind = raw.get("dataType") or ("mltable" if source["sourceType"] == DATABASE else "uri_folder")
    if kind not in TYPES:
        raise _wrong(f"{kind!r} is not a type of data.", "type", f"Known: {', '.join(TYPES)}.")
    if kind == "uri_file" and source["sourceType"] == DATABASE:
        raise _wrong("Rows become a folder.", "type", "Use uri_folder or mltable.")
    found: dict[str, Any] = {"assetName": name, "dataType": kind, "source": source}
    for key in ("description", "dataUri", "datastore", "registerVersion"):
        if raw.get(key):
            found[key] = _text(raw[key], key)
    for key in ("tags", "properties"):
        if raw.get(key):
            found[key] = _words(raw[key], key)
    for key in ("onlyIfChanged", "enforceRules"):
        if key in raw:
            if not isinstance(raw[key], bool):
                raise _wrong(f"{key} is true or false.", key)
            found[key] = raw[key]
    return found


def _source(given: Any) -> dict[str, Any]:
    raw = _named(given, _SOURCE_KEYS, frozenset(), "a source", at="source.")
    if raw.get("storedProcedure"):
        raise _wrong(
            "Stored procedures are not called: they may write.", "source.stored_procedure",
            "Give a query or a table.",
        )  # fmt: skip
    kind = raw.get("sourceType") or (DATABASE if raw.keys() & {"query", "tableName"} else FILES)
    connection = _connection(raw.get("connection"))
    if kind == DATABASE:
        if bool(raw.get("query")) == bool(raw.get("tableName")):
            raise _wrong("A database source needs a query or a table, and not both.", "source")
        if not connection:
            raise _wrong(
                "Which database?", "source.connection",
                "Name a datastore of the workspace: connection: azureml:<datastore>.",
            )  # fmt: skip
        key = "query" if raw.get("query") else "tableName"
        return {"sourceType": DATABASE, key: _text(raw[key], key), "connection": connection}
    if kind != FILES:
        raise _wrong(
            f"{kind!r} is not a kind of source.", "source.type", f"Known: {DATABASE}, {FILES}."
        )
    # The whole of a datastore has no path.
    path = "" if connection and not raw.get("path") else _text(raw.get("path"), "source.path")
    match = _SHORT.match(path) or _PLACE.match(path)
    if match and not connection:
        connection, path = f"azureml:{match['name']}", match["path"]
    if not connection and not path.startswith(("https://", "http://")):
        raise _wrong(
            f"{path!r} is neither a web address nor in a datastore.", "source.path",
            "Name the datastore: connection: azureml:<datastore>, or give an https:// address.",
        )  # fmt: skip
    found = {"sourceType": FILES, "path": path.strip() if not connection else path.strip("/ ")}
    return found | ({"connection": connection} if connection else {})


def to_yaml(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an import in the words of its YAML."""
    names = {"assetName": "name", "dataType": "type", "dataUri": "path",
             "onlyIfChanged": "only_if_changed", "enforceRules": "enforce_rules"}  # fmt: skip
    inner = {"sourceType": "type", "tableName": "table"}
    found = {names.get(key, key): value for key, value in document.items()}
    source = {inner.get(key, key): value for key, value in document.get("source", {}).items()}
    return found | {"source": source}


def connection_name(document: Mapping[str, Any]) -> str:
    """Return the name of the datastore that an import reads from; blank for a plain web address."""
    return str(document["source"].get("connection") or "").removeprefix("azureml:")


def _connection(value: Any) -> str:
    if not value:
        return ""
    text = _text(value, "source.connection").strip()
    name = re.split(r"/(?:connections|datastores)/", text)[-1].removeprefix("azureml:")
    return f"azureml:{name}"


def _named(
    given: Any, keys: Mapping[str, str], silent: frozenset[str], what: str, at: str = ""
) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise _wrong(f"{what} is an object.", at.rstrip(".") or "document")
    found = {}
    for key, value in given.items():
        if key not in silent and key not in keys:
            known = ", ".join(dict.fromkeys(k for k in keys if k.islower()))
            raise _wrong(
                f"unknown key {str(key)[:80]!r} in {what}", f"{at}{key}", f"Known: {known}."
            )
        if key in keys and value is not None:
            found[keys[key]] = value
    return found


def _words(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise _wrong(f"{where} is an object of names and texts.", where)
    return {str(key)[:250]: str(item) for key, item in value.items()}


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(f"{where} is missing or no text.", where)
    return value


def _wrong(message: str, where: str, hint: str = "") -> StudioError:
    return StudioError(message, where=where, hint=hint)
