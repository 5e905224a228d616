"""How the modules that clean and describe tables change their columns."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any

from officina.columns.schema import Column, Schema, Schemas, rename
from officina.columns.selecting import choose

_TYPES = {
    "string": "string",
    "integer": "integer",
    "double": "number",
    "boolean": "boolean",
    "datetime": "datetime",
}


def cleaned(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    """Clean Missing Data: the same columns, unless the data decide which go or come."""
    decided = params.get("mode") == "remove_column" or params.get("indicator")
    return {"cleaned": None if decided else inputs.get("dataset")}


def edited(params: Mapping[str, Any], inputs: Schemas) -> Schemas:
    """Edit Metadata: type, role, categorical flag and name of the chosen columns."""
    schema = inputs.get("dataset")
    chosen = None if schema is None else choose(schema, params.get("columns")).names
    if schema is None or chosen is None:
        return {"results": None}
    wanted = set(chosen)
    result: Schema = tuple(_described(one, params) if one.name in wanted else one for one in schema)
    return {"results": _renamed(result, chosen, params.get("new_names"))}


def _described(column: Column, params: Mapping[str, Any]) -> Column:
    kind = _TYPES.get(str(params.get("data_type")))
    if kind:
        column = column.with_(type=kind, categorical=column.categorical and kind == column.type)
    if params.get("categorical") == "categorical":
        column = column.with_(categorical=True)
    elif params.get("categorical") == "noncategorical":
        plain = "any" if column.type == "categorical" else column.type
        column = column.with_(type=plain, categorical=False)
    field = str(params.get("field") or "unchanged")
    if field == "unchanged":
        return column
    if not field.startswith("clear_"):
        return column.with_(role=field)
    if column.role == field.removeprefix("clear_"):
        return column.with_(role="none" if field == "clear_feature" else "feature")
    return column


def _renamed(schema: Schema, chosen: tuple[str, ...], text: Any) -> Schema | None:
    if not text:
        return schema
    names = [name.strip() for name in next(csv.reader([str(text)], skipinitialspace=True), [])]
    if len(names) != len(chosen) or not all(names):
        return None  # the run will say so
    result = rename(schema, dict(zip(chosen, names, strict=True)))
    return result if len({one.name for one in result}) == len(result) else None
