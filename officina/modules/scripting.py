"""What can be said about a Python script without running it; only the standard library is used.

The editor shows these findings while one types, and a run refuses the same errors.
"""

from __future__ import annotations

import ast
import difflib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ENTRY = "azureml_main"
ARGUMENTS = ("dataframe1", "dataframe2")
SYNTAX = "This line, or the one before it, is not Python."


@dataclass(frozen=True, slots=True)
class Finding:
    """Something at a line of the script, counted from 1; `column` counts characters from 1."""

    line: int
    column: int
    severity: str  # "error" or "warning"
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A column that the script reads from one of its two tables."""

    table: str
    name: str
    line: int
    column: int


def findings(code: str, columns: Mapping[str, Iterable[str] | None] | None = None) -> list[Finding]:
    """List what is wrong with a script, first by line.

    `columns` maps "dataframe1" and "dataframe2" to the names of their columns, None where they
    are not known: a column that the script reads and the table does not have is a warning.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(code)
    except SyntaxError as error:
        return [Finding(error.lineno or 1, error.offset or 1, "error", f"{error.msg}.", SYNTAX)]
    except (ValueError, RecursionError, MemoryError) as error:  # a null byte; nested beyond sense
        return [Finding(1, 1, "error", f"{error or 'It is nested too deeply'}.", SYNTAX)]
    found = []
    entry = _entry(tree)
    if entry is None and not _is_bound(tree):
        hint = f"Begin with: def {ENTRY}(dataframe1=None, dataframe2=None):"
        found.append(Finding(1, 1, "error", f"The script has no function {ENTRY}.", hint))
    elif entry is not None and not _takes_two(entry):
        text = f"{ENTRY} must take two tables, dataframe1 and dataframe2."
        hint = f"Write: def {ENTRY}(dataframe1=None, dataframe2=None):"
        found.append(Finding(entry.lineno, entry.col_offset + 1, "error", text, hint))
    for use in column_uses(tree):
        known = (columns or {}).get(use.table)
        if known is None:
            continue
        listed = [str(name) for name in known]
        if use.name not in listed:
            near = difflib.get_close_matches(use.name, listed, n=3, cutoff=0.5)
            hint = f"Did you mean {' or '.join(near)}?" if near else ""
            text = f'{use.table} has no column "{use.name}".'
            found.append(Finding(use.line, use.column, "warning", text, hint))
    return sorted(found, key=lambda one: (one.line, one.column))


def column_uses(tree: ast.AST) -> list[ColumnUse]:
    """List the columns that `azureml_main` reads from its tables by plain names.

    Only what is sure counts: subscripts with texts of a table that still is the one that came in,
    and no column that the script itself sets anywhere.
    """
    entry = _entry(tree)
    if entry is None:
        return []
    given = [argument.arg for argument in (*entry.args.posonlyargs, *entry.args.args)]
    tables = dict(zip(given, ARGUMENTS, strict=False))
    for node in ast.walk(entry):  # a table that is assigned anew is no longer the input
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            tables.pop(node.id, None)
    own: set[tuple[str, str]] = set()
    uses: list[ColumnUse] = []
    for node in ast.walk(entry):
        if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
            continue
        table = tables.get(node.value.id)
        if table is None:
            continue
        for name, at in _texts(node.slice):
            if isinstance(node.ctx, ast.Store):
                own.add((table, name))
            else:
                uses.append(ColumnUse(table, name, at.lineno, at.col_offset + 1))
    return [use for use in uses if (use.table, use.name) not in own]


def _entry(tree: ast.AST) -> ast.FunctionDef | None:
    body = tree.body if isinstance(tree, ast.Module) else []
    found = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == ENTRY]
    return found[-1] if found else None


def _is_bound(tree: ast.AST) -> bool:
    """Say whether the name is set in another way: imported, assigned, or below a condition."""
    for node in ast.walk(tree):
        if isinstance(node, ast.alias) and (node.asname or node.name) in (ENTRY, "*"):
            return True
        if isinstance(node, ast.Name) and node.id == ENTRY and isinstance(node.ctx, ast.Store):
            return True
        if isinstance(node, ast.FunctionDef) and node.name == ENTRY:
            return True
    return False


def _takes_two(entry: ast.FunctionDef) -> bool:
    plain = (*entry.args.posonlyargs, *entry.args.args)
    if entry.args.vararg is not None:
        return True
    return len(plain) >= 2 and len(plain) - len(entry.args.defaults) <= 2


def _texts(node: ast.expr) -> list[tuple[str, ast.expr]]:
    """Return the texts of `df["a"]` and `df[["a", "b"]]`, each with its place."""
    items = node.elts if isinstance(node, ast.List) else [node]
    return [
        (item.value, item)
        for item in items
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    ]
