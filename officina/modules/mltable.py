"""Azure's MLTable file: which files make a table, how they are read, what is kept of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from officina.documents.yamlio import load_yaml
from officina.errors import StudioError
from officina.modules.errors import FILE_NOT_FOUND, NOT_PARSED, column_not_found, module_error

if TYPE_CHECKING:
    import pandas as pd

NAME = "MLTable"
_READERS = {
    "read_delimited": "csv",
    "read_parquet": "parquet",
    "read_json_lines": "json_lines",
}
_ENCODINGS = {"utf8": "utf-8", "iso88591": "latin-1", "latin1": "latin-1", "ascii": "ascii",
              "utf16": "utf-16", "utf8bom": "utf-8-sig", "windows1252": "cp1252"}  # fmt: skip
_SHAPES = ("keep_columns", "drop_columns", "take", "skip")
_NO_EFFECT = ("convert_column_types", "partition_format")


@dataclass(frozen=True)
class Plan:
    """What an MLTable file asks for."""

    files: tuple[Path, ...]
    kind: str = ""
    delimiter: str = ""
    header: bool = True
    encoding: str = ""
    shapes: tuple[tuple[str, Any], ...] = ()


def read_plan(root: Path) -> Plan:
    """Read the MLTable file of a folder; what it cannot mean here is an error that says so."""
    try:
        document = load_yaml(root / NAME)
    except StudioError as error:
        raise _error(f"The MLTable file cannot be read: {error.message}", error.hint) from error
    if not isinstance(document, Mapping):
        raise _error("The MLTable file is no mapping.", "It needs `paths`.")
    files: list[Path] = []
    for entry in document.get("paths") or ():
        files += _paths(root, entry)
    if not files:
        raise module_error(
            FILE_NOT_FOUND,
            "The MLTable file names no file of this asset.",
            where="asset",
            hint="Write paths such as `- file: ./data.csv` or `- pattern: ./*.csv`.",
        )
    kind, options, shapes = _transformations(document.get("transformations") or [])
    header = str(options.get("header", "all_files_same_headers"))
    encoding = str(options.get("encoding") or "")
    return Plan(
        tuple(dict.fromkeys(files)),
        kind,
        str(options.get("delimiter") or ""),
        header not in ("no_header", "False", "false"),
        _ENCODINGS.get(encoding.replace("-", "").replace("_", "").lower(), encoding),
        tuple(shapes),
    )


def shaped(frame: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Keep the columns and rows that the file asks for, in its order."""
    for name, value in plan.shapes:
        if name in ("take", "skip"):
            count = int(value)
            frame = frame.iloc[:count] if name == "take" else frame.iloc[count:]
            continue
        chosen = [value] if isinstance(value, str) else [str(one) for one in value]
        for one in chosen:
            if one not in frame.columns:
                raise column_not_found(one, frame.columns, where=f"MLTable {name}")
        frame = frame[chosen] if name == "keep_columns" else frame.drop(columns=chosen)
    return frame.reset_index(drop=True)


def _paths(root: Path, entry: Any) -> list[Path]:
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise _error("A path of the MLTable file is malformed.", "Write `- file: ./data.csv`.")
    ((kind, address),) = entry.items()
    text = str(address)
    if "://" in text or text.startswith(("/", "azureml:")):
        raise _error(
            f"The MLTable file names {text!r}, which is not in this asset.",
            "Put the files beside the MLTable file.",
        )
    if kind == "pattern":
        found = sorted(root.glob(text.removeprefix("./")))
    elif kind == "folder":
        found = sorted((root / text).rglob("*"))
    elif kind == "file":
        found = [root / text]
    else:
        raise _error(f"The MLTable file has a path by {kind!r}.", "Use file, folder or pattern.")
    inside = root.resolve()
    files = [one for one in found if one.is_file() and one.resolve().is_relative_to(inside)]
    if kind == "file" and not files:
        raise module_error(
            FILE_NOT_FOUND,
            f"The MLTable file names {text!r}, which is not there.",
            where="asset",
            hint="Put the file beside the MLTable file.",
        )
    return [one for one in files if not one.name.startswith((".", "_")) and one.name != NAME]


def _transformations(items: Any) -> tuple[str, Mapping[str, Any], list[tuple[str, Any]]]:
    kind = ""
    options: Mapping[str, Any] = {}
    shapes: list[tuple[str, Any]] = []
    for item in items if isinstance(items, list) else [items]:
        pairs = item.items() if isinstance(item, Mapping) else [(str(item), None)]
        for name, value in pairs:
            if name in _READERS:
                kind, options = _READERS[name], value if isinstance(value, Mapping) else {}
            elif name in _SHAPES:
                shapes.append((name, value))
            elif name not in _NO_EFFECT:
                known = ", ".join((*_READERS, *_SHAPES))
                raise _error(f"The MLTable file asks for {name!r}.", f"Known: {known}.")
    return kind, options, shapes


def _error(message: str, hint: str) -> StudioError:
    return module_error(NOT_PARSED, message, where="asset", hint=hint)
