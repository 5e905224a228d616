"""Columns as plain values, and the few things that rules do with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

TYPES = ("integer", "number", "string", "boolean", "datetime", "categorical", "any")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, as far as it is known without its values.

    `type` is one of `TYPES`; "any" says that the column is there and nothing more. A column that
    holds categories of numbers may be `type="integer", categorical=True`. `role` is "feature"
    unless a module says otherwise ("label", "score", "none", ...).
    """

    name: str
    type: str = "any"
    role: str = "feature"
    categorical: bool = False

    def with_(self, **changes: Any) -> Column:
        """Return the column with some of its facts changed."""
        return replace(self, **changes)


Schema = tuple[Column, ...]
Schemas = Mapping[str, Schema | None]  # by port; None = unknown
Rule = Callable[[Mapping[str, Any], Schemas], Schemas]


def names(schema: Iterable[Column]) -> list[str]:
    """Return the names of the columns, in order."""
    return [column.name for column in schema]


def column(schema: Iterable[Column], name: str) -> Column | None:
    """Return the column of that name, or None."""
    return next((one for one in schema if one.name == name), None)


def named(schema: Schema, name: str) -> Column:
    """Return the column of that name, or one of type "any" where the schema has none."""
    return column(schema, name) or Column(name)


def take(schema: Schema, chosen: Collection[str]) -> Schema:
    """Return only the named columns, in the order of the table."""
    return tuple(one for one in schema if one.name in chosen)


def drop(schema: Schema, dropped: Collection[str]) -> Schema:
    """Return all but the named columns."""
    return tuple(one for one in schema if one.name not in dropped)


def put(schema: Schema, *columns: Column) -> Schema:
    """Return the schema with these columns: in their place where the name is there, else last."""
    new = {one.name: one for one in columns}
    held = {one.name for one in schema}
    return tuple(new.get(one.name, one) for one in schema) + tuple(
        one for one in new.values() if one.name not in held
    )


def rename(schema: Schema, renamed: Mapping[str, str]) -> Schema:
    """Return the schema with some columns called otherwise."""
    return tuple(replace(one, name=renamed.get(one.name, one.name)) for one in schema)


def schema_to_json(schema: Schema | None) -> list[dict[str, Any]] | None:
    """Return the columns as the browser and the API take them; None stays None."""
    if schema is None:
        return None
    return [
        {"name": one.name, "type": one.type, "role": one.role}
        | ({"categorical": True} if one.categorical else {})
        for one in schema
    ]


def schema_from_json(data: Iterable[Mapping[str, Any]] | None) -> Schema | None:
    """Return the columns of their JSON form; a type that is not known becomes "any"."""
    if data is None:
        return None
    return tuple(
        Column(
            str(item["name"]),
            str(item.get("type")) if item.get("type") in TYPES else "any",
            str(item.get("role") or "feature"),
            bool(item.get("categorical")),
        )
        for item in data
    )
