"""Which flavours a model's files have, found by their structure; kept by the digest of the tree."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import Any

import yaml
from django.core.cache import cache

from officina.errors import StudioError
from officina.storage import Entry, Tree, paths
from registry.inspection import onnx_files, pickles
from registry.services import storing

VERSION = 3
MOST_PICKLES = 12
MOST_TEXT = 1 << 20
MOST_SCHEMA = 16 << 20
MOST_PARTS = 500_000
KEPT_SECONDS = 7 * 86_400


def inspect_model(tree: Tree) -> dict[str, Any]:
    """Return `{"flavours", "signature", "sample", "scans", "onnx", "problems"}` of a model's files."""
    key = f"model-inspection:{VERSION}:{tree.digest}"
    known = cache.get(key)
    if known is None:
        known = _inspect(tree)
        cache.set(key, known, KEPT_SECONDS)
    return known


def _inspect(tree: Tree) -> dict[str, Any]:
    report: dict[str, Any] = {
        "flavours": [], "signature": None, "sample": None, "scans": [], "onnx": [], "problems": [],
    }  # fmt: skip
    for name, entry in _mlmodels(tree):
        _read_mlmodel(tree, name, entry, report)
    _read_designed(tree, report)
    looked = 0
    for name, entry in tree.files.items():
        if looked >= MOST_PICKLES:
            report["problems"].append("Only the first files were looked into.")
            break
        kind = _kind_of(name, entry)
        if kind is None:
            continue
        looked += 1
        _add(report, kind)
        if kind == "onnx":
            _read_onnx(tree, name, entry, report)
        elif kind == "skops":
            _read_skops(name, entry, report)
        elif kind in {"pickle", "joblib", "torch"}:
            _scan(name, entry, kind, report)
    return report


def _mlmodels(tree: Tree) -> list[tuple[str, Entry]]:
    return [(n, e) for n, e in tree.files.items() if n.rpartition("/")[2] == "MLmodel"][:1]


def _read_mlmodel(tree: Tree, name: str, entry: Entry, report: dict[str, Any]) -> None:
    try:
        if entry.size > MOST_TEXT:
            raise ValueError("it is larger than 1 MiB")
        text = storing.store().read(entry.sha256).decode()
        # Aliases could make a small file a huge document.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise ValueError("it has YAML aliases")
        found = yaml.safe_load(text)
        flavours = found["flavors"]
        names = [str(each) for each in flavours]
    except (ValueError, KeyError, TypeError, yaml.YAMLError, RecursionError) as error:
        report["problems"].append(f"{name} cannot be read: {str(error)[:200]}")
        return
    report["flavours"] += ["mlflow", *(n for n in names if n != "python_function")]
    report["mlflow"] = {
        "version": str(found.get("mlflow_version") or ""),
        "flavors": flavours if len(text) < 20_000 else names,
        "model_uuid": str(found.get("model_uuid") or ""),
    }
    report["signature"] = _signature(found.get("signature"))
    folder = name.rpartition("/")[0]
    sample = (found.get("saved_input_example_info") or {}).get("artifact_path")
    at = f"{folder}/{sample}" if folder else str(sample)
    if sample and at in tree.files and tree.files[at].size <= 100_000:
        report["sample"] = storing.store().read(tree.files[at].sha256).decode("utf-8", "replace")


