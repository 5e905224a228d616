"""Registered folders and files read as one table, whatever their format, delimiter, encoding."""

from __future__ import annotations

import codecs
import csv
import fnmatch
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from officina.modules import mltable, parsing
from officina.modules.errors import (
    EMPTY_INPUT,
    FILE_NOT_FOUND,
    NAMES_DIFFER,
    NOT_PARSED,
    module_error,
)
from officina.modules.tables import DATA, SCHEMA, Table, read_dataset

Warn = Callable[[str], None]
DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";", "pipe": "|", "space": r"\s+"}
KINDS = {
    ".csv": "csv",
    ".txt": "csv",
    ".data": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
}
PACKED = frozenset((".gz", ".bz2", ".xz", ".zip"))
SAMPLE = 1 << 20
GUESSED = ((",", "comma"), ("\t", "tab"), (";", "semicolon"), ("|", "pipe"))


@dataclass(frozen=True)
class Wanted:
    """How the files of an asset are to be read; "auto" looks at the files."""

    pattern: str = "**"
    kind: str = "auto"
    delimiter: str = "auto"
    header: bool = True
    encoding: str = "auto"


def read_asset(root: Path, wanted: Wanted, *, warn: Warn) -> Table:
    """Read an asset's files as one table; a dataset of the designer keeps its column roles."""
    if wanted.pattern in ("", "**") and root.is_dir():
        if (root / mltable.NAME).is_file():
            return Table(_from_mltable(root, wanted, warn))
        if (root / DATA).is_file() and (root / SCHEMA).is_file():
            return Table(*read_dataset(root))
    files = _files(root, wanted)
    return Table(joined([(file.name, read_file(file, wanted, warn)) for file in files]))


def joined(parts: list[tuple[str, pd.DataFrame]]) -> pd.DataFrame:
    """Put the tables of several files under each other; they need the same columns."""
    name, first = parts[0]
    for other, frame in parts[1:]:
        if set(frame.columns) == set(first.columns) and len(frame.columns) == len(first.columns):
            continue
        more = [str(one) for one in frame.columns if one not in first.columns]
        less = [str(one) for one in first.columns if one not in frame.columns]
        said = " and ".join(
            text
            for text in (
                f"lacks {', '.join(less[:5])}" if less else "",
                f"has {', '.join(more[:5])} besides" if more else "",
            )
            if text
        )
        raise module_error(
            NAMES_DIFFER,
            f"{other} has other columns than {name}: it {said or 'repeats some'}.",
            where="asset",
            hint="Join files with the same columns, or name one file under Path.",
        )
    if len(parts) == 1:
        return first
    return pd.concat([frame[first.columns] for _, frame in parts], ignore_index=True)


def read_file(file: Path, wanted: Wanted, warn: Warn) -> pd.DataFrame:
    """Read one file; a format, delimiter or encoding of "auto" is found out."""
    kind = kind_of(file) or "csv" if wanted.kind == "auto" else wanted.kind
    if kind == "parquet":
        return parsing.read_parquet(file, where=file.name)
    packed = file.suffix.lower() in PACKED
    encoding = wanted.encoding.strip() or "auto"
    if encoding == "auto":
        encoding = "utf-8" if packed else encoding_of(file, warn)
    if kind == "json_lines":
        return _json_lines(file, encoding)
    if kind == "tsv":
        delimiter = "\t"
    elif wanted.delimiter != "auto":
        delimiter = DELIMITERS.get(wanted.delimiter, wanted.delimiter)
    else:
        delimiter = "," if packed else delimiter_of(file, encoding)
    frame = parsing.read_delimited(
        file, delimiter=delimiter, header=wanted.header, encoding=encoding, where=file.name
    )
    if delimiter != "," and (read := parsing.read_decimal_commas(frame)):
        warn(f"{file.name}: {', '.join(read[:5])} has decimal commas and is read as numbers")
    return frame


def kind_of(file: Path) -> str | None:
    """Return the format that a file's name says, looking through .gz and the like."""
    suffixes = [suffix.lower() for suffix in file.suffixes]
    if suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    return KINDS.get(suffixes[-1]) if suffixes else None


