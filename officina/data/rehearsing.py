"""Preparation steps tried on a sample of a stored table, as the pipeline would read it."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from officina.data import preparation, reading
from officina.data.preparation import Outcome
from officina.errors import StudioError
from officina.modules import preview, tables, tabular
from officina.modules.tables import Table
from officina.storage import ContentStore

ROWS = 1_000
MOST_ROWS = 100_000
MOST_CELLS = 4_000_000
# A sample that is not the head is taken from so many places of the file.
PLACES = 10
_KINDS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "json_lines", ".ndjson": "json_lines"}
# The samples of the last questions: someone who edits a step asks again at once.
_kept: OrderedDict[tuple[Any, ...], tuple[Table, dict[str, Any]]] = OrderedDict()
KEPT = 3


def rehearse(
    *,
    store: str,
    cache: str,
    table: Mapping[str, str],
    steps: Any,
    others: Mapping[str, Mapping[str, str]],
    rows: int = ROWS,
    spread: bool = False,
    show: int = -1,
    window: tuple[int, int, int, int] = (0, 100, 0, 50),
) -> dict[str, Any]:
    """Return rows and columns after each step, and a window of the table after step `show`.

    `show` is -1 for the table before all steps; a step that is not reached shows the last one that
    was. The types and names before each step are in `schemas`; None means "as before".
    """
    given, facts = _sampled(store, cache, table, rows, spread)
    prepared, _ = preparation.read_so_far(steps)
    beside = {key: _sampled(store, cache, at, rows, spread)[0] for key, at in others.items()}
    found = list(preparation.outcomes(given, prepared, beside))
    done = [given, *(each.table for each in found if each.table is not None)]
    shown = max(0, min(show + 1, len(done) - 1))
    return {
        **facts,
        "steps": [_told(each, prepared[index].summary) for index, each in enumerate(found)],
        "schemas": _schemas(done),
        "shown": shown - 1,
        "table": _window(done[shown], *window),
    }


def _told(outcome: Outcome, summary: str) -> dict[str, Any]:
    told: dict[str, Any] = {"summary": summary, "notes": outcome.notes}
    if outcome.table is not None:
        told |= {"rows": len(outcome.table.frame), "columns": len(outcome.table.frame.columns)}
    if outcome.error is not None:
        told["error"] = outcome.error.as_json()
    return told


def _schemas(done: list[Table]) -> list[list[list[str]] | None]:
    found: list[list[list[str]] | None] = []
    last: list[list[str]] | None = None
    for table in done:
        schema = [[c["name"], c["type"]] for c in _described(table)]
        found.append(None if schema == last else schema)
        last = schema
    return found


def _described(table: Table) -> list[dict[str, Any]]:
    return preview.describe_schema(pa.Schema.from_pandas(table.frame), table.roles)


def _window(table: Table, start: int, count: int, first: int, last: int) -> dict[str, Any]:
    names = [str(name) for name in table.frame.columns]
    shown = names[first:last]
    part = table.frame[shown].iloc[start : start + min(count, preview.MAX_ROWS)]
    return {
        "rows": len(table.frame),
        "columns": len(names),
        "schema": [[c["name"], c["type"]] for c in _described(table)],
        "data": preview.cells_of(pa.Table.from_pandas(part, preserve_index=False), shown)
        if shown
        else [],
    }


def _sampled(
    store: str, cache: str, at: Mapping[str, str], rows: int, spread: bool
) -> tuple[Table, dict[str, Any]]:
    key = (store, at["sha256"], at["name"], rows, spread)
    if key in _kept:
        _kept.move_to_end(key)
        return _kept[key]
    path, said = open_as_pipelines_do(store, at["sha256"], at["name"], Path(cache))
    with preview.open_table(path, at["name"]) as file:
        total, columns = file.metadata.num_rows, len(file.schema_arrow.names)
        wanted = max(1, min(rows, MOST_ROWS, MOST_CELLS // max(1, columns)))
        frame = _taken(file, wanted, spread).to_pandas()
    facts = {
        "rows": total, "columns": columns, "said": said,
        "sample": {"rows": len(frame), "whole": len(frame) == total and not said.get("cut")},
    }  # fmt: skip
    table = Table(frame.reset_index(drop=True), _roles(store, at.get("roles", "")))
    _kept[key] = table.with_frame(table.frame), facts
    while len(_kept) > KEPT:
        _kept.popitem(last=False)
    return _kept[key]


def _taken(file: Any, wanted: int, spread: bool) -> pa.Table:
    """Read so many rows: the first ones, or some of several places of the file."""
    total, groups = file.metadata.num_rows, file.metadata.num_row_groups
    if total == 0 or not groups:
        return file.schema_arrow.empty_table()
    if wanted >= total:
        return file.read(use_threads=True)
    if not spread:
        batches, count = [], 0
        for batch in file.iter_batches(batch_size=min(wanted, 50_000)):
            batches.append(batch.slice(0, wanted - count))
            count += len(batches[-1])
            if count >= wanted:
                break
        return pa.Table.from_batches(batches, file.schema_arrow)
    chosen = sorted({groups * place // PLACES for place in range(PLACES)})
    parts, left = [], wanted
    for index, group in enumerate(chosen):
        part = file.read_row_group(group)
        count = min(left // (len(chosen) - index), part.num_rows)
        step = max(1, part.num_rows // max(1, count))
        parts.append(part.take(pa.array(range(0, step * count, step), pa.int64())))
        left -= count
    return pa.concat_tables(parts)


def _roles(store: str, sha256: str) -> tables.Roles:
    if not sha256:
        return {}
    try:
        document = json.loads(ContentStore(store).read(sha256))
    except ValueError:
        return {}
    columns = document.get("columns") if isinstance(document, dict) else None
    return dict(columns) if isinstance(columns, dict) else {}


def open_as_pipelines_do(
    store: str, sha256: str, name: str, cache: Path
) -> tuple[Path, dict[str, Any]]:
    """Return a table as a Parquet file that holds what the module Data asset reads of it."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".parquet":
        return reading.open_stored(store, sha256, name, cache)
    cache.mkdir(parents=True, exist_ok=True)
    target = cache / f"{sha256}{suffix}.read.parquet"
    notes = target.with_suffix(".json")
    if target.exists() and notes.exists():
        target.touch()
        found: dict[str, Any] = json.loads(notes.read_text())
        return target, found
    draft = target.with_suffix(f".{os.getpid()}.part")
    text = target.with_suffix(f".{os.getpid()}{suffix}")
    warned: list[str] = []
    try:
        with ContentStore(store).open(sha256) as source:
            cut = _copied(source, text)
        with text.open("rb") as file:
            reading.check_text(file.read(reading.SNIFF_BYTES), name)
        frame = tabular.read_file(text, tabular.Wanted(kind=_KINDS[suffix]), warned.append)
        frame.to_parquet(draft, index=False, row_group_size=reading.ROW_GROUP)
        draft.replace(target)
    except StudioError as error:
        error.message = error.message.replace(text.name, name)
        raise
    finally:
        draft.unlink(missing_ok=True)
        text.unlink(missing_ok=True)
    said = {"cut": cut, "warned": [each.replace(text.name, name) for each in warned]}
    notes.write_text(json.dumps(said))
    reading.prune(cache)
    return target, said


def _copied(source: Any, target: Path) -> int:
    """Copy a text, or its head up to a line's end; returns the bytes of a head, else 0."""
    left = reading.HEAD_BYTES
    with target.open("wb") as file:
        while left > 0 and (chunk := source.read(min(1 << 20, left))):
            file.write(chunk)
            left -= len(chunk)
        if left > 0 or not source.read(1):
            return 0
    with target.open("r+b") as file:
        file.seek(-min(1 << 20, reading.HEAD_BYTES), os.SEEK_END)
        tail = file.read()
        file.truncate(reading.HEAD_BYTES - len(tail) + tail.rfind(b"\n") + 1)
    return reading.HEAD_BYTES
