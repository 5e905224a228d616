"""The rules that data can be held to: what each asks for, how it reads, and how it is written down."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from officina.data.quality_expressions import parse_expression
from officina.errors import StudioError

ERROR, WARNING = "error", "warning"
SEVERITIES = (ERROR, WARNING)
TYPES = ("integer", "number", "string", "boolean", "datetime")
MOST_RULES = 200
MOST_VALUES = 10_000
_SPAN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(minute|hour|day|week)s?\s*\Z", re.IGNORECASE)
_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
Rule = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of rule. `fields` are (name, label, type, required); `words` says a rule as a sentence."""

    name: str
    title: str
    fields: tuple[tuple[str, str, str, bool], ...]
    words: Callable[[Rule], str]
    by_row: bool = True


_COLUMN = ("column", "Column", "column", True)
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "column_exists", "Column exists", (_COLUMN, ("type", "Type", "type", False)),
            lambda r: f"{r['column']} is a column" + (f" of type {r['type']}" if r.get("type") else ""),
            by_row=False,
        ),
        Kind(
            "not_null", "Is not empty", (_COLUMN, ("share", "Least share filled, 0 to 1", "number", False)),
            lambda r: f"{r['column']} is never empty" if r.get("share", 1) == 1
            else f"{r['column']} is filled in at least {r['share'] * 100:g} % of rows",
        ),
        Kind(
            "unique", "Is unique", (("columns", "Columns", "columns", True),),
            lambda r: f"{' with '.join(r['columns'])} is never twice the same",
        ),
        Kind(
            "between", "Is between",
            (_COLUMN, ("min", "Least", "value", False), ("max", "Most", "value", False)),
            lambda r: f"{r['column']} is {_range(r)}",
        ),
        Kind(
            "in_set", "Is one of", (_COLUMN, ("values", "Values", "values", True)),
            lambda r: f"{r['column']} is one of {', '.join(str(v) for v in r['values'][:8])}"
            + ("…" if len(r["values"]) > 8 else ""),
        ),
        Kind(
            "matches", "Matches a pattern", (_COLUMN, ("pattern", "Regular expression", "text", True)),
            lambda r: f"{r['column']} matches {r['pattern']}",
        ),
        Kind(
            "row_count", "Number of rows",
            (("min", "Least", "number", False), ("max", "Most", "number", False)),
            lambda r: f"the number of rows is {_range(r)}", by_row=False,
        ),
        Kind(
            "fresh", "Is fresh", (_COLUMN, ("within", "Newest within", "span", True)),
            lambda r: f"the newest {r['column']} is at most {r['within']} old", by_row=False,
        ),
        Kind(
            "expression", "Expression holds", (("expression", "Expression", "text", True),),
            lambda r: r["expression"],
        ),
    )
}  # fmt: skip


def _range(rule: Rule) -> str:
    low, high = rule.get("min"), rule.get("max")
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"between {low} and {high}"


def describe(rule: Rule) -> str:
    """Return a rule as a sentence, or the name that people gave it."""
    return str(rule.get("name") or KINDS[rule["rule"]].words(rule))


def read_rules(text: str) -> list[Rule]:
    """Return the rules that YAML or JSON text holds, a list or an object with `rules`."""
    from officina.documents import load_yaml

    found = load_yaml(text)
    return clean_rules(found.get("rules") if isinstance(found, dict) else found)


def write_rules(rules: list[Rule]) -> str:
    """Return rules as YAML."""
    return str(yaml.safe_dump(rules, sort_keys=False, allow_unicode=True)) if rules else ""


def clean_rules(given: Any) -> list[Rule]:
    """Return rules with their types right; the first that is wrong is named by its place."""
    if given is None:
        return []
    if not isinstance(given, list):
        raise _wrong(
            "rules are a list.", "rules", "Each is an object: {rule: not_null, column: age}."
        )
    if len(given) > MOST_RULES:
        raise _wrong(f"There are {len(given)} rules; {MOST_RULES} is the most.", "rules")
    return [_clean(rule, f"rules[{index}]") for index, rule in enumerate(given)]