def encoding_of(file: Path, warn: Warn) -> str:
    """Find a text file's encoding: its byte-order mark, UTF-8, else Windows-1252 with a warning."""
    with file.open("rb") as stream:
        head = stream.read(SAMPLE)
    for mark, name in ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"),
                       (codecs.BOM_UTF16_BE, "utf-16")):  # fmt: skip
        if head.startswith(mark):
            return name
    if b"\x00" in head[:4096]:
        raise module_error(
            NOT_PARSED,
            f"{file.name} is not a text file.",
            where="asset",
            hint="Name the table's file under Path, or choose its format.",
        )
    if _is_utf8(file):
        return "utf-8"
    try:
        head.decode("cp1252")
    except UnicodeDecodeError as error:
        raise module_error(
            NOT_PARSED,
            f"The encoding of {file.name} cannot be told: {error}",
            where="encoding",
            hint="Choose the encoding that the file was written in.",
        ) from error
    warn(f"{file.name} is not UTF-8; it is read as Windows-1252")
    return "cp1252"


def _is_utf8(file: Path) -> bool:
    """Look at every byte: one letter near the end may be the only one beyond ASCII."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(SAMPLE):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def delimiter_of(file: Path, encoding: str) -> str:
    """Find the delimiter that cuts every one of the first lines into the same number of values."""
    with file.open(encoding=encoding, errors="replace", newline="") as stream:
        lines = stream.read(SAMPLE // 4).splitlines(keepends=True)
    lines = lines[:-1] if len(lines) > 100 else lines
    lines = [line for line in lines[:100] if line.strip()]
    best, width = ",", 1
    for delimiter, _ in GUESSED:
        counts = _widths(lines, delimiter)
        if counts and len(counts) == 1 and max(counts) > width:
            best, width = delimiter, max(counts)
    if width == 1 and lines:
        # No delimiter fits every line: the one of the header says best what was meant.
        best = max((d for d, _ in GUESSED), key=lambda each: lines[0].count(each))
        best = best if lines[0].count(best) else ","
    return best


def _widths(lines: Iterable[str], delimiter: str) -> set[int]:
    try:
        return {len(row) for row in csv.reader(lines, delimiter=delimiter) if row}
    except csv.Error:
        return set()


def _json_lines(file: Path, encoding: str) -> pd.DataFrame:
    try:
        frame = pd.read_json(file, lines=True, encoding=encoding)
    except (ValueError, UnicodeError) as error:
        raise module_error(
            NOT_PARSED,
            f"{file.name} cannot be read as JSON lines: {error}",
            where="asset",
            hint="Each line must be one JSON object.",
        ) from error
    nested = [str(name) for name in frame.columns if _holds_objects(frame[name])]
    if nested:
        raise module_error(
            NOT_PARSED,
            f"{file.name}: column {nested[0]} holds lists or objects.",
            where="asset",
            hint="Write one plain value for each name.",
        )
    return frame


def _holds_objects(values: pd.Series[Any]) -> bool:
    return values.dtype == object and any(isinstance(one, dict | list) for one in values)


def _files(root: Path, wanted: Wanted) -> list[Path]:
    if root.is_file():
        return [root]
    pattern = wanted.pattern.strip("/") or "**"
    inside = root.resolve()
    present: list[str] = []
    found: list[Path] = []
    for file in sorted(root.rglob("*")):
        # A link that leads out of the folder is not part of the data.
        if not file.is_file() or not file.resolve().is_relative_to(inside):
            continue
        name = file.relative_to(root).as_posix()
        present.append(name)
        hidden = any(part.startswith(("_", ".")) for part in name.split("/"))
        if name == pattern or (fnmatch.fnmatchcase(name, pattern) and not hidden):
            found.append(file)
    if pattern == "**" and wanted.kind == "auto" and len(found) > 1:
        found = [file for file in found if kind_of(file)]  # notes and licences lie beside tables
    if not found:
        held = f"It holds: {', '.join(present[:8])}." if present else "It is empty."
        raise module_error(
            FILE_NOT_FOUND if present else EMPTY_INPUT,
            f'No table matches "{pattern}" in the asset.' if present else "The asset is empty.",
            where="path",
            hint=held,
        )
    return found


def _from_mltable(root: Path, wanted: Wanted, warn: Warn) -> pd.DataFrame:
    plan = mltable.read_plan(root)
    given = Wanted(
        kind=plan.kind or wanted.kind,
        delimiter=plan.delimiter or wanted.delimiter,
        header=plan.header,
        encoding=plan.encoding or wanted.encoding,
    )
    parts = [(file.name, read_file(file, given, warn)) for file in plan.files]
    return mltable.shaped(joined(parts), plan)
