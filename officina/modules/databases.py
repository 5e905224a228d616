"""Tables read from SQLite files of a data asset, for Import Data."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from officina.modules import queries, sql
from officina.modules.errors import EMPTY_INPUT, NOT_PARSED, module_error

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

_TABLES = "select name from sqlite_master where type in ('table', 'view') order by name"


def read_sqlite(file: Path, query: str | None, *, where: str) -> pd.DataFrame:
    """Return what the query gives, or the file's only table; the file is never written to."""
    database = queries.Database(file)
    held: dict[str, list[str]] = {}
    try:
        database.lock()
        for (name,) in database.connection.execute(_TABLES).fetchall():
            cursor = database.connection.execute(f"{_all_of(name)} limit 0")
            held[name] = [cell[0] for cell in cursor.description]
        script = (query or "").strip() or _all_of(_only(held))
        found = database.run(script)
        if found is None:
            raise module_error(
                EMPTY_INPUT, "The query gives no rows.", where="query", hint="Write a SELECT."
            )
        return sql.fetched(found, where="query")
    except sqlite3.DatabaseError as error:
        if not held:
            raise module_error(
                NOT_PARSED,
                f"{file.name} is not an SQLite database: {error}",
                where=where,
                hint="Choose the format of the file.",
            ) from error
        raise database.fault(error, held, where="query") from error
    finally:
        database.close()


def _all_of(table: str) -> str:
    return f"select * from {queries.quoted(table)}"  # noqa: S608 - quoted


def _only(held: dict[str, list[str]]) -> str:
    if len(held) != 1:
        listed = ", ".join(held) or "no table"
        raise module_error(
            EMPTY_INPUT,
            f"Which of the {len(held)} tables is meant is not said.",
            where="query",
            hint=f"Write a query: {_all_of(next(iter(held), 't'))}. The file holds {listed}.",
        )
    return next(iter(held))
