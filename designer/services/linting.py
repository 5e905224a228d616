"""Faults of code that show without running it: what Python, SQL and JSON cannot be read as."""

from __future__ import annotations

import ast
import json
import re
import sqlite3
import warnings
from typing import TYPE_CHECKING, Any

from officina.checks.scripts import PORTS
from officina.errors import StudioError
from officina.modules import scripting

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CODE = 200_000
# Which tables and columns there are is not known here; only how the statement is written.
NOT_HERE = re.compile(r"no such (table|column|view|function)|ambiguous column")
NEAR = re.compile(r'near "(.*?)": ')


def faults(
    language: str,
    code: str,
    component: str = "",
    tables: Mapping[str, list[str]] | None = None,
) -> list[dict[str, Any]]:
    """Return [{line, column, message, severity}] for a language that is known, else nothing.

    A script of Execute Python Script is looked at more closely: whether it has its function, and
    whether the columns that it reads are among those of `tables`, by input port.
    """
    if len(code) > MAX_CODE:
        raise StudioError(
            "The code is too long to be looked through.", where="code", code="too_large"
        )
    if component == "execute_python_script" and language == "python":
        return _script(code, tables or {})
    check = LANGUAGES.get(language)
    return check(code) if check else []


def _python(code: str) -> list[dict[str, Any]]:
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", SyntaxWarning)
            ast.parse(code)
    except SyntaxError as error:
        return [_fault(error.lineno or 1, error.offset or 1, error.msg)]
    except (ValueError, RecursionError, MemoryError) as error:
        return [_fault(1, 1, str(error) or "This is nested too deeply.")]
    return [_fault(each.lineno, 1, str(each.message), "warning") for each in told]


def _script(code: str, tables: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    columns = {PORTS[port]: names for port, names in tables.items() if port in PORTS}
    return [
        _fault(one.line, one.column, f"{one.message} {one.hint}".strip(), one.severity)
        for one in scripting.findings(code, columns)
    ]


def _json(code: str) -> list[dict[str, Any]]:
    try:
        json.loads(code)
    except json.JSONDecodeError as error:
        return [_fault(error.lineno, error.colno, error.msg)]
    except RecursionError:
        return [_fault(1, 1, "This is nested too deeply.")]
    return []


def _sql(code: str) -> list[dict[str, Any]]:
    """Let SQLite read the statement: EXPLAIN runs nothing of it, and nothing else is allowed."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.set_authorizer(_reading_only)
        connection.execute(f"EXPLAIN {code}")
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        text = str(error)
        return [] if NOT_HERE.search(text) else [_fault(*_place_of(code, text), text)]
    finally:
        connection.close()
    return []


def _reading_only(action: int, *_: Any) -> int:
    reads = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION)
    return sqlite3.SQLITE_OK if action in reads else sqlite3.SQLITE_DENY


def _place_of(code: str, text: str) -> tuple[int, int]:
    """Return line and column of the word that SQLite stumbled over, where it stands only once."""
    near = NEAR.search(text)
    if near is None or code.count(near[1]) != 1:
        return 1, 1
    before = code[: code.index(near[1])]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _fault(line: int, column: int, message: str, severity: str = "error") -> dict[str, Any]:
    return {"line": line, "column": column, "message": message, "severity": severity}


LANGUAGES = {"python": _python, "json": _json, "sql": _sql}
