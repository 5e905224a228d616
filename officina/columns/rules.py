"""Ready-made rules for `schema=`, and the parts that a module's own rule is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from officina.columns.schema import Column, Rule, Schema, Schemas, drop, put, take
from officina.columns.selecting import choose


def same(port_in: str, *ports_out: str) -> Rule:
    """Every named output has the columns of the input: rows change, columns do not."""

    def rule(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
        return dict.fromkeys(ports_out, inputs.get(port_in))

    return rule


def unknown(*ports_out: str) -> Rule:
    """The outputs depend on the data or on someone's code."""

    def rule(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
        return dict.fromkeys(ports_out, None)

    return rule


def fixed(port_out: str, *columns: Column) -> Rule:
    """The output always has these columns."""

    def rule(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
        return {port_out: columns}

    return rule


def kept(port_in: str, port_out: str, param: str = "columns") -> Rule:
    """The output has only the columns that the parameter selects."""

    def rule(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
        schema = inputs.get(port_in)
        chosen = None if schema is None else choose(schema, params.get(param)).names
        if schema is None or chosen is None:
            return {port_out: None}
        return {port_out: take(schema, set(chosen))}

    return rule


def removed(port_in: str, port_out: str, param: str = "columns") -> Rule:
    """The output has all columns but those that the parameter selects."""

    def rule(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
        schema = inputs.get(port_in)
        chosen = None if schema is None else choose(schema, params.get(param)).names
        if schema is None or chosen is None:
            return {port_out: None}
        return {port_out: drop(schema, set(chosen))}

    return rule


def added(port_in: str, port_out: str, *columns: Column) -> Rule:
    """The output has the columns of the input and these."""

    def rule(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
        schema = inputs.get(port_in)
        return {port_out: None if schema is None else put(schema, *columns)}

    return rule


def per_column(
    port_in: str,
    port_out: str,
    change: Callable[[Column, Mapping[str, Any]], Schema],
    param: str = "columns",
) -> Rule:
    """Each selected column becomes what `change(column, params)` says, in its place.

    `change` gives the columns that stand for it: `()` drops it, two of them put a new one after
    it. Without the selection (the parameter is blank or depends on unknown types) all is unknown.
    """

    def rule(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
        schema = inputs.get(port_in)
        return {port_out: each(schema, params.get(param), lambda one: change(one, params))}

    return rule


def each(schema: Schema | None, selector: Any, change: Callable[[Column], Schema]) -> Schema | None:
    """Replace every selected column by what `change` gives; None when the choice is unknown."""
    if schema is None:
        return None
    chosen = choose(schema, selector).names
    if chosen is None:
        return None
    wanted = set(chosen)
    found: list[Column] = []
    for one in schema:
        found.extend(change(one) if one.name in wanted else (one,))
    return tuple(found)


def chain(*parts: Rule) -> Rule:
    """Several rules of one module, each for other outputs."""

    def rule(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
        found: dict[str, Schema | None] = {}
        for part in parts:
            found.update(part(params, inputs))
        return found

    return rule


def any_unknown(*schemas: Schema | None) -> bool:
    """Say whether one of the schemas is unknown, for rules that need them all."""
    return any(schema is None for schema in schemas)
