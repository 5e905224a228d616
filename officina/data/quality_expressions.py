"""Expressions over columns, in pandas' words: read into a tree of known parts, never given to eval.

`amount > 0 and amount <= limit`, `` `unit price` * count == total ``, `email.str.contains("@")`,
`status.isin(["open", "closed"]) or closed.notna()`. A row for which there is no answer passes.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from officina.errors import StudioError

if TYPE_CHECKING:
    import pandas as pd

MOST_CHARACTERS = 2_000
MOST_NODES = 300
_TICKS = re.compile(r"`([^`]+)`")
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow,
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_,
}  # fmt: skip
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.In: lambda a, b: a.isin(b), ast.NotIn: lambda a, b: ~a.isin(b),
}  # fmt: skip
METHODS = frozenset(("isna", "isnull", "notna", "notnull", "abs", "round", "between", "isin"))
TEXT_METHODS = frozenset(
    ("len", "lower", "upper", "strip", "contains", "startswith", "endswith", "match", "fullmatch",
     "isdigit", "isalpha", "isnumeric")
)  # fmt: skip
TIME_PARTS = frozenset(("year", "month", "day", "hour", "minute", "second", "dayofweek", "quarter"))


def parse_expression(text: str, *, where: str = "expression") -> tuple[ast.expr, list[str]]:
    """Return an expression's tree and the columns that it names; refuse what is not in the language."""
    if len(text) > MOST_CHARACTERS:
        raise _wrong(f"it is longer than {MOST_CHARACTERS:,} characters", where)
    quoted = _TICKS.sub(lambda match: f"col({match[1]!r})", text.strip())
    try:
        tree = ast.parse(quoted, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _wrong(str(getattr(error, "msg", error)), where) from None
    if sum(1 for _ in ast.walk(tree)) > MOST_NODES:
        raise _wrong("it has too many parts", where)
    columns: dict[str, None] = {}
    _check(tree, columns, where)
    if not columns:
        raise _wrong("it names no column", where)
    return tree, list(columns)


def holds(tree: ast.expr, frame: pd.DataFrame) -> Any:
    """Return for each row whether the expression holds, NA where there is no answer."""
    return _value(tree, frame)


def _check(node: ast.AST, columns: dict[str, None], where: str) -> None:
    if isinstance(node, ast.Name):
        columns[node.id] = None
    elif isinstance(node, ast.Constant):
        if not isinstance(node.value, str | int | float | bool | None):
            raise _wrong(f"{node.value!r} is not a plain value", where)
    elif isinstance(node, ast.BoolOp | ast.List | ast.Tuple):
        _check_all(node.values if isinstance(node, ast.BoolOp) else node.elts, columns, where)
    elif isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        _check_all([node.left, node.right], columns, where)
    elif isinstance(node, ast.UnaryOp):
        _check(node.operand, columns, where)
    elif isinstance(node, ast.Compare) and all(type(op) in _COMPARE for op in node.ops):
        _check_all([node.left, *node.comparators], columns, where)
    elif isinstance(node, ast.Call):
        _check_call(node, columns, where)
    elif isinstance(node, ast.Attribute) and _accessor(node.value) == "dt":
        if node.attr not in TIME_PARTS:
            raise _wrong(f"dt has no {node.attr}; it has {', '.join(sorted(TIME_PARTS))}", where)
        _check(node.value.value, columns, where)  # type: ignore[attr-defined]
    else:
        raise _wrong(f"{ast.unparse(node)[:60]!r} is not part of the language", where)


def _check_all(nodes: Any, columns: dict[str, None], where: str) -> None:
    for node in nodes:
        _check(node, columns, where)


def _check_call(node: ast.Call, columns: dict[str, None], where: str) -> None:
    if node.keywords:
        raise _wrong("name=value is not part of the language", where)
    called = node.func
    if isinstance(called, ast.Name) and called.id == "col" and len(node.args) == 1:
        name = node.args[0]
        if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
            raise _wrong("col() takes a column's name in quotes", where)
        columns[name.value] = None
        return
    if isinstance(called, ast.Name) and called.id == "abs" and len(node.args) == 1:
        _check(node.args[0], columns, where)
        return
    if not isinstance(called, ast.Attribute):
        raise _wrong(f"{ast.unparse(called)[:60]!r} cannot be called", where)
    if _accessor(called.value) == "str":
        known, owner = TEXT_METHODS, called.value.value  # type: ignore[attr-defined]
    else:
        known, owner = METHODS, called.value
    if called.attr not in known:
        raise _wrong(f"there is no .{called.attr}(); there are {', '.join(sorted(known))}", where)
    _check(owner, columns, where)
    _check_all(node.args, columns, where)


def _accessor(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute) and node.attr in ("str", "dt"):
        return node.attr
    return ""


def _value(node: ast.AST, frame: Any) -> Any:
    if isinstance(node, ast.Name):
        return frame[node.id]
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(each, frame) for each in node.elts]
    if isinstance(node, ast.BoolOp):
        joined = operator.and_ if isinstance(node.op, ast.And) else operator.or_
        found = _value(node.values[0], frame)
        for each in node.values[1:]:
            found = joined(found, _value(each, frame))
        return found
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](_value(node.left, frame), _value(node.right, frame))
    if isinstance(node, ast.UnaryOp):
        value = _value(node.operand, frame)
        if isinstance(node.op, ast.Not | ast.Invert):
            return ~value
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.Compare):
        return _compared(node, frame)
    if isinstance(node, ast.Attribute):
        return getattr(_value(node.value.value, frame).dt, node.attr)  # type: ignore[attr-defined]
    return _called(node, frame)


def _compared(node: ast.Compare, frame: Any) -> Any:
    left, found = _value(node.left, frame), None
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        right = _value(comparator, frame)
        held = _COMPARE[type(op)](left, right)
        found = held if found is None else found & held
        left = right
    return found


def _called(node: Any, frame: Any) -> Any:
    called, given = node.func, [_value(each, frame) for each in node.args]
    if isinstance(called, ast.Name):
        return frame[given[0]] if called.id == "col" else abs(given[0])
    if _accessor(called.value) == "str":
        return getattr(_value(called.value.value, frame).str, called.attr)(*given)
    return getattr(_value(called.value, frame), called.attr)(*given)


def _wrong(reason: str, where: str) -> StudioError:
    return StudioError(
        f"The expression is not understood: {reason}.", where=where,
        hint="For example amount > 0 and status.isin(['open', 'closed']).",
    )  # fmt: skip
