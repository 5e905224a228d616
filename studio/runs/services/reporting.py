"""What a job reports through its message file, written into the run."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any, NamedTuple

from django.db import transaction

from officina.errors import StudioError
from officina.storage import Blob, Tree, paths
from registry import services as registry
from registry.models import AssetVersion
from studio.runs import live
from studio.runs.models import LineageEdge, Run
from studio.runs.services.artifacts import add_artifact
from studio.runs.services.creating import label_run
from studio.runs.services.metrics import Point, parse_value, record_metrics

FIGURES = frozenset({"table", "confusion_matrix", "roc"})
TEXT_LIMIT = 500
# What has to be stored; the others say nothing that the exit does not.
TELLING = FIGURES | {
    "metric", "param", "tag", "image", "artifact", "progress", "register_model",
    "register_data", "failed",
}  # fmt: skip


class Reported(NamedTuple):
    """A file that a message names, its bytes in the store."""

    path: str
    blob: Blob
    kind: str = "file"
    key: str = ""


def store_files(*, folder: Path, found: list[dict[str, Any]]) -> list[Reported]:
    """Store the files and figures of a batch of messages: before its transaction, which waits for no disk."""
    made = (_file_of(folder, message) for message in found)
    return [each for each in made if each is not None]


def apply_messages(
    *, run: Run, found: list[dict[str, Any]], files: list[Reported]
) -> dict[str, Any] | None:
    """Store a batch of messages, with the `files` stored of it; the job's own account of its failure is returned."""
    points: list[Point] = []
    failure: dict[str, Any] | None = None
    changes: dict[str, Any] = {}
    if any(message.get("type") in {"param", "tag"} for message in found):
        # The script may log to the run over HTTP as well: add to what is there now.
        run.refresh_from_db(fields=["params", "tags"])
    params, tags = dict(run.params), dict(run.tags)
    for message in found:
        kind = message.get("type")
        if kind == "metric":
            points.append(_point(message))
        elif kind == "param":
            params[str(message["key"])[:250]] = message["value"]
        elif kind == "tag":
            tags[str(message["key"])[:250]] = str(message["value"])[:TEXT_LIMIT]
        elif kind == "progress":
            changes["progress"] = float(message["fraction"])
            changes["progress_text"] = str(message.get("text") or "")[:255]
        elif kind == "register_model":
            run.cursor.setdefault("models", []).append(message)
        elif kind == "register_data":
            run.cursor.setdefault("data", []).append(message)
        elif kind == "failed":
            failure = {k: str(message.get(k) or "") for k in ("code", "message", "where", "hint")}
    for path, blob, kind_of_file, key in files:
        add_artifact(
            run=run, path=path, sha256=blob.sha256, size=blob.size, kind=kind_of_file, key=key
        )
    if points:
        record_metrics(run=run, points=points)
    if params != run.params or tags != run.tags:
        changes |= {"params": params, "tags": tags}
    if run.cursor.get("models") or run.cursor.get("data"):
        changes["cursor"] = run.cursor
    if changes:
        run.touch(**changes)
        if "params" in changes:
            label_run(run)
        transaction.on_commit(lambda: live.tell_run(run))
    return failure


def _point(message: dict[str, Any]) -> Point:
    key = str(message["key"])
    return Point(
        key=key,
        value=parse_value(message["value"], where=f"metric {key}"),
        step=int(message.get("step") or 0),
        ts=float(message.get("ts") or time.time()),
    )


def _inside(folder: Path, path: str) -> Path:
    """Return a path that a job named, refusing one that leads out of its run folder."""
    work = folder / "work"
    real = (work / path).resolve()
    if not real.is_relative_to(folder.resolve()):
        raise StudioError(f"The job named {path!r}, which is outside its run folder.", where="path")
    return real


