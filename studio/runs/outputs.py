"""What stands at an output port of a run, read from the content store: a table, a model, metrics, files.

Nothing is unpickled and nothing of the job is run: Parquet and JSON are only read.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from django.core.cache import cache

from officina.errors import StudioError
from registry import services as registry
from studio.runs.models import Run

if TYPE_CHECKING:
    from officina.modules.preview import Source
    from officina.storage import Entry, Tree

TABLE, SCHEMA, PROFILE = "data.parquet", "_schema.json", "_profile.json"
META, EXPLANATION, METRICS = "meta.json", "explanation.json", "metrics.json"
JSON_BYTES = 32 * 2**20
CSV_BYTES = 32 * 2**20
WINDOW_COLUMNS = 500
WINDOW_CELLS = 100_000
# Statistics that nobody kept are worked out for so many columns of a window at a time.
LAZY_COLUMNS = 100
KEPT_SECONDS = 7 * 86_400
SUFFIXES = (".parquet", ".csv", ".tsv")


@dataclass(frozen=True)
class Window:
    """The part of a table that is asked for; columns by index, or by name."""

    start: int = 0
    rows: int = 100
    first: int = 0
    last: int | None = None
    names: tuple[str, ...] = ()
    profile: bool = True


def output_tree(run: Run, port: str) -> Tree:
    """Return the files at a port; what the run does not have is not found, with what it has."""
    output = run.outputs.get(port)
    if output is None:
        known = ", ".join(run.outputs) or "none yet"
        raise StudioError(
            f"The run has no output {port!r}.", hint=f"It has: {known}.", code="not_found"
        )
    digest = output["uri"].removeprefix("tree:")
    return registry.open_tree(workspace=run.workspace, digest=digest)


def preview(*, run: Run, port: str, window: Window | None = None) -> dict[str, Any]:
    """Return `{"kind": "table" | "model" | "transform" | "metrics" | "files", ...}` for a page."""
    tree = output_tree(run, port)
    if METRICS in tree.files:
        return {**_object(tree, METRICS), "kind": "metrics"}
    if META in tree.files:
        return _model(tree)
    name = _table_name(tree)
    if name:
        return _table(tree, name, window or Window())
    items = [{"path": path, "size": entry.size} for path, entry in sorted(tree.files.items())]
    return {"kind": "files", "count": len(items), "files": items[:1000]}


def sizes_of(run: Run) -> dict[str, dict[str, int]]:
    """Return rows and columns of each output of a run that is a table of a module."""
    found = {}
    for port, output in run.outputs.items():
        size = table_size(str(output.get("uri") or "").removeprefix("tree:"))
        if size is not None:
            found[port] = {"rows": size[0], "columns": size[1]}
    return found


def table_size(digest: str) -> tuple[int, int] | None:
    """Return (rows, columns) of a stored dataset; None when the tree is none."""
    try:
        return _table_size(digest)
    except (StudioError, OSError):
        return None  # not kept: a store that does not answer now may answer later


@lru_cache(maxsize=20_000)
def _table_size(digest: str) -> tuple[int, int] | None:
    # Trees never change, so what was read once holds.
    tree = registry.store().read_tree(digest)
    document = _object(tree, PROFILE) if PROFILE in tree.files else {}
    rows, columns = document.get("rows"), document.get("columns")
    return (rows, columns) if isinstance(rows, int) and isinstance(columns, int) else None


@lru_cache(maxsize=5_000)
def table_columns(digest: str) -> tuple[tuple[str, str, str, bool], ...] | None:
    """Return (name, type, role, categorical) of each column of a stored table, None of anything else."""
    from officina.modules import preview as tables

    try:
        tree = registry.store().read_tree(digest)
        name = _table_name(tree)
        if not name:
            return None
        source, _ = _source(name, tree.files[name])
        with tables.open_table(source, name) as file:
            described = tables.describe_columns(file, _roles(tree))
    except (StudioError, OSError):
        return None
    return tuple((c["name"], c["type"], c["role"], c["categorical"]) for c in described)


def _object(tree: Tree, name: str) -> dict[str, Any]:
    """Read one of the tree's JSON objects."""
    entry = tree.files[name]
    if entry.size > JSON_BYTES:
        raise StudioError(f"{name} is too large to show.", where=name, code="too_large")
    try:
        document = json.loads(registry.store().read(entry.sha256))
    except (ValueError, RecursionError) as error:
        raise StudioError(f"{name} is not valid JSON: {error}", where=name) from error
    return document if isinstance(document, dict) else {"value": document}


# -- models -----------------------------------------------------------------------------------------


def _model(tree: Tree) -> dict[str, Any]:
    meta = _object(tree, META)
    learned = _object(tree, EXPLANATION) if EXPLANATION in tree.files else {}
    kind = "model" if meta.get("kind") in {"trained", "untrained"} else "transform"
    return {
        "kind": kind,
        "learner": meta.get("title") or meta.get("algorithm") or meta.get("kind") or "",
        "trained": meta.get("kind") == "trained",
        "meta": meta,
        **learned,
    }


# -- tables -----------------------------------------------------------------------------------------


def _table_name(tree: Tree) -> str:
    if TABLE in tree.files:
        return TABLE
    for suffix in SUFFIXES:
        for name in sorted(tree.files):
            if PurePosixPath(name).suffix.lower() == suffix:
                return name
    return ""


