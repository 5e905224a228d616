"""The files that a run's page shows: what it left, its outputs and inputs, and its code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

from officina.errors import StudioError
from officina.storage import Entry, Tree
from registry import services as registry
from studio.runs.models import Artifact, LineageEdge, LoggedModel, Run
from studio.runs.services.advancing import results_of

LISTED = 1000


@dataclass(frozen=True)
class File:
    """One file of a listing; `kind` is how the Metrics tab shows it."""

    path: str
    sha256: str
    size: int
    kind: str = "file"
    key: str = ""


def left_by(run: Run) -> dict[str, File]:
    """Return the files that the run (or the one it reuses) left."""
    holder = results_of(run)
    rows = Artifact.objects.filter(run=holder).order_by("path")[:LISTED]
    found = {row.path: File(row.path, row.sha256, row.size, row.kind, row.key) for row in rows}
    return found | models_of(holder)


def models_of(run: Run) -> dict[str, File]:
    """Return the files of the models that a tracking client logged to the run, below `models/<name>/`."""
    found: dict[str, File] = {}
    models = LoggedModel.objects.filter(run=run, deleted=None).order_by("pk")
    for model in models.only("guid", "name", "files")[:LISTED]:
        folder = f"models/{model.name}/"
        if any(path.startswith(folder) for path in found):
            folder = f"models/{model.name}-{model.guid[:8]}/"
        for path, each in sorted(model.files.items())[:LISTED]:
            found[folder + path] = File(folder + path, each["sha256"], each["size"])
    return found


def tree_of(run: Run, place: str, name: str) -> dict[str, File]:
    """Return the files of an output, an input or the code; each is a stored tree."""
    if place == "snapshot":
        uri = str(run.document.get("codeId") or "")
    else:
        uri = str(
            ((run.outputs if place == "output" else run.inputs).get(name) or {}).get("uri") or ""
        )
    if not uri.startswith("tree:"):
        return {}
    tree = registry.open_tree(workspace=run.workspace, digest=uri.removeprefix("tree:"))
    return {
        path: File(path, entry.sha256, entry.size)
        for path, entry in list(tree.files.items())[:LISTED]
    }


def files_of(run: Run, place: str, name: str = "") -> dict[str, File]:
    """Return the files of one place of the run: files, output, input or snapshot."""
    return left_by(run) if place == "files" else tree_of(run, place, name)


def find(run: Run, place: str, name: str, path: str) -> File:
    """Return one file of the run, or say that it is not there."""
    if place == "files":
        row = Artifact.objects.filter(run=results_of(run), path=path).first()
        file = File(row.path, row.sha256, row.size, row.kind, row.key) if row else None
        file = file or models_of(results_of(run)).get(path)
    else:
        file = tree_of(run, place, name).get(path)
    if file is None:
        raise StudioError(
            f"Run {run.title} has no file {path!r} there.", where="path", code="not_found"
        )
    return file


def open_file(file: File) -> BinaryIO:
    """Open a file's bytes; the caller found it through a run of its workspace."""
    return registry.store().open(file.sha256)


def register_model(
    *,
    run: Run,
    user: Any,
    name: str,
    source: str,
    description: str = "",
    tags: dict[str, str] | None = None,
) -> Any:
    """Register an output (`output:name`), or files the run left (`files:path or folder`), as a model."""
    place, _, what = source.partition(":")
    tree = _model_tree(run, place, what)
    row = registry.register(
        workspace=run.workspace,
        kind="model",
        name=name,
        document={"modelType": _model_type(tree), "jobName": run.name, "path": what},
        tree=tree,
        description=description,
        tags=tags or {},
        run_guid=run.guid,
        user=user,
    )
    LineageEdge.objects.get_or_create(
        workspace=run.workspace,
        source=f"run/{run.guid}",
        target=f"model/{row.asset.name}/{row.version}",
    )
    return row


def _model_tree(run: Run, place: str, what: str) -> Tree:
    if place == "output":
        uri = str((run.outputs.get(what) or {}).get("uri") or "")
        if uri.startswith("tree:"):
            return registry.open_tree(workspace=run.workspace, digest=uri.removeprefix("tree:"))
    if place == "files":
        files = left_by(run)
        if what in files:
            file = files[what]
            return registry.store().put_manifest(
                {what.rpartition("/")[2]: Entry(file.sha256, file.size)}
            )
        below = {
            path.removeprefix(what + "/"): Entry(file.sha256, file.size)
            for path, file in files.items()
            if path.startswith(what + "/")
        }
        if below:
            return registry.store().put_manifest(below)
    raise StudioError(
        f"Run {run.title} left nothing called {what!r}.",
        where="source",
        hint="Choose an output or a file from the list.",
        code="not_found",
    )


def _model_type(tree: Tree) -> str:
    return "mlflow_model" if "MLmodel" in tree.files else "custom_model"


def model_sources(run: Run) -> list[tuple[str, str]]:
    """Return what may be registered: outputs first, then folders and files that the run left."""
    found = [(f"output:{name}", f"output {name}") for name in run.outputs]
    paths = [path for path in left_by(run) if not path.startswith(("logs/", "figures/"))]
    folders = dict.fromkeys(path.rpartition("/")[0] for path in paths if path.count("/") > 1)
    found += [(f"files:{folder}", f"{folder}/") for folder in folders]
    return (found + [(f"files:{path}", path) for path in paths])[:200]


def lineage(run: Run) -> dict[str, list[dict[str, str]]]:
    """Return what went into the run and what came of it."""
    here = f"run/{run.guid}"
    own = {here} | {f"run/{guid}" for guid in run.children.values_list("guid", flat=True)}
    up = LineageEdge.objects.filter(workspace=run.workspace, target__in=own).exclude(source__in=own)
    down = LineageEdge.objects.filter(workspace=run.workspace, source__in=own).exclude(
        target__in=own
    )
    return {
        "up": _ends(run, [(edge.source, edge.label) for edge in up[:100]]),
        "down": _ends(run, [(edge.target, edge.label) for edge in down[:100]]),
    }


def _ends(run: Run, found: list[tuple[str, str]]) -> list[dict[str, str]]:
    guids = [end.removeprefix("run/") for end, _ in found if end.startswith("run/")]
    runs = {row.guid: row for row in Run.objects.filter(workspace=run.workspace, guid__in=guids)}
    base = f"/w/{run.workspace.name}/"
    rows = []
    for end, label in dict.fromkeys(found):
        kind, _, rest = end.partition("/")
        name, _, version = rest.rpartition("/")
        if kind == "run":
            other = runs.get(rest)
            rows.append(
                {
                    "kind": "run",
                    "text": other.title if other else rest,
                    "url": f"{base}runs/{rest}/",
                    "label": label,
                    "end": other.status if other else "deleted",
                }
            )
        else:
            folder = "models" if kind == "model" else "data"
            rows.append(
                {
                    "kind": kind,
                    "text": name,
                    "url": f"{base}{folder}/{name}/?version={version}",
                    "label": label,
                    "end": f"version {version}",
                }
            )
    return rows
