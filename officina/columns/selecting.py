"""The column selector applied to a schema, as `officina.modules.columns` applies it to a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from officina.columns.schema import Column, Schema, take

_PART = re.compile(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?")


@dataclass(frozen=True)
class Chosen:
    """What a selector means for known columns.

    `names` is None where it depends on a type that is not known. `missing` are the names that the
    table does not have, `beyond` the highest position of a range that it does not reach.
    """

    names: tuple[str, ...] | None
    missing: tuple[str, ...] = ()
    beyond: int | None = None

    @property
    def fits(self) -> bool:
        """Whether every column that the selector names is there."""
        return not self.missing and self.beyond is None


def choose(schema: Schema, selector: Any) -> Chosen:
    """Return the columns that a selector chooses, in the order of the table.

    A selector whose first rule excludes starts from all columns, any other from none. A plain name
    or list of names counts as one rule by name. Anything malformed chooses nothing that is known.
    """
    rules = rules_of(selector)
    if not rules:
        return Chosen(None)
    order = [one.name for one in schema]
    known: set[str] | None = set() if rules[0].get("include", True) else set(order)
    missing: list[str] = []
    beyond: int | None = None
    for rule in rules:
        matched, lost, last = _matches(schema, order, rule)
        missing += lost
        beyond = last or beyond
        if matched is None or known is None:
            known = None
        elif rule.get("include", True):
            known |= matched
        else:
            known -= matched
    found = None if known is None else tuple(name for name in order if name in known)
    return Chosen(found, tuple(dict.fromkeys(missing)), beyond)


def chosen_columns(schema: Schema | None, selector: Any) -> Schema | None:
    """Return the chosen columns themselves; None where they are not known."""
    if schema is None or not selector:
        return None
    found = choose(schema, selector)
    return None if found.names is None else take(schema, set(found.names))


def rules_of(selector: Any) -> list[Mapping[str, Any]]:
    """Return the rules of a selector in any of its forms; [] when it is none."""
    if isinstance(selector, str) and selector and "${{" not in selector:
        selector = [selector]
    if isinstance(selector, list):
        return [{"include": True, "by": "names", "value": selector}] if selector else []
    rules = selector.get("rules") if isinstance(selector, Mapping) else None
    if not isinstance(rules, list) or not all(isinstance(rule, Mapping) for rule in rules):
        return []
    return rules


def is_type(column: Column, wanted: Iterable[str]) -> bool | None:
    """Say whether a column is of one of the selector's types; None when that is not known."""
    if column.type == "any" and not column.categorical:
        return None
    kind = "categorical" if column.categorical else column.type
    kind = "numeric" if kind == "number" else kind
    return kind in wanted or (kind == "integer" and "numeric" in wanted)


def _matches(
    schema: Schema, order: list[str], rule: Mapping[str, Any]
) -> tuple[set[str] | None, list[str], int | None]:
    by, value = rule.get("by"), rule.get("value")
    if by == "all":
        return set(order), [], None
    if by == "range":
        return _range(str(value), order)
    wanted = [value] if isinstance(value, str) else value
    if not isinstance(wanted, list):
        return None, [], None
    if by == "names":
        held = set(order)
        given = [str(name) for name in wanted]
        return held & set(given), [name for name in given if name not in held], None
    if by == "role":
        return {one.name for one in schema if one.role in wanted}, [], None
    if by == "type":
        found = {one.name: is_type(one, wanted) for one in schema}
        if None in found.values():
            return None, [], None
        return {name for name, fits in found.items() if fits}, [], None
    return None, [], None


def _range(text: str, order: list[str]) -> tuple[set[str] | None, list[str], int | None]:
    found: set[str] = set()
    beyond = 0
    for part in text.split(","):
        match = _PART.fullmatch(part)
        first = int(match[1]) if match else 0
        last = int(match[2] or match[1]) if match else 0
        if not 1 <= first <= last:
            return None, [], None
        beyond = max(beyond, last) if last > len(order) else beyond
        found |= set(order[first - 1 : last])
    return found, [], beyond or None
