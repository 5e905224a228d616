"""What a finished piece of work leaves with its model version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from officina.errors import StudioError
from officina.storage import Tree
from registry import services as registry
from registry.models import AssetVersion
from studio.runs.models import LineageEdge, ModelWork, Run
from studio.runs.modelwork.recommending import recommend

MOST_BYTES = 2 << 20


def keep(*, run: Run, trees: Mapping[str, Tree]) -> None:
    """Keep the result of a run that worked on a model; any other run is left alone.

    It is called in the transaction in which the run completes, so that page and run agree.
    """
    work = ModelWork.objects.filter(run=run).first()  # of most runs there is none: ask no more
    if work is None:
        return
    try:
        work.result = KEEP[work.action](work, _result(trees), trees)
    except (KeyError, TypeError, AttributeError) as error:
        raise StudioError(
            f"The job's result.json is not what it has to be: {type(error).__name__} {error}.",
            where="outputs.result", code="failed",
        ) from error  # fmt: skip
    work.save(update_fields=["result", "made"])


def _result(trees: Mapping[str, Tree]) -> dict[str, Any]:
    entry = trees["result"].files["result.json"] if "result" in trees else None
    if entry is None or entry.size > MOST_BYTES:
        raise KeyError("result.json")
    try:
        found = json.loads(registry.store().read(entry.sha256))
    except ValueError as error:
        raise TypeError(str(error)) from error
    if not isinstance(found, dict):
        raise TypeError("no object")
    return found


def _converted(work: ModelWork, found: dict[str, Any], trees: Mapping[str, Tree]) -> dict[str, Any]:
    source, run = work.version, work.run
    if run is None:
        raise KeyError("run")
    properties = {
        "framework": "ONNX",
        "source": source.reference,
        "sample_input": json.dumps(found["sample"], indent=1),
    }
    row = registry.register(
        workspace=source.asset.workspace,
        kind="model",
        name=work.options["name"],
        document={"modelType": "custom_model", "jobName": run.name, "path": found["file"]},
        tree=trees["model"],
        description=f"{source} as ONNX.",
        tags={"converted_from": str(source)},
        properties=properties,
        run_guid=run.guid,
        user=run.owner,
    )
    LineageEdge.objects.get_or_create(
        workspace=source.asset.workspace, source=f"run/{run.guid}", target=row.end
    )
    work.made = row
    return {"comparison": found["comparison"], "speed": found["speed"], "bytes": found["bytes"]}


def _packed(work: ModelWork, found: dict[str, Any], trees: Mapping[str, Tree]) -> dict[str, Any]:
    stored = trees["package"].files
    archives = []
    for each in found["archives"]:
        entry = stored[each["file"]]
        # What is offered is what was stored, whatever the job says of it.
        archives.append(
            {
                "file": str(each["file"]),
                "form": str(each["form"]),
                "sha256": entry.sha256,
                "size": entry.size,
            }
        )
    # The version holds its packages: they outlive the run.
    registry.hold_tree(workspace=work.version.asset.workspace, digest=trees["package"].digest)
    kept = {key: found[key] for key in ("packages", "hashed", "python", "lock")}
    return {"archives": archives, "tree": trees["package"].digest, **kept}


def forget(version: AssetVersion) -> None:
    """Let go of all that was found of a version which is being deleted, its packages with it."""
    for work in ModelWork.objects.filter(version=version):
        if tree := work.result.get("tree"):
            registry.release_tree(workspace=version.asset.workspace, digest=tree)
        work.delete()


def _profiled(work: ModelWork, found: dict[str, Any], trees: Mapping[str, Tree]) -> dict[str, Any]:
    declared = work.version.properties
    advice = recommend(
        found,
        rate=float(work.options["rate"]),
        cores=_float(declared.get("cpu")),
        memory=_float(declared.get("memory_in_gb")),
    )
    return {**found, "advice": advice}


def _float(text: Any) -> float:
    try:
        return max(0.0, float(text))
    except (TypeError, ValueError):
        return 0.0


KEEP = {"convert": _converted, "package": _packed, "profile": _profiled}