def _clean(given: Any, where: str) -> Rule:
    if not isinstance(given, Mapping):
        raise _wrong("a rule is an object.", where, "For example {rule: not_null, column: age}.")
    kind = KINDS.get(str(given.get("rule")))
    if kind is None:
        raise _wrong(
            f"{given.get('rule')!r} is not a kind of rule.", f"{where}.rule",
            f"Known: {', '.join(KINDS)}.",
        )  # fmt: skip
    names = {name for name, *_ in kind.fields} | {"rule", "name", "severity"}
    names |= {"column"} & ({"column"} if "columns" in names else names)
    for key in given:
        if key not in names:
            raise _wrong(
                f"a {kind.name} rule has no {str(key)[:60]!r}.", f"{where}.{key}",
                f"It has: {', '.join(sorted(names))}.",
            )  # fmt: skip
    rule: Rule = {"rule": kind.name}
    for name, _, type_, required in kind.fields:
        value = given.get(name)
        if name == "columns" and value is None:
            value = given.get("column")
        if value is None or value in ("", []):
            if required:
                raise _wrong(f"a {kind.name} rule needs {name}.", f"{where}.{name}")
            continue
        rule[name] = _CLEANERS[type_](value, f"{where}.{name}")
    if kind.name in ("between", "row_count") and not rule.keys() & {"min", "max"}:
        raise _wrong("least, most, or both are needed.", where, "Give min or max.")
    severity = given.get("severity") or ERROR
    if severity not in SEVERITIES:
        raise _wrong(f"{severity!r} is no severity.", f"{where}.severity", "error or warning.")
    if given.get("name"):
        rule["name"] = _text(given["name"], f"{where}.name")[:200]
    return rule | {"severity": severity}


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise _wrong("this is text.", where)
    return str(value)


def _pattern(value: Any, where: str) -> str:
    text = _text(value, where)
    if where.endswith(".expression"):
        parse_expression(text, where=where)
        return text
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise _wrong(f"{text!r} is not a regular expression: {error}.", where) from None
    return text


def _number(value: Any, where: str) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise _wrong(f"{value!r} is not a number.", where)
    if where.endswith(".share") and not 0 <= value <= 1:
        raise _wrong(f"The share {value} is not from 0 to 1.", where)
    return value


def _value(value: Any, where: str) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _wrong(f"{value!r} is neither a number nor a date.", where)
    return value


def _values(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong("values are a list.", where)
    if len(value) > MOST_VALUES:
        raise _wrong(f"{len(value):,} values are too many; {MOST_VALUES:,} is the most.", where)
    return [each.isoformat() if hasattr(each, "isoformat") else each for each in value]


def _columns(value: Any, where: str) -> list[str]:
    names = value if isinstance(value, list) else [value]
    return [_text(name, where) for name in names]


def _type(value: Any, where: str) -> str:
    if value not in TYPES:
        raise _wrong(f"{value!r} is not a type.", where, f"Known: {', '.join(TYPES)}.")
    return str(value)


def seconds_of(span: str) -> float:
    """Return the seconds of a span as `7 days`."""
    match = _SPAN.match(span)
    if not match:
        raise _wrong(f"{span!r} is not a span of time.", "within", "Write 7 days, or 12 hours.")
    return float(match[1]) * _SECONDS[match[2].lower()]


def _span(value: Any, where: str) -> str:
    text = _text(value, where)
    seconds_of(text)
    return text


_CLEANERS: dict[str, Callable[[Any, str], Any]] = {
    "column": _text, "columns": _columns, "text": _pattern, "number": _number, "value": _value,
    "values": _values, "type": _type, "span": _span,
}  # fmt: skip


def _wrong(message: str, where: str, hint: str = "") -> StudioError:
    return StudioError(message, where=where, hint=hint)