def _table(tree: Tree, name: str, window: Window) -> dict[str, Any]:
    from officina.modules import preview as tables

    entry = tree.files[name]
    source, cut = _source(name, entry)
    roles = _roles(tree)
    with tables.open_table(source, name) as file:
        described = tables.describe_columns(file, roles)
        names = [column["name"] for column in described]
        wanted = list(window.names) or names[window.first : window.last]
        shown = tables.known_columns(names, wanted)[:WINDOW_COLUMNS]
        answer: dict[str, Any] = {
            "kind": "table",
            "rows": file.metadata.num_rows,
            "columns": len(names),
            "start": max(0, window.start),
            "shown": shown,
            "data": tables.rows_of(
                file, shown, window.start, min(window.rows, WINDOW_CELLS // max(1, len(shown)))
            ),
        }
    if cut:
        answer["cut"] = f"The first {CSV_BYTES // 2**20} MiB of {name} are shown."
    if name != TABLE:
        answer["file"] = name
    if window.profile:
        answer["schema"] = described
        by_name = {column["name"]: column for column in described}
        kept = _statistics(tree, entry, source, shown, roles)
        answer["profile"] = [{**kept.get(each, {}), **by_name[each]} for each in shown]
    return answer


def _source(name: str, entry: Entry) -> tuple[Source, bool]:
    """Return what the Parquet reader may open, and whether the file is longer than that."""
    store = registry.store()
    if not name.lower().endswith(".parquet"):
        data = _csv_as_parquet(entry.sha256, "\t" if name.lower().endswith(".tsv") else ",")
        return (lambda: io.BytesIO(data)), entry.size > CSV_BYTES
    path = store.local_path(entry.sha256)
    return path or partial(store.open, entry.sha256), False


@lru_cache(maxsize=4)
def _csv_as_parquet(sha256: str, delimiter: str) -> bytes:
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    with registry.store().open(sha256) as file:
        data = file.read(CSV_BYTES + 1)
    if len(data) > CSV_BYTES:
        data = data[: data.rfind(b"\n") + 1]
    options = pc.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    try:
        table = pc.read_csv(io.BytesIO(data), parse_options=options)
    except pa.ArrowInvalid as error:
        raise StudioError(f"The file cannot be read as a table: {error}", where="preview") from None
    target = io.BytesIO()
    pq.write_table(table, target)
    return target.getvalue()


def _roles(tree: Tree) -> Mapping[str, Mapping[str, Any]]:
    columns = _object(tree, SCHEMA).get("columns") if SCHEMA in tree.files else None
    return columns if isinstance(columns, dict) else {}


def _statistics(
    tree: Tree, entry: Entry, source: Source, names: list[str], roles: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return statistics by column: those kept beside the table, else worked out once and cached."""
    kept = _object(tree, PROFILE).get("profile") if PROFILE in tree.files else None
    if kept:
        return {column["name"]: column for column in kept}
    from officina.modules import preview as tables

    keys = {f"profile:{entry.sha256}:{_slug(name)}": name for name in names}
    found = {keys[key]: value for key, value in cache.get_many(keys).items()}
    missing = [name for name in names if name not in found][:LAZY_COLUMNS]
    fresh = {column["name"]: column for column in tables.profiles(source, missing, roles)}
    if fresh:
        cache.set_many(
            {key: fresh[name] for key, name in keys.items() if name in fresh}, KEPT_SECONDS
        )
    return found | fresh


def _slug(name: str) -> str:
    """Return a column's name in letters that any cache takes as a key."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


# -- evaluation -------------------------------------------------------------------------------------


def evaluation(*, run: Run, port: str) -> dict[str, Any]:
    """Return the result of Evaluate Model as the page draws it: `{"kind", "runs": [...]}`."""
    tree = output_tree(run, port)
    if METRICS not in tree.files:
        raise StudioError(
            f"Output {port!r} holds no evaluation.",
            hint="Look at the output of Evaluate Model.",
            where=port,
            code="not_found",
        )
    document = _object(tree, METRICS)
    rows = [row for row in document.get("rows") or [] if isinstance(row, dict)]
    return {
        "kind": document.get("task") or (rows[0].get("task") if rows else ""),
        "runs": [_evaluated(row) for row in rows],
    }


def _evaluated(row: Mapping[str, Any]) -> dict[str, Any]:
    renamed = {
        "confusion_matrix": "confusion",
        "precision_recall": "pr",
        "roc": "roc",
        "lift": "lift",
        "rows": "rows",
        "label": "label",
        "positive_class": "positive_class",
        "error_histogram": "error_histogram",
        "scatter": "scatter",
        "per_class": "per_class",
        "clusters": "clusters",
    }
    found = {new: row[old] for old, new in renamed.items() if row.get(old) is not None}
    found |= {"name": row.get("name") or "", "metrics": row.get("metrics") or {}}
    if row.get("thresholds"):
        found["thresholds"] = _thresholds(row["thresholds"])
    return found


def _thresholds(columns: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    names = {
        "threshold": "t",
        "true_positive": "tp",
        "false_positive": "fp",
        "true_negative": "tn",
        "false_negative": "fn",
    }
    present = [(short, columns[name]) for name, short in names.items() if name in columns]
    shorts = [short for short, _ in present]
    values = zip(*(column for _, column in present), strict=True)
    return [dict(zip(shorts, row, strict=True)) for row in values]
