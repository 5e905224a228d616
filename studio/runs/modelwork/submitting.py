"""Asking for work on a model version: what may be set, checked, and the job that does it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from officina.errors import StudioError
from officina.packaging.rows import NotRows, read
from registry import services as registry
from registry.inspection import inspect_model
from registry.models import AssetVersion
from registry.services.assets import refuse_deleted
from studio.runs.models import ModelWork, Run
from studio.runs.modelwork import choosing
from studio.runs.services.creating import create_run

MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}\Z")
EXPERIMENT = "model-work"
TAG = "model"
VERBS = {"convert": "Convert", "package": "Package", "profile": "Profile"}
TAIL = {"convert": " to ONNX", "package": "", "profile": ""}
# What scoring imports for a model that the designer saved.
DESIGNED = ("numpy", "officina", "pandas", "scipy", "sklearn")
FOLDER = {"jobOutputType": "uri_folder", "mode": "rw_mount"}


def submit(*, version: AssetVersion, action: str, user: Any, options: Mapping[str, Any]) -> Run:
    """Queue the run that converts, packages or profiles a version, and return it."""
    refuse_deleted(version)
    if action not in VERBS or version.asset.kind != "model":
        raise StudioError(
            f"{action!r} is nothing that can be done with a {version.asset.kind}.",
            hint=f"Known for models: {', '.join(VERBS)}.", where="action",
        )  # fmt: skip
    workspace = version.asset.workspace
    if not version.tree:
        raise StudioError(f"{version} holds no files.", where="version")
    tree = registry.open_tree(workspace=workspace, digest=version.tree)
    report = inspect_model(tree)
    settings = CLEAN[action](version, report, options)
    chosen = choosing.choose(version, tree, report, wanted=_text(options, "environment"))
    _refuse_danger(report, action, trusted=_truth(options, "trust"))
    if action == "convert" or "onnx" in report["flavours"]:
        reason = choosing.missing_for_onnx(chosen)
        if reason:
            raise StudioError(reason, where="environment", code="unavailable")
    environment = choosing.extended(version, chosen, _packages(action, report))
    modules = sorted({*modules_of(report), *(DESIGNED if "meta.json" in tree.files else ())})
    document = _document(version, action, settings, environment, modules)
    if compute := _text(options, "compute"):
        document["computeId"] = compute
    _add_sample(version, document, report)
    with transaction.atomic():
        run = create_run(workspace=workspace, user=user, document=document)
        ModelWork.objects.create(
            version=version, run=run, action=action,
            options=settings | {"environment": chosen.label, "why": chosen.why},
        )  # fmt: skip
    return run


def _convert(
    version: AssetVersion, report: dict[str, Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    if "onnx" in report["flavours"]:
        raise StudioError(f"{version} is ONNX already.", where="version", code="conflict")
    name = _text(options, "name") or f"{version.asset.name}-onnx"
    registry.check_name(name, "model")
    if name == version.asset.name:
        raise StudioError(
            "The ONNX model gets a name of its own.", hint=f"For example {name}-onnx.", where="name"
        )
    return {
        "name": name,
        "rows": int(_number(options, "rows", 200, 1, 10_000)),
        "tolerance": _number(options, "tolerance", 1e-3, 0.0, 1e6),
        "most_apart": _number(options, "most_apart", 0.01, 0.0, 1.0),
    }


def _package(
    version: AssetVersion, report: dict[str, Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    form = _text(options, "form") or "both"
    if form not in {"docker", "plain", "both"}:
        raise StudioError(
            f"{form!r} is no form of a package.", hint="Known: docker, plain, both.", where="form"
        )
    return {"form": form}


def _profile(
    version: AssetVersion, report: dict[str, Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    text = _text(options, "batches") or "1,10,100,1000"
    sizes = [word.strip() for word in text.split(",") if word.strip()]
    if not 1 <= len(sizes) <= 8 or any(
        not word.isdigit() or not 1 <= int(word) <= 10_000 for word in sizes
    ):
        raise StudioError(
            f"{text!r} are no batch sizes.",
            hint="Give up to eight whole numbers from 1 to 10,000, as 1,10,100.", where="batches",
        )  # fmt: skip
    return {
        "batches": ",".join(sorted(set(sizes), key=int)),
        "seconds": _number(options, "seconds", 2.0, 0.1, 60.0),
        "rate": _number(options, "rate", 10.0, 0.01, 1e6),
    }


CLEAN = {"convert": _convert, "package": _package, "profile": _profile}


def _refuse_danger(report: dict[str, Any], action: str, *, trusted: bool) -> None:
    named = [name for scan in report["scans"] for name in scan["dangerous"]]
    if named and action != "package" and not trusted:
        raise StudioError(
            f"Loading this model runs {', '.join(named[:3])}, which no model needs.",
            hint="The job would be confined to its own folders. If you know who made the file, tick "
            "'I trust it' (trust: true).",
            where="trust",
            code="conflict",
        )


def _packages(action: str, report: dict[str, Any]) -> tuple[str, ...]:
    """Return what the work needs beside the model's own packages."""
    found = ("pyyaml", "pandas") if "mlflow" in report["flavours"] else ()
    if action == "convert":
        return (*found, *choosing.ONNX)
    return (*found, "onnxruntime") if "onnx" in report["flavours"] else found


