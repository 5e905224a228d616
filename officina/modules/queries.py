"""A private SQLite database, in memory or a file to be read, for scripts of strangers.

A script can reach no file and no other database: attaching, pragmas, extensions and virtual tables are
refused by the authorizer, long statements are stopped by the progress handler.
"""

from __future__ import annotations

import random
import re
import sqlite3
import time
from typing import TYPE_CHECKING

from officina.modules.errors import QUERY_FAILED, module_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from officina.errors import StudioError

MAX_SECONDS = 600.0
MAX_VALUE = 100_000_000  # bytes of one text or blob
INSTRUCTIONS = 10_000  # between two looks at the clock
ALLOWED = frozenset(
    getattr(sqlite3, f"SQLITE_{name}")
    for name in (
        *("SELECT", "READ", "FUNCTION", "RECURSIVE", "INSERT", "UPDATE", "DELETE"),
        *("CREATE_TABLE", "CREATE_INDEX", "CREATE_VIEW", "CREATE_TEMP_TABLE"),
        *("CREATE_TEMP_INDEX", "CREATE_TEMP_VIEW", "DROP_TABLE", "DROP_INDEX", "DROP_VIEW"),
        *("DROP_TEMP_TABLE", "DROP_TEMP_INDEX", "DROP_TEMP_VIEW", "ALTER_TABLE", "REINDEX"),
        *("TRANSACTION", "SAVEPOINT"),
    )
)
REFUSED_FUNCTIONS = frozenset(
    {
        "load_extension",
        "fts3_tokenizer",
        "readfile",
        "writefile",
        "edit",
        "sqlite_compileoption_get",
    }
)


class Database:
    """A database in memory. Fill it with `connection`, then `lock` it and run the script."""

    def __init__(
        self,
        file: Path | None = None,
        *,
        seconds: float = MAX_SECONDS,
        largest: int = MAX_VALUE,
        pages: int | None = None,
    ) -> None:
        self.seconds = seconds
        self.largest = largest
        self.refused = ""
        # Immutable: no journal is looked for beside the file, and nothing is ever written.
        address = ":memory:" if file is None else f"{file.resolve().as_uri()}?mode=ro&immutable=1"
        self.connection = sqlite3.connect(address, uri=file is not None, isolation_level=None)
        self.connection.execute("PRAGMA temp_store = MEMORY")  # sorting must not spill to a file
        self.connection.execute("PRAGMA trusted_schema = OFF")  # a file may have traps in its views
        if pages:
            self.connection.execute(f"PRAGMA max_page_count = {int(pages)}")

    def lock(self) -> None:
        """Refuse from here on all that reaches beyond the tables, and start the clock."""
        connection = self.connection
        for limit, value in (
            (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
            (sqlite3.SQLITE_LIMIT_LENGTH, self.largest),
            (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 1_000_000),
            (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
            (sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 10),
        ):
            connection.setlimit(limit, value)
        # The same table must come from the same inputs, so chance is the same each time too.
        chance = random.Random(0)  # noqa: S311 - not for secrets
        connection.create_function("random", 0, lambda: chance.getrandbits(64) - 2**63)
        connection.create_function(
            "randomblob", 1, lambda n: chance.randbytes(max(1, min(n, 10**6)))
        )
        connection.set_authorizer(self._authorize)
        end = time.monotonic() + self.seconds
        connection.set_progress_handler(lambda: time.monotonic() > end, INSTRUCTIONS)

    def close(self) -> None:
        """Give the memory back."""
        self.connection.close()

    def run(self, script: str) -> sqlite3.Cursor | None:
        """Run the statements one after another; return the rows of the last, if it has some.

        Raises sqlite3.Error, whose cause `fault` puts in words.
        """
        last: sqlite3.Cursor | None = None
        for statement in statements(script):
            last = self.connection.execute(statement)
        return last if last is not None and last.description else None

    def fault(
        self, error: Exception, tables: Mapping[str, Sequence[str]], where: str = "sql_script"
    ) -> StudioError:
        """Make the numbered error for what the database said."""
        text = str(error)
        held = "; ".join(f"{name}: {_listed(columns)}" for name, columns in tables.items())
        hint = f"The tables are {held}."
        if text == "interrupted":
            text = f"it ran longer than {self.seconds:.0f} seconds"
            hint = "Look for a join without a condition or a recursion without an end."
        elif self.refused or "not authorized" in text or "too many attached" in text:
            text = f"{self.refused or 'that statement'} is not allowed here"
            hint = "Only the tables of this step can be read and written, with plain SQL."
        return module_error(QUERY_FAILED, f"The SQL script failed: {text}.", where=where, hint=hint)

    def _authorize(
        self, action: int, one: str | None, two: str | None, schema: str | None, inner: str | None
    ) -> int:
        allowed = action in ALLOWED
        if action == sqlite3.SQLITE_FUNCTION and str(two).lower() in REFUSED_FUNCTIONS:
            allowed = False
        if not allowed:
            names = {sqlite3.SQLITE_ATTACH: "ATTACH or VACUUM", sqlite3.SQLITE_PRAGMA: "PRAGMA"}
            called = f"the function {two}" if action == sqlite3.SQLITE_FUNCTION else ""
            self.refused = names.get(action, called)
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def statements(script: str) -> Iterator[str]:
    """Cut a script at the semicolons that end a statement; the last one may lack its own."""
    found = ""
    for part in re.split(r"(?<=;)", script):
        found += part
        if sqlite3.complete_statement(found):
            yield found
            found = ""
    # A comment at the end is no statement, and would hide the rows of the one before it.
    if re.sub(r"--[^\n]*|/\*.*?\*/", "", found, flags=re.S).strip():
        yield found


def quoted(name: str) -> str:
    """Write a name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(columns[:12]) + (", …" if len(columns) > 12 else "")