def _file_of(folder: Path, message: dict[str, Any]) -> Reported | None:
    kind, key = str(message.get("type")), str(message.get("key") or "")
    if kind in FIGURES:
        blob = registry.store().put_bytes(json.dumps(message["value"]).encode())
        slug = re.sub(r"[^A-Za-z0-9._-]+", "_", key).strip("._") or "figure"
        return Reported(f"figures/{slug}.{kind}.json", blob, kind, key)
    if kind not in {"image", "artifact"}:
        return None
    source = _inside(folder, str(message["path"]))
    if not source.is_file():
        return None
    group = "images" if kind == "image" else "files"
    path = paths.check_name(str(message.get("name") or f"{group}/{source.name}"))
    blob = registry.store().put_file(source)
    return Reported(path, blob, "image", key) if kind == "image" else Reported(path, blob)


def store_models(*, run: Run, folder: Path) -> list[tuple[str, Tree]]:
    """Store the models that the job asked to register; return name and files of each, in its order."""
    stored = []
    for message in run.cursor.get("models", []):
        source = _inside(folder, str(message["path"]))
        if not source.exists():
            raise StudioError(
                f"The job registered a model from {message['path']!r}, which does not exist.",
                hint="Write the file before register_model, or name it relative to the job's folder.",
                where="register_model",
            )
        store = registry.store()
        tree = store.put_tree(source) if source.is_dir() else store.put_single(source)
        stored.append((source.name, tree))
    return stored


def register_models(*, run: Run, stored: list[tuple[str, Tree]]) -> None:
    """Register what the job asked for, as `store_models` has stored it, with its lineage."""
    for message, (path, tree) in zip(run.cursor.get("models", []), stored, strict=True):
        row = registry.register(
            workspace=run.workspace,
            kind="model",
            name=str(message["name"]),
            document={"modelType": "custom_model", "jobName": run.name, "path": path},
            tree=tree,
            description=str(message.get("description") or ""),
            tags={str(k): str(v) for k, v in (message.get("tags") or {}).items()},
            run_guid=run.guid,
            user=run.owner,
        )
        LineageEdge.objects.get_or_create(
            workspace=run.workspace,
            source=f"run/{run.guid}",
            target=f"model/{row.asset.name}/{row.version}",
        )


def register_data(*, run: Run, trees: dict[str, Tree]) -> None:
    """Register what the job asked for as data; content that the newest version has makes no other.

    Of an unchanged one the run's output becomes that version's, so that what follows finds it there.
    """
    if run.cursor.get("data"):
        # The script may have tagged the run over HTTP as well: add to what is there now.
        run.refresh_from_db(fields=["tags"])
    for message in run.cursor.get("data", []):
        name, output = str(message["name"]), str(message["output"])
        if output not in trees:
            raise StudioError(
                f"The job registered its output {output!r} as data, and has none of that name.",
                hint=f"It has: {', '.join(trees) or 'none'}.",
                where="register_data",
            )
        newest = registry.versions(workspace=run.workspace, kind="data", name=name).first()
        same = newest is not None and (message["unchanged"] or newest.tree == trees[output].digest)
        same = same and not (run.document.get("registerData") or {}).get("always")
        if newest is not None and same:
            trees[output] = registry.open_tree(workspace=run.workspace, digest=newest.tree)
            run.tags = run.tags | {"data": f"{name}:{newest.version}", "unchanged": "true"}
            continue
        row = _next_data(run, name, trees[output], message)
        run.tags = run.tags | {"data": f"{name}:{row.version}"}
        LineageEdge.objects.get_or_create(
            workspace=run.workspace,
            source=f"run/{run.guid}",
            target=f"data/{row.asset.name}/{row.version}",
        )
    if run.cursor.get("data"):
        run.touch(tags=run.tags)
        label_run(run)


def _next_data(run: Run, name: str, tree: Tree, message: dict[str, Any]) -> AssetVersion:
    asked = run.document.get("registerData") or {}
    return registry.register(
        workspace=run.workspace,
        kind="data",
        name=name,
        version=str(asked.get("registerVersion") or ""),
        document={"dataType": asked.get("dataType") or "uri_folder", "dataUri": tree.uri}
        | {"jobName": run.name},
        tree=tree,
        description=str(asked.get("description") or ""),
        tags={str(k): str(v) for k, v in (asked.get("tags") or {}).items()},
        properties={**(asked.get("properties") or {}), **message["properties"]},
        run_guid=run.guid,
        user=run.owner,
    )
