"""The preparation steps: each declares its form and the designer module, or function, that does it.

A step is one row of `STEPS`; forms, preview, pipeline and documentation are drawn from it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from officina.data import shaping
from officina.data.fields import OPERATORS, Field

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Node:
    """A designer module that does a step."""

    component: str
    params: dict[str, Any]
    output: str = "results"
    first: str = "dataset"
    second: str = ""


@dataclass(frozen=True)
class Call:
    """A function that does a step, in a Python script; it may need others, which come first."""

    function: Callable[..., Any]
    arguments: dict[str, Any]
    needs: tuple[Callable[..., Any], ...] = ()
    second: bool = False


@dataclass(frozen=True)
class Step:
    """One kind of step. `work` gets cleaned parameters and the names of the table's columns."""

    op: str
    title: str
    doc: str
    fields: tuple[Field, ...]
    work: Callable[[Params, Sequence[str]], Node | Call]
    summary: str = ""
    group: str = "Columns"

    def as_json(self) -> dict[str, Any]:
        """Return what a form is drawn from."""
        return {
            "op": self.op, "title": self.title, "doc": self.doc, "summary": self.summary,
            "group": self.group, "fields": [each.as_json() for each in self.fields],
        }  # fmt: skip


def _named(names: Sequence[str], *, include: bool = True) -> dict[str, Any]:
    return {"rules": [{"include": include, "by": "names", "value": list(names)}]}


def _some(names: Sequence[str]) -> dict[str, Any]:
    return _named(names) if names else {"rules": [{"include": True, "by": "all"}]}


def _columns(label: str = "Columns", *, optional: bool = False) -> Field:
    words = "Blank means all columns." if optional else ""
    return Field("columns", "columns", label, optional=optional, help=words)


def _dropna(params: Params, names: Sequence[str]) -> Node | Call:
    columns = params["columns"] or list(names)
    if params["how"] == "all":
        return Call(shaping.drop_empty, {"columns": columns, "axis": params["axis"]})
    mode = "remove_row" if params["axis"] == "rows" else "remove_column"
    return Node(
        "clean_missing_data", {"columns": _some(params["columns"]), "mode": mode}, "cleaned"
    )


def _fillna(params: Params, names: Sequence[str]) -> Node | Call:
    method = params["method"]
    if method in ("forward", "backward"):
        columns = params["columns"] or list(names)
        return Call(shaping.fill_along, {"columns": columns, "direction": method})
    given = {"columns": _some(params["columns"]), "all_missing": "propagate"}
    if method == "value":
        given |= {"mode": "custom_value", "replacement": params["value"]}
    else:
        given |= {"mode": method}
    return Node("clean_missing_data", given, "cleaned")


def _rename(params: Params, names: Sequence[str]) -> Node:
    new = {pair["from"]: pair["to"] for pair in params["names"]}
    ordered = [name for name in names if name in new]
    listed = ", ".join(_quoted(new[name]) for name in ordered)
    return Node("edit_metadata", {"columns": _named(ordered), "new_names": listed})


def _quoted(name: str) -> str:
    plain = not set(name) & set('",\n\r') and name == name.strip()
    return name if plain else '"' + name.replace('"', '""') + '"'


def _concat(params: Params, names: Sequence[str]) -> Node | Call:
    if params["how"] == "columns":
        return Node("add_columns", {}, "combined", "left", "right")
    if params["how"] == "same":
        return Node("add_rows", {}, "results", "dataset1", "dataset2")
    return Call(shaping.append, {"names": params["how"]}, second=True)


def _change_type(params: Params, names: Sequence[str]) -> Node:
    kind = {"text": "string", "number": "double"}.get(params["type"], params["type"])
    given = {"columns": _named(params["columns"]), "data_type": kind}
    if kind == "datetime" and params["format"]:
        given["date_format"] = params["format"]
    return Node("edit_metadata", given)


def _sample(params: Params, names: Sequence[str]) -> Node | Call:
    if params["how"] == "first":
        given = {"mode": "head", "rows": params["rows"]}
    elif params["how"] == "share":
        share = params["percent"] / 100
        given = {"mode": "sampling", "rate": share, "random_seed": params["seed"]}
    else:
        return Call(shaping.take_rows, {"rows": params["rows"], "seed": params["seed"]})
    return Node("partition_and_sample", given)


def _derive(params: Params, names: Sequence[str]) -> Call:
    other = params["with"] == "column"
    right = {"right": params["right"] if other else "", "value": None if other else params["value"]}
    chosen = {key: params[key] for key in ("name", "left", "operator")}
    return Call(shaping.derive, chosen | right)


