"""Tables between modules: a folder with `data.parquet` and `_schema.json` for the column roles."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from officina.lazy import lazy
from officina.modules.errors import EMPTY_INPUT, INVALID_DATA, NAMES_DIFFER, module_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd
    from pyarrow import parquet

    from officina.modules import preview
else:
    pd = lazy("pandas")
    parquet = lazy("pyarrow.parquet")
    preview = lazy("officina.modules.preview")

DATA = "data.parquet"
SCHEMA = "_schema.json"
PROFILE = "_profile.json"
BIG_TABLE = 1_000_000  # cells
PROFILED_COLUMNS = 500
ROW_GROUP = 65_536  # a preview reads one group, not the whole table

Roles = dict[str, dict[str, Any]]


@dataclass
class Table:
    """A data frame and what is known about its columns: role, categorical, kind of score."""

    frame: pd.DataFrame
    roles: Roles = field(default_factory=dict)

    def with_frame(self, frame: pd.DataFrame) -> Table:
        """Return the table with other rows or columns; roles of columns that are gone go too."""
        kept = {name: dict(role) for name, role in self.roles.items() if name in frame.columns}
        return Table(frame, kept)

    def role(self, column: str) -> str:
        """Return the column's role; a column without one is a feature."""
        return str(self.roles.get(column, {}).get("role") or "feature")

    def is_categorical(self, column: str) -> bool:
        """Say whether the column holds categories, by its type or because a module said so."""
        if isinstance(self.frame[column].dtype, pd.CategoricalDtype):
            return True
        return bool(self.roles.get(column, {}).get("categorical"))


def read_dataset(path: Path) -> tuple[pd.DataFrame, Roles]:
    """Read a dataset folder: its data frame and the roles of its columns.

    A folder without `data.parquet` may hold one or more Parquet or CSV files instead.
    """
    path = Path(path)
    file = path / DATA
    if not file.is_file():
        return pd.concat(list(_foreign_frames(path)), ignore_index=True), {}
    try:
        frame = pd.read_parquet(file)
    except (OSError, ValueError) as error:
        raise module_error(
            INVALID_DATA,
            f"The table cannot be read: {error}",
            where=str(file.name),
            hint="Run the step before this one again.",
        ) from error
    return frame, read_roles(path)


def read_roles(path: Path) -> Roles:
    """Read the column roles beside a table; none when there are none."""
    try:
        document = json.loads((Path(path) / SCHEMA).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    columns = document.get("columns") if isinstance(document, dict) else None
    return dict(columns) if isinstance(columns, dict) else {}


def write_dataset(path: Path, df: pd.DataFrame, roles: Roles | None = None) -> None:
    """Write a dataset folder; equal tables give equal bytes."""
    path = Path(path)
    path.mkdir(parents=True, exist_ok=True)
    frame = df.reset_index(drop=True)
    frame.columns = pd.Index([str(name) for name in frame.columns], dtype=object)
    _refuse_doubled(frame.columns)
    try:
        frame.to_parquet(path / DATA, index=False, compression="zstd", row_group_size=ROW_GROUP)
    except (ValueError, TypeError) as error:
        raise module_error(
            INVALID_DATA,
            f"A column mixes types that one column cannot hold: {error}",
            where="dataset",
            hint="Make the column text or numbers with Edit Metadata.",
        ) from error
    kept = {name: role for name, role in (roles or {}).items() if name in frame.columns and role}
    _write_json(path / SCHEMA, {"columns": kept})


def write_profile(path: Path) -> dict[str, int]:
    """Write the size of the dataset in this folder beside it, from the Parquet footer alone.

    Of a big table the columns' statistics are kept as well: worked out here, where time does not
    matter, they are on the page at once. Those of a small one take no time to work out there.
    """
    file = Path(path) / DATA
    metadata = parquet.read_metadata(file)
    size = {"rows": metadata.num_rows, "columns": metadata.num_columns}
    document: dict[str, Any] = dict(size)
    if size["rows"] * size["columns"] > BIG_TABLE and size["columns"] <= PROFILED_COLUMNS:
        names = parquet.read_schema(file).names
        document["profile"] = preview.profiles(file, names, read_roles(path))
    _write_json(Path(path) / PROFILE, document)
    return size


def _write_json(path: Path, document: object) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def _refuse_doubled(columns: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in columns:
        if name in seen:
            raise module_error(
                NAMES_DIFFER,
                f'Two columns are called "{name}".',
                where=name,
                hint="Give each column its own name, for example with Edit Metadata.",
            )
        seen.add(name)


def _foreign_frames(path: Path) -> Iterable[pd.DataFrame]:
    files = [path] if path.is_file() else sorted(item for item in path.rglob("*") if item.is_file())
    readers: dict[str, Callable[[Path], pd.DataFrame]] = {
        ".parquet": pd.read_parquet,
        ".csv": pd.read_csv,
        ".tsv": _read_tsv,
    }
    found = [file for file in files if file.suffix.lower() in readers]
    if not found:
        raise module_error(
            EMPTY_INPUT,
            "The input holds no table.",
            where=path.name,
            hint="A dataset is a folder with Parquet, CSV or TSV files.",
        )
    for file in found:
        yield readers[file.suffix.lower()](file)


def _read_tsv(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, sep="\t")
