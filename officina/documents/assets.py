"""Loads the YAML of data, models, environments and components into what the registry stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from officina.documents import vocabulary as words
from officina.documents.components import read_spec
from officina.documents.jobs import LocalRef, collect_local, open_source
from officina.documents.overrides import set_paths
from officina.documents.parts import read_environment
from officina.documents.reading import Reading

Document = dict[str, Any]
KINDS = ("data", "model", "environment", "component")


@dataclass(frozen=True)
class LoadedAsset:
    """What is sent to register an asset; `local` files are uploaded first."""

    body: Document
    warnings: list[str] = field(default_factory=list)
    local: list[LocalRef] = field(default_factory=list)


def load_asset(
    kind: str,
    source: Path | str | Mapping[str, Any],
    *,
    base: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> LoadedAsset:
    """Return the registration of an asset that a YAML file, its text or a mapping describes."""
    reading = open_source(source, base)
    # A component of a kind that cannot run yet may be kept; a job that uses it is told so.
    reading.runnable = kind != "component"
    raw = reading.mapping(reading.located.data, (), f"a {kind}")
    raw = set_paths(raw, overrides or {})
    body = _READERS[kind](reading, raw)
    for key in ("name", "version", "description"):
        if raw.get(key) is not None:
            body[key] = reading.text(raw[key], (key,), key)
    for key in ("tags", "properties"):
        if raw.get(key):
            body[key] = reading.texts(raw[key], (key,), key)
    if not body.get("name"):
        raise reading.error(
            (), f"the {kind} has no name", hint="Add 'name:' to the file, or give --name."
        )
    local: list[LocalRef] = []
    body = collect_local(body, (), local)
    return LoadedAsset(body, list(dict.fromkeys(reading.warnings)), local)


_SHARED = frozenset(
    ["$schema", "name", "version", "type", "description", "tags", "properties", "stage", "label"]
)
_FILES = _SHARED | {"path", "datastore", "latest_version", "intellectual_property"}
DATA_KEYS = _FILES | {"auto_delete_setting", "skip_validation", "mltable_schema_url"}
MODEL_KEYS = _FILES | {
    "flavors", "utc_time_created", "job_name", "default_deployment", "system_metadata",
    "allowed_deployment_templates", "default_deployment_template",
}  # fmt: skip


def _data(reading: Reading, raw: Document) -> Document:
    reading.known(raw, (), DATA_KEYS, "a data asset")
    path = reading.text(raw.get("path"), ("path",), "the path")
    if not path:
        raise reading.error((), "a data asset needs a path", hint="Add 'path:', or give --path.")
    kind = reading.port_type(
        raw.get("type") or "uri_folder", ("type",), {"uri_file", "uri_folder", "mltable"}
    )
    return {"type": kind, **_place(reading, path, "dataUri")}


def _model(reading: Reading, raw: Document) -> Document:
    reading.known(raw, (), MODEL_KEYS, "a model")
    path = reading.text(raw.get("path"), ("path",), "the path")
    if not path:
        raise reading.error((), "a model needs a path", hint="Add 'path:', or give --path.")
    kind = reading.port_type(
        raw.get("type") or "custom_model",
        ("type",),
        {"custom_model", "mlflow_model", "triton_model"},
    )
    body = {"type": kind, **_place(reading, path, "modelUri")}
    if raw.get("flavors"):
        body.setdefault("document", {})["flavors"] = raw["flavors"]
    if raw.get("stage"):
        body["stage"] = reading.text(raw["stage"], ("stage",), "the stage")
    return body


def _place(reading: Reading, path: str, key: str) -> Document:
    """Return `tree` for local files, else the address in the document."""
    text = reading.local(path, ("path",), "data") if not path.startswith("runs:/") else path
    if hasattr(text, "path") or text.startswith("tree:"):
        return {"tree": text}
    return {"document": {key: text}}


_ENVIRONMENT = {
    "conda_file": "condaFile",
    "os_type": "osType",
    "inference_config": "inferenceConfig",
}


def _environment(reading: Reading, raw: Document) -> Document:
    reading.known(raw, (), words.ENVIRONMENT_KEYS | _SHARED, "the environment")
    kept = {key: raw[key] for key in raw if key in words.ENVIRONMENT_KEYS}
    spec = read_environment(reading, kept, ())
    document = {
        _ENVIRONMENT.get(key, key): value
        for key, value in spec.items()
        if key not in {"name", "version", "description", "tags"}
    }
    if isinstance(document.get("condaFile"), Mapping | list):
        document["condaFile"] = yaml.safe_dump(document["condaFile"], sort_keys=False)
    if not set(document) & {"condaFile", "image", "build", "python_requirements"}:
        raise reading.error(
            (), "the environment has no packages", hint="Give image, conda_file or build."
        )
    return {"document": document}


def _component(reading: Reading, raw: Document) -> Document:
    spec = read_spec(reading, raw, ())
    return {"document": spec, "type": spec["type"]}


_READERS = {
    "data": _data,
    "model": _model,
    "environment": _environment,
    "component": _component,
}
