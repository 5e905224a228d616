"""Cuts the data of a parallel job into mini batches: files of a folder, or rows of an MLTable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_UNITS = {"": 1, "b": 1, "k": 2**10, "kb": 2**10, "m": 2**20, "mb": 2**20, "g": 2**30, "gb": 2**30}


@dataclass(frozen=True)
class Batch:
    """One mini batch: a list of paths, or a table; with keys, the values that its rows share."""

    index: int
    data: Any
    keys: dict[str, Any] = field(default_factory=dict)


def bytes_of(text: str) -> int:
    """Return the number that `10kb` means; a plain number is itself."""
    match = re.fullmatch(r"\s*(\d+)\s*([a-zA-Z]*)\s*", text)
    if match is None or match[2].lower() not in _UNITS:
        raise SystemExit(f"mini_batch_size {text!r} is not a number, or one with kb, mb or gb.")
    return int(match[1]) * _UNITS[match[2].lower()]


def batches(place: Path, *, size: str, keys: list[str]) -> Iterator[Batch]:
    """Yield the mini batches of a folder, file or MLTable."""
    if (place / "MLTable").is_file():
        yield from _of_table(place, size, keys)
        return
    files = (
        [str(place)]
        if place.is_file()
        else sorted(str(each) for each in place.rglob("*") if each.is_file())
    )
    count = max(1, bytes_of(size or "1"))
    for index, start in enumerate(range(0, len(files), count)):
        yield Batch(index, files[start : start + count])


def _of_table(place: Path, size: str, keys: list[str]) -> Iterator[Batch]:
    table = read_mltable(place)
    if keys:
        missing = [key for key in keys if key not in table.columns]
        if missing:
            raise SystemExit(f"The table has no column {missing[0]!r} to partition by.")
        for index, (values, rows) in enumerate(table.groupby(keys, sort=True)):
            shared = dict(zip(keys, values, strict=True))
            yield Batch(index, rows.reset_index(drop=True), shared)
        return
    # Azure counts a table's mini batch in bytes of its source, 1 MB unless told.
    rows_each = len(table)
    whole = sum(each.stat().st_size for each in place.rglob("*") if each.is_file()) or 1
    if len(table):
        rows_each = max(1, int(len(table) * bytes_of(size or "1mb") / whole))
    for index, start in enumerate(range(0, len(table), max(1, rows_each))):
        yield Batch(index, table.iloc[start : start + rows_each].reset_index(drop=True))


def read_mltable(place: Path) -> Any:
    """Return the table of an MLTable folder as a data frame."""
    try:
        import pandas as pd
        import yaml
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"The environment of this step has no {error.name}, which an mltable is read with:"
            " use sklearn-1.5, or add pandas, pyyaml and pyarrow to its packages."
        ) from None

    spec = yaml.safe_load((place / "MLTable").read_text(encoding="utf-8")) or {}
    files = [path for entry in spec.get("paths") or [] for path in _files(place, entry)]
    steps = [_step(each) for each in spec.get("transformations") or []]
    frames = []
    for path in files:
        frame = _read(path, steps)
        for name, options in steps:
            if name == "extract_columns_from_partition_format":
                pattern = options if isinstance(options, str) else options["partition_format"]
                for column, value in _parts(path, place, pattern).items():
                    frame[column] = value
        frames.append(frame)
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    for name, options in steps:
        if name == "keep_columns":
            table = table[[options] if isinstance(options, str) else list(options)]
        elif name == "drop_columns":
            table = table.drop(columns=[options] if isinstance(options, str) else list(options))
        elif name == "take":
            table = table.head(int(options))
    return table


def _step(each: Any) -> tuple[str, Any]:
    if isinstance(each, str):
        return each, {}
    name, options = next(iter(each.items()))
    return str(name), options or {}


def _files(place: Path, entry: dict[str, str]) -> list[Path]:
    if "pattern" in entry:
        pattern = entry["pattern"].removeprefix("./").lstrip("/")
        return sorted(path for path in place.glob(pattern) if path.is_file())
    named = place / str(entry.get("file") or entry.get("folder") or ".").removeprefix("./")
    found = [named] if named.is_file() else sorted(p for p in named.rglob("*") if p.is_file())
    return [path for path in found if path.name != "MLTable"]


def _read(path: Path, steps: list[tuple[str, Any]]) -> Any:
    import pandas as pd

    for name, options in steps:
        if name == "read_parquet":
            return pd.read_parquet(path)
        if name == "read_json_lines":
            return pd.read_json(path, lines=True)
        if name == "read_delimited":
            header = None if options.get("header") == "no_header" else 0
            encoding = {"utf8": "utf-8", "ascii": "ascii"}.get(options.get("encoding"), "utf-8")
            separator = options.get("delimiter") or ","
            return pd.read_csv(path, sep=separator, header=header, encoding=encoding)
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


def _parts(path: Path, place: Path, pattern: str) -> dict[str, str]:
    """Return what a partition format (`/{Store}/{Brand}.csv`) finds in a file's path."""
    text = re.escape("/" + pattern.lstrip("/"))
    text = re.sub(r"\\\{(\w+)(?::[^{}]*)?\\\}", r"(?P<\1>[^/]+)", text).replace(r"\*", "[^/]*")
    match = re.search(text, "/" + path.relative_to(place).as_posix())
    return match.groupdict() if match else {}
