"""How the command prints: JSON for scripts, a table for people, TSV for cut and awk."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from officina.errors import StudioError


class Format(StrEnum):
    """What `-o` takes."""

    JSON = "json"
    JSONC = "jsonc"
    YAML = "yaml"
    YAMLC = "yamlc"
    TABLE = "table"
    TSV = "tsv"
    NONE = "none"

    @property
    def is_document(self) -> bool:
        """Tell whether the whole answer is printed, as JSON or YAML."""
        return self in {Format.JSON, Format.JSONC, Format.YAML, Format.YAMLC}


JOB_COLUMNS = ("name", "display_name", "experiment", "kind", "status", "created")
WORKSPACE_COLUMNS = ("name", "display_name", "resource_group", "location")


def show_list(items: Iterable[Mapping[str, Any]], columns: Sequence[str], form: Format) -> None:
    """Print a list of things."""
    rows = list(items)
    if form.is_document:
        _document(rows, form)
        return
    lines = [[_cell(row.get(column)) for column in columns] for row in rows]
    if form is Format.TSV:
        for line in lines:
            print("\t".join(line))
        return
    _table([[_title(column) for column in columns], *lines])


def show_one(item: Mapping[str, Any], form: Format) -> None:
    """Print one thing; a table shows its plain values a line each, then its metrics and outputs."""
    if form.is_document:
        _document(item, form)
        return
    pairs = [
        [key, _cell(value)]
        for key, value in item.items()
        if value not in (None, "", [], {}) and not isinstance(value, dict | list)
    ]
    for group in ("metrics", "params", "tags"):
        pairs += [
            [f"{group}.{key}", _cell(value)] for key, value in (item.get(group) or {}).items()
        ]
    for port, output in (item.get("outputs") or {}).items():
        pairs.append([f"outputs.{port}", _cell(output.get("uri") if output else None)])
    if form is Format.TSV:
        for line in pairs:
            print("\t".join(line))
        return
    _table(pairs)


def picked(item: Any, query: str) -> Any:
    """Return what a JMESPath expression finds."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.search(query, item)
    except JMESPathError as error:
        raise StudioError(
            f"The query cannot be read: {str(error).splitlines()[0]}",
            hint="See jmespath.org; quote the whole query in the shell.",
            where="--query",
        ) from None


def show_value(value: Any, form: Format) -> None:
    """Print what a query found, as `az` does: TSV has a line for each item, without quotes."""
    if form is Format.NONE:
        return
    if form.is_document:
        _document(value, form)
        return
    if form is Format.TABLE and isinstance(value, list) and value and isinstance(value[0], dict):
        show_list(value, list(value[0]), form)
        return
    for row in value if isinstance(value, list) else [value]:
        if row is None and not isinstance(value, list):
            continue
        cells = row.values() if isinstance(row, dict) else row if isinstance(row, list) else [row]
        print("\t".join(_cell(cell) for cell in cells))


def _document(value: Any, form: Format) -> None:
    if form in {Format.JSON, Format.JSONC}:
        print(json.dumps(value, indent=2, ensure_ascii=False, default=str))
        return
    import yaml

    plain = json.loads(json.dumps(value, default=str))
    print(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True).rstrip())


def _table(lines: list[list[str]]) -> None:
    if not lines:
        return
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    limit = shutil.get_terminal_size((200, 24)).columns
    for line in lines:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(text.rstrip()[: max(limit, 80)])


def _title(column: str) -> str:
    return re.sub(r"(?<=[a-z]{2})(?=[A-Z])", " ", column).replace("_", " ").capitalize()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict) and "localizedValue" in value:
        value = value["localizedValue"]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # A name with a tab, newline or escape in it must not break columns or steer the terminal.
    return "".join(char if char.isprintable() else " " for char in text)
