"""A look at a version's tables: rows by windows, profiles, guesses, and what two versions differ in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache

from officina import data
from officina.data.reading import tables_of
from officina.errors import StudioError
from registry.api.versions import tree_of
from registry.models import AssetVersion

KEPT_SECONDS = 7 * 86_400
MOST_COLUMNS = 60
MOST_CELLS = 100_000


@dataclass(frozen=True)
class Table:
    """One table of a version: the stored file it is in."""

    sha256: str
    name: str
    names: tuple[str, ...]
    # The stored file that says what roles the columns have; "" when there is none.
    roles: str = ""

    def at(self) -> dict[str, Any]:
        """Return where the child process finds it."""
        return {"sha256": self.sha256, "name": self.name, **place()}


def place() -> dict[str, Any]:
    """Return the store, and the folder for tables that were read from text."""
    folder = Path(settings.OFFICINA_HOME) / "cache" / "tables"
    return {"store": settings.STORAGE_URL, "cache": str(folder)}


def tables_in(version: AssetVersion) -> list[str]:
    """Return the files of a version that can be looked at as tables."""
    return tables_of(tree_of(version).files)


def table_of(version: AssetVersion, name: str = "") -> Table:
    """Return a version's table of this file name; without one the likeliest."""
    tree = tree_of(version)
    names = tables_of(tree.files)
    chosen = name or (names[0] if names else "")
    if chosen not in names:
        what = f"no table {name!r}" if name else "no table that can be shown"
        raise StudioError(
            f"{version} holds {what}.", where="file", code="not_found",
            hint="Parquet, CSV, TSV and JSON lines are shown as tables; text may be packed with gzip.",
        )  # fmt: skip
    beside = tree.files.get("_schema.json") if chosen == "data.parquet" else None
    roles = beside.sha256 if beside else ""
    return Table(tree.files[chosen].sha256, chosen, tuple(names), roles)


def rows(
    table: Table, *, start: int = 0, count: int = 100, first: int = 0, last: int = 50
) -> dict[str, Any]:
    """Return a window of rows and columns."""
    last = min(last, first + 500)
    count = min(count, 1_000, MOST_CELLS // max(1, last - first))
    found: dict[str, Any] = data.ask(
        "rows", **table.at(), start=start, count=count, first=first, last=last
    )
    return found


def profile(table: Table, names: list[str]) -> list[dict[str, Any]]:
    """Return the statistics of columns; what was worked out before is kept for a week."""
    wanted = names[:MOST_COLUMNS]
    keys = {_key(table, name): name for name in wanted}
    found = {keys[key]: value for key, value in cache.get_many(keys).items()}
    missing = [name for name in wanted if name not in found]
    if missing:
        fresh = data.ask("profile", **table.at(), columns=missing)
        found |= {column["name"]: column for column in fresh}
        cache.set_many({_key(table, c["name"]): c for c in fresh}, KEPT_SECONDS)
    return [found[name] for name in wanted]


def _key(table: Table, name: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"column2:{table.sha256}:{digest}"


def guesses(profiled: list[dict[str, Any]], rows_: int, columns: int) -> dict[str, Any]:
    """Return which column is likely the target and which are ids; nothing for a part of a table."""
    if len(profiled) < columns:
        return {"ids": [], "target": None, "why": ""}
    return data.guesses(profiled, rows_)


def correlations(table: Table) -> dict[str, Any]:
    """Return the correlations of the number columns, kept for a week."""
    key = f"correlations:{table.sha256}"
    found: dict[str, Any] | None = cache.get(key)
    if found is None:
        found = data.ask("correlations", **table.at())
        cache.set(key, found, KEPT_SECONDS)
    return found


def diff(old: Table, new: Table, key: str = "") -> dict[str, Any]:
    """Return what differs from one table to another: columns, rows and distributions.

    Rows are matched by the column `key`, or by one that is likely one.
    """
    if old.sha256 == new.sha256:
        return {"same": True}
    ends: dict[str, Any] = {
        "old": {"sha256": old.sha256, "name": old.name},
        "new": {"sha256": new.sha256, "name": new.name},
    }
    found: dict[str, Any] = data.ask("diff", **place(), **ends, key=key)
    return found


def notes(said: dict[str, Any], count: int) -> list[str]:
    """Return in words how a text file was read, where that is worth a word."""
    found = []
    if said.get("cut"):
        size = said["cut"] // 2**20
        found.append(
            f"The first {size} MiB are shown: {count:,} rows. The whole table is in Files."
        )
    if said.get("above"):
        found.append(f"The table begins at line {said['above'] + 1}; what is above it is left out.")
    if said.get("skipped"):
        found.append(f"{said['skipped']:,} rows have another number of fields and are left out.")
    if said.get("headless"):
        found.append(
            "The first line looks like a row, not like names of columns. In a pipeline, switch "
            "'Has header' of the data off."
        )
    if said.get("encoding") not in (None, "utf-8", "utf-8-sig"):
        found.append(f"The text is read as {said['encoding']}.")
    return found
