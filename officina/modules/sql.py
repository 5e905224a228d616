"""Palette category Data Transformation: Apply SQL Transformation."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from officina.catalogue import Param, Port, module
from officina.columns import Column
from officina.lazy import lazy
from officina.modules import queries
from officina.modules.errors import NAMES_DIFFER, QUERY_FAILED, TOO_LARGE, module_error
from officina.modules.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from officina.columns import Schema, Schemas
    from officina.modules.context import Context
else:
    pd = lazy("pandas")

PORTS = {"table1": "t1", "table2": "t2", "table3": "t3"}
MAX_ROWS = 50_000_000
_TYPES = {"integer": "INTEGER", "number": "REAL", "boolean": "INTEGER", "any": ""}


def _schema(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    """Ask SQLite itself: the script run over empty tables says what its columns are called."""
    known = {PORTS[port]: schema for port, schema in inputs.items() if schema is not None}
    database = queries.Database(seconds=0.2, largest=1_000_000, pages=2_000)
    try:
        for name, schema in known.items():
            cells = [f"{queries.quoted(one.name)} {_TYPES.get(one.type, 'TEXT')}" for one in schema]
            database.connection.execute(f"CREATE TABLE {name} ({', '.join(cells)})")
        database.lock()
        cursor = database.run(str(params["sql_script"]))
    except (sqlite3.Error, ValueError):
        return {"results": None}
    else:
        return {"results": None if cursor is None else _described(cursor, known)}
    finally:
        database.close()


def _described(cursor: sqlite3.Cursor, known: Mapping[str, Schema]) -> Schema:
    sources: dict[str, Column] = {}
    for schema in known.values():
        for one in schema:
            sources.setdefault(one.name, one)
    return tuple(sources.get(cell[0], Column(cell[0])) for cell in cursor.description)


@module(
    name="apply_sql_transformation",
    title="Apply SQL Transformation",
    category="Data Transformation",
    inputs=[
        Port("table1", "dataset", label="Table 1 (t1)"),
        Port("table2", "dataset", label="Table 2 (t2)", optional=True),
        Port("table3", "dataset", label="Table 3 (t3)", optional=True),
    ],
    outputs=[Port("results", "dataset", label="Results dataset")],
    params=[
        Param(
            "sql_script",
            "code",
            "SQL query script",
            "select * from t1;",
            help="SQLite; the tables are t1, t2 and t3. The rows of the last statement are kept.",
        )
    ],
    summary="{sql_script}",
    doc="Run SQL in SQLite over up to three tables, t1, t2 and t3. Several statements may build "
    "on each other; the rows of the last one are the result. A column that keeps its name keeps "
    "its type and role. random() gives the same numbers in each run. No file, no other database "
    "and no pragma can be reached.",
    schema=_schema,
)
def apply_sql_transformation(ctx: Context) -> None:
    """Run the script over the tables."""
    tables = {name: ctx.table(port) for port, name in PORTS.items() if ctx.has(port)}
    columns = {name: [str(one) for one in table.frame.columns] for name, table in tables.items()}
    database = queries.Database()
    try:
        for name, table in tables.items():
            _load(database.connection, name, table)
        database.lock()
        cursor = database.run(ctx.params["sql_script"])
        if cursor is None:
            raise module_error(
                QUERY_FAILED,
                "The last statement of the SQL script gives no rows.",
                where="sql_script",
                hint="End the script with a SELECT.",
            )
        result = _fetched(cursor, tables)
    except (sqlite3.Error, OverflowError, ValueError) as error:
        raise database.fault(error, columns) from error
    finally:
        database.close()
    ctx.save_table("results", result)


def _load(connection: sqlite3.Connection, name: str, table: Table) -> None:
    lowered = [str(one).lower() for one in table.frame.columns]
    for column in table.frame.columns:
        if lowered.count(str(column).lower()) > 1:
            raise module_error(
                NAMES_DIFFER,
                f'To SQL two columns of {name} are called "{column}": it knows no upper case.',
                where=name,
                hint="Rename one with Edit Metadata.",
            )
    if not len(table.frame.columns):
        return
    frame = table.frame.copy()
    for label, kind in frame.dtypes.items():
        if isinstance(kind, pd.CategoricalDtype):
            frame[label] = frame[label].astype(object)
    connection.execute("BEGIN")  # else each row is written on its own
    frame.to_sql(name, connection, index=False)
    if connection.in_transaction:
        connection.execute("COMMIT")


def _fetched(cursor: sqlite3.Cursor, tables: Mapping[str, Table]) -> Table:
    result = Table(fetched(cursor, where="sql_script"))
    for name in result.frame.columns:
        source = next((table for table in tables.values() if name in table.frame.columns), None)
        if source is not None:
            result.frame[name] = _restored(result.frame[name], source.frame[name])
            result.roles[name] = dict(source.roles.get(name, {}))
    return result


def fetched(cursor: sqlite3.Cursor, *, where: str) -> pd.DataFrame:
    """Return all rows of a query, each column with the type of its values."""
    names = [cell[0] for cell in cursor.description]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise module_error(
            NAMES_DIFFER,
            f'Two columns of the result are called "{doubled}".',
            where=where,
            hint=f"Name them apart, for example: t2.{queries.quoted(doubled)} AS other.",
        )
    rows = cursor.fetchmany(MAX_ROWS)
    if cursor.fetchone() is not None:
        raise module_error(
            TOO_LARGE,
            f"The result has more than {MAX_ROWS} rows.",
            where=where,
            hint="Look for a join without a condition.",
        )
    cells = zip(*rows, strict=True) if rows else ([] for _ in names)
    return pd.DataFrame({n: _typed(list(c)) for n, c in zip(names, cells, strict=True)})


def _typed(values: list[Any]) -> pd.Series[Any]:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int}:
        return pd.Series(values, dtype="Int64" if None in values else "int64")
    if kinds <= {int, float}:
        return pd.Series(values, dtype="float64")
    return pd.Series(values, dtype="str" if kinds == {str} else "object")


def _restored(found: pd.Series[Any], source: pd.Series[Any]) -> pd.Series[Any]:
    """Give a column its type back that SQLite does not have: truths, dates and categories."""
    kind = source.dtype
    try:
        if pd.api.types.is_bool_dtype(kind) and found.dropna().isin([0, 1]).all():
            return found.astype("boolean" if found.isna().any() else "bool")
        if pd.api.types.is_datetime64_any_dtype(kind):
            return pd.to_datetime(found, format="ISO8601", utc=bool(getattr(kind, "tz", None)))
        if isinstance(kind, pd.CategoricalDtype) and found.dropna().isin(kind.categories).all():
            return found.astype(kind)
        if found.isna().all() or pd.api.types.is_float_dtype(kind):
            return found.astype(kind)
    except (ValueError, TypeError):
        return found  # made anew under the old name
    return found