def _call(
    function: Callable[..., Any], *keys: str, all_of: str = "", needs: tuple[Any, ...] = ()
) -> Callable[[Params, Sequence[str]], Call]:
    def work(params: Params, names: Sequence[str]) -> Call:
        given = {key: params[key] for key in keys}
        if all_of and not given[all_of]:
            given[all_of] = list(names)
        return Call(function, given, needs)

    return work


_FUNCTIONS = {
    "sum": "sum", "mean": "mean", "min": "least", "max": "greatest", "median": "median",
    "std": "standard deviation", "count": "number of values", "distinct": "number of different values",
    "first": "first", "last": "last",
}  # fmt: skip
_COLUMNS, _ROWS, _VALUES, _TABLES = "Columns", "Rows", "Values", "Tables"

_ALL = (
    Step(
        "drop_columns", "Drop columns", "Leave columns out.", (_columns(),),
        lambda p, names: Node("select_columns", {"columns": _named(p["columns"], include=False)}),
        "{columns}", _COLUMNS,
    ),
    Step(
        "keep_columns", "Keep columns", "Keep these columns only, in the order of the table.",
        (_columns(),), lambda p, names: Node("select_columns", {"columns": _named(p["columns"])}),
        "{columns}", _COLUMNS,
    ),
    Step(
        "rename", "Rename columns", "Give columns other names.",
        (Field("names", "pairs", "Names"),), _rename, "{names}", _COLUMNS,
    ),
    Step(
        "change_type", "Change type", "Read columns as another type; a value that does not fit "
        "is an error.",
        (
            _columns(),
            Field("type", "choice", "Type", "number", {
                "text": "text", "integer": "whole number", "number": "number",
                "boolean": "true or false", "datetime": "date and time",
            }),
            Field("format", "text", "Date format", optional=True, help="As %Y-%m-%d; blank: guessed.",
                  when={"type": ("datetime",)}),
        ),
        _change_type, "{columns} to {type}", _COLUMNS,
    ),
    Step(
        "derive", "Derive a column", "Make a column by arithmetic.",
        (
            Field("name", "text", "New column"),
            Field("left", "column", "Column"),
            Field("operator", "choice", "Operation", "+", {
                "+": "plus", "-": "minus", "*": "times", "/": "divided by", "%": "rest of division by",
                "^": "to the power of",
            }),
            Field("with", "choice", "By", "number", {"number": "a number", "column": "a column"}),
            Field("value", "number", "Number", 1, when={"with": ("number",)}),
            Field("right", "column", "Second column", when={"with": ("column",)}),
        ),
        _derive, "{name} = {left} {operator} {right}{value}", _COLUMNS,
    ),
    Step(
        "split_text", "Split text", "Cut a text column at a separator into several columns.",
        (
            Field("column", "column", "Column"),
            Field("separator", "text", "Separator", ","),
            Field("parts", "integer", "Parts", 2, min=2, max=50,
                  help="The last part takes what is left."),
            Field("keep", "switch", "Keep the column", True),
        ),
        _call(shaping.split_text, "column", "separator", "parts", "keep"),
        "{column} at “{separator}”", _COLUMNS,
    ),
    Step(
        "filter", "Filter rows", "Keep the rows for which conditions hold.",
        (
            Field("conditions", "conditions", "Conditions"),
            Field("match", "choice", "Of several", "all", {"all": "all hold", "any": "any holds"}),
        ),
        _call(shaping.keep_rows, "conditions", "match", needs=(shaping.holds,)),
        "{conditions}", _ROWS,
    ),
    Step(
        "drop_rows", "Drop rows", "Leave rows out by their position.",
        (Field("rows", "text", "Rows", help="Counted from 1, as 1-3,8."),),
        _call(shaping.drop_rows, "rows"), "{rows}", _ROWS,
    ),
    Step(
        "dropna", "Drop missing", "Leave out rows or columns in which values are missing.",
        (
            Field("axis", "choice", "Leave out", "rows", {"rows": "rows", "columns": "columns"}),
            _columns(optional=True),
            Field("how", "choice", "When", "any",
                  {"any": "any value is missing", "all": "every value is missing"}),
        ),
        _dropna, "{axis}: {how} of {columns}", _ROWS,
    ),
    Step(
        "drop_duplicates", "Drop duplicates", "Keep one of the rows that are equal in the columns.",
        (
            _columns(optional=True),
            Field("keep", "choice", "Keep the", "first", {"first": "first", "last": "last"}),
        ),
        _call(shaping.drop_duplicates, "columns", "keep", all_of="columns"), "{columns}", _ROWS,
    ),
    Step(
        "sort", "Sort rows", "Sort by columns, the first one first; missing values come last.",
        (_columns(), Field("descending", "switch", "Greatest first", False)),
        _call(shaping.sort_rows, "columns", "descending"), "{columns}", _ROWS,
    ),
    Step(
        "sample", "Sample rows", "Take some of the rows.",
        (
            Field("how", "choice", "Take", "first", {
                "first": "the first rows", "rows": "rows by chance", "share": "a share by chance",
            }),
            Field("rows", "integer", "Rows", 1000, min=1, when={"how": ("first", "rows")}),
            Field("percent", "number", "Percent", 10, min=0, max=100, when={"how": ("share",)}),
            Field("seed", "integer", "Seed", 0, min=0, max=2**32 - 1,
                  when={"how": ("rows", "share")}),
        ),
        _sample, "{how} {rows}{percent}", _ROWS,
    ),
    Step(
        "fillna", "Fill missing", "Put values where they are missing.",
        (
            _columns(optional=True),
            Field("method", "choice", "With", "value", {
                "value": "a value", "mean": "the mean", "median": "the median",
                "mode": "the most frequent value", "forward": "the value before",
                "backward": "the value after",
            }),
            Field("value", "text", "Value", "0", when={"method": ("value",)}),
        ),
        _fillna, "{columns} with {method} {value}", _VALUES,
    ),
    Step(
        "replace", "Replace values", "Replace a value, or a part of texts.",
        (
            _columns(optional=True),
            Field("find", "text", "Find"),
            Field("new", "text", "Replace with", "", optional=True,
                  help="Blank: whole values become missing."),
            Field("match", "choice", "Match", "whole", {
                "whole": "whole values", "part": "a part of texts", "pattern": "a regular expression",
            }),
        ),
        _call(shaping.replace_values, "columns", "find", "new", "match", all_of="columns"),
        "“{find}” by “{new}”", _VALUES,
    ),
    Step(
        "aggregate", "Sum or aggregate", "One value of each column, for all rows or for each group.",
        (
            Field("function", "choice", "Work out", "sum", _FUNCTIONS),
            _columns(),
            Field("by", "columns", "For each group of", optional=True, help="Blank: for all rows."),
        ),
        _call(shaping.aggregate, "by", "columns", "function"), "{function} of {columns} by {by}",
        _TABLES,
    ),
    Step(
        "concat", "Add another table", "Put the rows or columns of another data asset beside.",
        (
            Field("data", "data", "Data asset"),
            Field("how", "choice", "Add its", "same", {
                "same": "rows, with the same columns", "all": "rows, filling up columns",
                "common": "rows, of common columns only", "columns": "columns, row by row",
            }),
        ),
        _concat, "{data}", _TABLES,
    ),
    Step(
        "transpose", "Transpose", "Turn rows into columns.",
        (
            Field("header", "column", "New names from", optional=True,
                  help="The column whose values name the new columns; blank: Row 1, Row 2, …"),
            Field("names", "text", "Keep old names in", "column", optional=True),
        ),
        _call(shaping.transpose, "header", "names"), "{header}", _TABLES,
    ),
)  # fmt: skip
STEPS: dict[str, Step] = {step.op: step for step in _ALL}


def declarations() -> list[dict[str, Any]]:
    """Return all steps as forms are drawn from them."""
    return [step.as_json() for step in _ALL]


def describe(op: str, params: Params) -> str:
    """Return the one line that a step's row, and its node, shows."""
    step = STEPS[op]
    values = {each.name: _words(each, params) for each in step.fields}
    text = step.summary.format_map(values)
    return " ".join(text.split())[:200]


def _words(each: Field, params: Params) -> str:
    value = params.get(each.name)
    if value is None or not each.is_shown(params):
        return ""
    if each.kind == "columns":
        return ", ".join(value) or "all columns"
    if each.kind == "pairs":
        return ", ".join(f"{pair['from']} → {pair['to']}" for pair in value)
    if each.kind == "conditions":
        return ", ".join(
            f"{r['column']} {OPERATORS[r['operator']]} {r.get('other') or r.get('value', '')}".strip()
            for r in value
        )
    if each.kind == "data":
        return f"{value['name']}:{value['version'] or 'latest'}"
    if each.choices and each.name != "operator":
        return each.choices.get(value, str(value))
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value) if isinstance(value, bool) else str(value)