def _read_designed(tree: Tree, report: dict[str, Any]) -> None:
    """Read the description that a designer module writes beside its model."""
    entry = tree.files.get("meta.json")
    if entry is None or "model.pkl" not in tree.files or entry.size > MOST_TEXT:
        return
    try:
        found = json.loads(storing.store().read(entry.sha256))
        columns = [each for each in found["signature"] if isinstance(each, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    _add(report, "designer")
    label = found.get("label")
    name = str(label.get("name") or "") if isinstance(label, dict) else ""
    report["signature"] = {
        "inputs": [_column({**each, "type": str(each.get("type", ""))}) for each in columns[:500]],
        "outputs": [_column({"name": name, "type": str(found.get("task") or "")})],
    }


def _signature(given: Any) -> dict[str, Any] | None:
    """Return `{"inputs": [...], "outputs": [...]}` of MLflow's signature, whose parts are JSON texts."""
    if not isinstance(given, dict):
        return None
    found: dict[str, Any] = {}
    for part in ("inputs", "outputs", "params"):
        text = given.get(part)
        try:
            columns = json.loads(text) if isinstance(text, str) else text
        except ValueError:
            continue
        if isinstance(columns, list):
            found[part] = [_column(each) for each in columns[:500] if isinstance(each, dict)]
    return found or None


def _column(given: dict[str, Any]) -> dict[str, str]:
    kind = given.get("type", "")
    if kind == "tensor" and isinstance(given.get("tensor-spec"), dict):
        spec = given["tensor-spec"]
        kind = f"tensor {spec.get('dtype', '')} {spec.get('shape', '')}"
    required = given.get("required", True)
    return {
        "name": str(given.get("name") or ""),
        "type": str(kind)[:200] if isinstance(kind, str) else json.dumps(kind)[:200],
        "required": "yes" if required else "no",
    }


def _kind_of(name: str, entry: Entry) -> str | None:
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    if entry.size == 0 or name.rpartition("/")[2] == "MLmodel":
        return None
    with storing.store().open(entry.sha256) as source:
        head = source.read(16)
    if head[:4] == b"PK\x03\x04" and suffix in {"pt", "pth", "bin", "ckpt"}:
        return "torch"
    if head[:8] == b"\x89HDF\r\n\x1a\n" and suffix in {"h5", "keras", "hdf5"}:
        return "keras"
    if suffix == "keras" and head[:4] == b"PK\x03\x04":
        return "keras"
    if suffix == "skops" and head[:4] == b"PK\x03\x04":
        return "skops"
    if suffix == "safetensors":
        return "safetensors"
    if suffix == "onnx" or (head[:1] == b"\x08" and suffix in {"", "model", "pb"}):
        return "onnx"
    if pickles.looks_like(head):
        return "joblib" if suffix in {"joblib", "jl"} else "pickle"
    # Protocol 0 and 1 have no mark of their own: believe the name.
    return "pickle" if suffix in {"pkl", "pickle", "joblib"} else None


def _add(report: dict[str, Any], flavour: str) -> None:
    if flavour not in report["flavours"]:
        report["flavours"].append(flavour)


def _read_onnx(tree: Tree, name: str, entry: Entry, report: dict[str, Any]) -> None:
    try:
        with storing.store().open(entry.sha256) as source:
            facts = onnx_files.read(source, entry.size)
    except (onnx_files.NotOnnx, OSError) as error:
        report["flavours"].remove("onnx")
        report["problems"].append(f"{name} is no ONNX model: {error}.")
        return
    report["onnx"].append({"file": name, **facts})
    _check_external(tree, name, facts["external"], report)
    if report["signature"] is None:
        report["signature"] = {
            part: [
                {"name": each["name"], "type": f"tensor {each['type']} {each['shape']}",
                 "required": "yes"}
                for each in facts[part]
            ]
            for part in ("inputs", "outputs")
        }  # fmt: skip


def _check_external(tree: Tree, name: str, places: list[str], report: dict[str, Any]) -> None:
    """Hold what a model keeps in other files to the model's own folder."""
    folder = name.rpartition("/")[0]
    outside = []
    for place in places:
        try:
            at = paths.check_name(f"{folder}/{place}" if folder else place)
        except StudioError:
            outside.append(place)
            continue
        if at not in tree.files:
            report["problems"].append(f"{name} keeps values in {place[:80]}, which is not here.")
    if outside:
        report["scans"].append(
            {
                "file": name, "verdict": "dangerous", "globals": [], "unusual": [],
                "dangerous": [f"the file {place[:200]}" for place in outside], "complete": True,
                "why": "",
            }
        )  # fmt: skip


def _read_skops(name: str, entry: Entry, report: dict[str, Any]) -> None:
    """Judge the types that a skops file names; what the file itself calls trusted is not asked."""
    try:
        with storing.store().open(entry.sha256) as source, zipfile.ZipFile(source) as archive:
            with archive.open("schema.json") as inner:
                text = inner.read(MOST_SCHEMA + 1)
            if len(text) > MOST_SCHEMA:
                raise ValueError("its schema.json is larger than 16 MiB")
            named = list(dict.fromkeys(_types_in(json.loads(text))))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError,
            RecursionError) as error:  # fmt: skip
        report["problems"].append(f"{name} cannot be scanned: {str(error)[:200]}")
        return
    report["scans"].append({"file": name, **pickles.verdict(named, complete=True, why="")})


def _types_in(schema: Any) -> Iterator[str]:
    """Yield `module name` of each type, method and function that a schema of skops names."""
    waiting, seen = [schema], 0
    while waiting and seen < MOST_PARTS:
        seen += 1
        part = waiting.pop()
        if isinstance(part, dict):
            module, name = part.get("__module__"), part.get("__class__")
            # Of a function the schema names the kind here, and which one it is in its content.
            kind = module == "builtins" and name in {"function", "method"}
            if isinstance(module, str) and isinstance(name, str) and not kind:
                yield f"{module[:200]} {name[:200]}"
            content = part.get("content")
            if isinstance(content, dict) and isinstance(content.get("module_path"), str):
                yield f"{content['module_path'][:200]} {str(content.get('function', '?'))[:200]}"
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _scan(name: str, entry: Entry, kind: str, report: dict[str, Any]) -> None:
    try:
        with storing.store().open(entry.sha256) as source:
            torch = kind == "torch"
            result = _scan_torch(source) if torch else pickles.scan(source, size=entry.size)
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        report["problems"].append(f"{name} cannot be scanned: {str(error)[:200]}")
        return
    report["scans"].append({"file": name, **result})


def _scan_torch(source: Any) -> dict[str, Any]:
    with zipfile.ZipFile(source) as archive:
        member = next((i for i in archive.infolist() if i.filename.endswith("data.pkl")), None)
        if member is None:
            raise ValueError("it has no data.pkl inside")
        with archive.open(member) as inner:
            return pickles.scan(inner, size=member.file_size)  # type: ignore[arg-type]
