"""Datastores of tables: read through SQLAlchemy, in transactions that cannot write."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from officina.errors import StudioError
from officina.storage.datastores.hosts import check_host

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

CONNECT_SECONDS = 5
QUERY_SECONDS = 60
MOST_ROWS = 1_000
BATCH = 10_000
# What drivers say when nobody is there, or nobody answers in time.
_AWAY = ("unable to connect", "can't connect", "refused", "timed out", "timeout expired")


class Database:
    """One database; each question opens a connection, asks and closes it."""

    def __init__(
        self, url: URL, *, title: str, options: Mapping[str, Any], begin: str, secrets: list[str]
    ) -> None:
        self._url = url
        self._title = title
        self._options = dict(options)
        self._begin = begin
        self._secrets = [each for each in secrets if each]

    def test(self) -> str:
        """Sign in and ask for nothing; says what answered."""
        with self._connected() as connection:
            version = connection.dialect.server_version_info
        shown = ".".join(str(part) for part in (version or ()))
        return f"{self._title} {shown} answers, and {self._url.database} opens."

    def tables(self) -> list[str]:
        """Return the names of tables and views, with their schema where it is not the usual one."""
        from sqlalchemy import inspect

        with self._connected() as connection:
            looker = inspect(connection)
            usual = looker.default_schema_name
            found = []
            for schema in looker.get_schema_names():
                if schema in (
                    "information_schema",
                    "pg_catalog",
                    "mysql",
                    "performance_schema",
                    "sys",
                ):
                    continue
                names = looker.get_table_names(schema) + looker.get_view_names(schema)
                found += [name if schema == usual else f"{schema}.{name}" for name in names]
        return sorted(found)

    def select_of(self, table: str) -> str:
        """Return the query for all of a table that is there, its name quoted as this database does."""
        if table not in self.tables():
            raise StudioError(f"There is no table {table!r}.", where="table", code="not_found")
        quote = self._url.get_dialect()().identifier_preparer.quote
        return "select * from " + ".".join(quote(part) for part in table.split("."))  # noqa: S608

    def preview(self, query: str, *, limit: int = 100) -> dict[str, Any]:
        """Return `{"columns", "rows"}` of the first rows of a query."""
        with closing(self.batches(query, size=min(max(1, limit), MOST_ROWS))) as found:
            names, rows = next(found)
        cells = [[_cell(value) for value in row] for row in rows]
        return {"columns": [{"name": name} for name in names], "rows": cells}

    def batches(self, query: str, *, size: int = BATCH) -> Generator[tuple[list[str], list[Any]]]:
        """Yield (column names, rows) of a query, at least once; the rows are never all in memory."""
        from sqlalchemy import text

        if not query.strip():
            raise StudioError("There is no query.", hint="Write a SELECT.", where="query")
        with self._connected() as connection:
            streamed = connection.execution_options(stream_results=True, max_row_buffer=size)
            # No parameters: a colon in the query is a colon.
            with streamed.execute(text(query.strip().rstrip(";").replace(":", r"\:"))) as result:
                if not result.returns_rows:
                    raise StudioError(
                        "The query gives no rows.", hint="Write a SELECT.", where="query"
                    )
                names = list(result.keys())
                rows = list(result.fetchmany(size))
                yield names, rows
                while len(rows) == size:
                    rows = list(result.fetchmany(size))
                    yield names, rows

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        from sqlalchemy import create_engine, exc, text
        from sqlalchemy.pool import NullPool

        address = check_host(str(self._url.host), int(self._url.port or 0))
        options = dict(self._options)
        if self._url.drivername == "postgresql+psycopg":
            options["hostaddr"] = address  # a name that answers differently now gains nothing
        engine = create_engine(self._url, poolclass=NullPool, connect_args=options)
        try:
            with engine.connect() as connection:
                for statement in self._begin.split(";"):
                    if statement.strip():
                        connection.execute(text(statement))
                yield connection
        except exc.SQLAlchemyError as error:
            raise self._told(error) from None
        finally:
            engine.dispose()

    def _told(self, error: Exception) -> StudioError:
        original = getattr(error, "orig", None) or error
        parts = getattr(original, "args", ()) or (original,)
        while len(parts) == 1 and isinstance(parts[0], tuple):
            parts = parts[0]  # as SQL Server's driver wraps them
        text = " ".join(
            part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part)
            for part in parts
        )
        text = " ".join(text.split())
        for secret in self._secrets:
            text = text.replace(secret, "…")
        lowered = text.lower()
        away = any(word in lowered for word in _AWAY)
        if away:
            hint, where = "Check server, port and network.", "server"
        elif "password" in lowered or "access denied" in lowered or "login failed" in lowered:
            hint, where = "Correct the user or the password.", "credentials"
        elif "does not exist" in lowered or "unknown" in lowered or "syntax" in lowered:
            hint, where = "Look at the name or the query.", "query"
        else:
            hint, where = "Check server, port and network.", "server"
        return StudioError(
            f"{self._title} {'does not answer' if away else 'answers'}: {text[:400]}",
            hint=hint,
            where=where,
            code="invalid",
        )


def _url(driver: str, config: Mapping[str, Any], secrets: Mapping[str, str], **query: str) -> URL:
    from sqlalchemy import URL

    return URL.create(
        driver,
        username=config.get("user_name"),
        password=secrets.get("password") or None,
        host=str(config["server_name"]),
        port=int(config["port"]),
        database=str(config["database_name"]),
        query=query,
    )


def open_postgresql(config: Mapping[str, Any], secrets: Mapping[str, str]) -> Database:
    """Open a PostgreSQL database, through psycopg."""
    _refuse_path(str(config["server_name"]))
    options = {
        "connect_timeout": CONNECT_SECONDS,
        "sslmode": "require" if config.get("tls") else "prefer",
        "options": f"-c statement_timeout={_seconds(config) * 1000}",
    }
    return Database(
        _url("postgresql+psycopg", config, secrets), title="PostgreSQL", options=options,
        begin="set transaction read only", secrets=list(secrets.values()),
    )  # fmt: skip


def open_mysql(config: Mapping[str, Any], secrets: Mapping[str, str]) -> Database:
    """Open a MySQL or MariaDB database, through PyMySQL."""
    _refuse_path(str(config["server_name"]))
    # The server may ask the client for any local file, unless that is off.
    options: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS, "read_timeout": _seconds(config), "local_infile": False,
    }  # fmt: skip
    if config.get("tls"):
        options["ssl"] = {"check_hostname": True}
    return Database(
        _url("mysql+pymysql", config, secrets, charset="utf8mb4"), title="MySQL", options=options,
        begin="set session transaction read only", secrets=list(secrets.values()),
    )  # fmt: skip


def open_azure_sql(config: Mapping[str, Any], secrets: Mapping[str, str]) -> Database:
    """Open an Azure SQL or SQL Server database, through pymssql, which needs no ODBC driver.

    The server knows no read-only transaction: nothing is committed, and the login should have no right
    to write.
    """
    _refuse_path(str(config["server_name"]))
    options = {
        "login_timeout": CONNECT_SECONDS, "timeout": _seconds(config),
        "encryption": "require" if config.get("tls") else "request",
    }  # fmt: skip
    return Database(
        _url("mssql+pymssql", config, secrets), title="SQL Server", options=options, begin="",
        secrets=list(secrets.values()),
    )  # fmt: skip


def _seconds(config: Mapping[str, Any]) -> int:
    """Return how long a query may take: an import, which nobody sits and waits for, says it longer."""
    return int(config.get("query_seconds") or QUERY_SECONDS)


def _refuse_path(host: str) -> None:
    # libpq takes a path as a socket's folder and a comma as several hosts: neither would be checked.
    if not host or any(mark in host for mark in "/,\\@ "):
        raise StudioError(f"{host!r} is not a host.", where="server_name", hint="Give one host.")


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, decimal.Decimal):
        return float(value) if value.is_finite() else str(value)
    if isinstance(value, datetime.date | datetime.time | datetime.datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value)[:200].hex()
    return str(value)[:1000]