def modules_of(report: dict[str, Any]) -> list[str]:
    """Return the modules that scoring with a model imports, as its files tell."""
    flavours = set(report["flavours"])
    found = {name.split(".")[0] for scan in report["scans"] for name in scan["globals"]}
    # A hostile pickle names what it likes, and these become words of a command.
    found = {name for name in found if MODULE.match(name)}
    if flavours & {"pickle", "joblib"}:
        # A pickle with raw arrays between its parts is read only up to the first.
        found |= {"sklearn", "numpy", "pandas"}
    if "joblib" in flavours:
        found |= {"joblib"}
    if "onnx" in flavours:
        found |= {"onnxruntime", "numpy"}
    if "mlflow" in flavours:
        found |= {"yaml", "numpy", "pandas"}
        if not flavours & {"sklearn", "onnx"}:
            found |= {"mlflow"}
    return sorted(found)


def _document(
    version: AssetVersion, action: str, settings: dict[str, Any], environment: Any,
    modules: list[str],
) -> dict[str, Any]:  # fmt: skip
    words = ["--model ${{inputs.model}}", "--result ${{outputs.result}}"]
    literals: dict[str, Any] = {}
    if action == "convert":
        module = "converting"
        words.append("--to ${{outputs.model}}")
        literals = {key: settings[key] for key in ("rows", "tolerance", "most_apart")}
    elif action == "package":
        module = "packing"
        words.append("--to ${{outputs.package}}")
        literals = {
            "name": version.asset.name,
            "version": version.version,
            "form": settings["form"],
        }
        literals["modules"] = ",".join(modules)
    else:
        module = "profiling"
        literals = {key: settings[key] for key in ("batches", "seconds")}
    words += [f"--{key.replace('_', '-')} ${{{{inputs.{key}}}}}" for key in literals]
    outputs = {"result": dict(FOLDER)}
    if action != "profile":
        outputs["model" if action == "convert" else "package"] = dict(FOLDER)
    inputs: dict[str, Any] = {
        key: {"jobInputType": "literal", "value": value} for key, value in literals.items()
    }
    inputs["model"] = {"jobInputType": "custom_model", "uri": version.reference, "mode": "ro_mount"}
    return {
        "jobType": "Command",
        "displayName": f"{VERBS[action]} {version}{TAIL[action]}",
        "experimentName": EXPERIMENT,
        "description": f"{VERBS[action]}s the model {version}{TAIL[action]}.",
        "environmentId": environment,
        "command": f"python -m officina.packaging.{module} {' '.join(words)}",
        "inputs": inputs,
        "outputs": outputs,
        "tags": {TAG: str(version)},
    }


def _add_sample(version: AssetVersion, document: dict[str, Any], report: dict[str, Any]) -> None:
    """Hand the version's sample input to the job as a file: the one that people gave, else its own."""
    given = version.properties.get("sample_input", "")
    text = given or report.get("sample") or ""
    if not text:
        return
    try:
        rows = read(text)
    except NotRows as error:
        if not given:
            return  # MLflow keeps samples of other shapes as well
        raise StudioError(
            f"The sample input is not usable: {error}", hint="Edit it on the model's page.",
            where="sample_input",
        ) from error  # fmt: skip
    data = json.dumps(rows.as_split()).encode()
    store = registry.store()
    blob = store.put_bytes(data)
    tree = store.put_manifest({"sample.json": _entry(blob)})
    registry.remember_tree(workspace=version.asset.workspace, tree=tree)
    document["inputs"]["sample"] = {"jobInputType": "uri_file", "uri": tree.uri, "mode": "ro_mount"}
    document["command"] += " --sample ${{inputs.sample}}"


def _entry(blob: Any) -> Any:
    from officina.storage import Entry

    return Entry(blob.sha256, blob.size)


def _text(options: Mapping[str, Any], key: str) -> str:
    value = options.get(key)
    if value is None:
        return ""
    if not isinstance(value, str | int | float):
        raise StudioError(f"{key} is a text.", where=key)
    return str(value).strip()[:1000]


def _truth(options: Mapping[str, Any], key: str) -> bool:
    return str(options.get(key, "")).strip().lower() in {"true", "1", "yes", "on"}


def _number(options: Mapping[str, Any], key: str, default: float, low: float, high: float) -> float:
    text = _text(options, key)
    try:
        value = float(text) if text else default
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise StudioError(f"{key} is a number from {low:g} to {high:g}, not {text!r}.", where=key)
    return value
