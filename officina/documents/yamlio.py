"""Reads YAML from people: plain data only, bounded in size, depth and expansion, each value's place
remembered.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from officina.errors import StudioError

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 40
MAX_NODES = 100_000
MAX_ALIASES = 200

Pointer = tuple[str | int, ...]

# The C parser is ten times faster; the resolver rules are the same in both.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = "tag:yaml.org,2002:"
_DECIMAL = re.compile(r"[-+]?[0-9][0-9_]*\Z")
_BASED = re.compile(r"[-+]?0(?:b[01_]+|x[0-9a-fA-F_]+|o[0-7_]+)\Z")
_BOOLEANS = {"yes": True, "no": False, "true": True, "false": False, "on": True, "off": False}


@dataclass(frozen=True)
class Place:
    """Where a value stands in its file, and the text it was written as."""

    line: int
    column: int
    raw: str | None = None


@dataclass
class Located:
    """Plain data with the place of each value, by pointer."""

    data: Any
    name: str
    places: dict[Pointer, Place] = field(default_factory=dict)

    def where(self, pointer: Pointer) -> str:
        """Return `file:line:column` of the value, or of the nearest parent that has a known
        place.
        """
        for length in range(len(pointer), -1, -1):
            place = self.places.get(pointer[:length])
            if place is not None:
                return f"{self.name}:{place.line}:{place.column}"
        return self.name

    def raw(self, pointer: Pointer) -> str | None:
        """Return the text a scalar was written as (`1.10` reads as the number 1.1)."""
        place = self.places.get(pointer)
        return place.raw if place is not None else None


def load_yaml(source: str | bytes | Path) -> Any:
    """Return the plain data of a YAML (or JSON) text or file; anything odd is a StudioError with
    file:line:column.

    A `str` is the text itself; give a `Path` to read a file.
    """
    return load_located(source).data


def load_located(source: str | bytes | Path, *, name: str = "") -> Located:
    """Return the data of a YAML text or file together with the place of each value."""
    name = name or (str(source) if isinstance(source, Path) else "<text>")
    text = _text(source, name)
    try:
        _refuse_bombs(text, name)
        root = yaml.compose(text, Loader=_Loader)
        builder = _Builder(name)
        data = None if root is None else builder.build(root, ())
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, name) from None
    except yaml.YAMLError as error:
        raise StudioError(
            f"this is not readable YAML: {error}",
            where=name,
            hint="Save the file as plain UTF-8 text.",
        ) from None
    return Located(data, name, builder.places if root is not None else {})


def _text(source: str | bytes | Path, name: str) -> str:
    if isinstance(source, Path):
        source = _read(source)
    size = len(source)
    if size > MAX_BYTES:
        raise StudioError(
            f"the document is larger than the limit of {MAX_BYTES // 1024} KiB",
            where=name,
            hint="Keep data in files beside the job and refer to them by path.",
            code="too_large",
        )
    if isinstance(source, str):
        return source
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudioError(
            f"the document is not UTF-8 text (byte {error.start})",
            where=name,
            hint="Save it as UTF-8.",
        ) from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            # One byte more than the limit is enough to know: a 10 GB file is refused without
            # reading it.
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise StudioError("there is no such file", where=str(path), code="not_found") from None
    except OSError as error:
        raise StudioError(f"the file cannot be read: {error.strerror}", where=str(path)) from None


def _refuse_bombs(text: str, name: str) -> None:
    """Walk the event stream, which builds nothing, and stop at the first limit that is passed."""
    depth = nodes = aliases = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            nodes += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
        elif isinstance(event, yaml.ScalarEvent):
            nodes += 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        else:
            continue
        limit = _limit_passed(depth, nodes, aliases, documents)
        if limit:
            mark: Any = event.start_mark
            raise StudioError(
                limit,
                where=f"{name}:{mark.line + 1}:{mark.column + 1}",
                hint="Simplify the document.",
                code="too_large",
            )


def _limit_passed(depth: int, nodes: int, aliases: int, documents: int) -> str:
    if depth > MAX_DEPTH:
        return f"the document is nested deeper than {MAX_DEPTH} levels"
    if nodes > MAX_NODES:
        return f"the document has more than {MAX_NODES} values"
    if aliases > MAX_ALIASES:
        return f"the document uses more than {MAX_ALIASES} aliases"
    if documents > 1:
        return "the file holds more than one YAML document"
    return ""


def _syntax_error(error: yaml.MarkedYAMLError, name: str) -> StudioError:
    mark = error.problem_mark or error.context_mark
    where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
    problem = error.problem or error.context or "it cannot be parsed"
    return StudioError(
        f"this is not valid YAML: {problem}",
        where=where,
        hint="Check the indentation and quotes here.",
    )


class _Builder:
    """Turns composed nodes into plain data, counting what aliases expand to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[Pointer, Place] = {}
        self.count = 0
        self.open: set[int] = set()

    def build(self, node: Any, pointer: Pointer) -> Any:
        self.count += 1
        if self.count > MAX_NODES:
            raise self.refusal(
                node,
                f"aliases expand the document to more than {MAX_NODES} values",
                code="too_large",
            )
        mark = node.start_mark
        if isinstance(node, yaml.ScalarNode):
            self.places[pointer] = Place(mark.line + 1, mark.column + 1, node.value)
            return self.scalar(node)
        self.places[pointer] = Place(mark.line + 1, mark.column + 1)
        if id(node) in self.open:
            raise self.refusal(node, "an alias refers to a value that contains it")
        if len(pointer) > MAX_DEPTH:
            raise self.refusal(
                node, f"aliases nest the document deeper than {MAX_DEPTH} levels", code="too_large"
            )
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                self.check_tag(node, "seq")
                return [
                    self.build(child, (*pointer, index)) for index, child in enumerate(node.value)
                ]
            self.check_tag(node, "map")
            return self.mapping(node, pointer)
        finally:
            self.open.discard(id(node))

    def mapping(self, node: Any, pointer: Pointer) -> dict[Any, Any]:
        explicit: dict[Any, Any] = {}
        merged: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self.refusal(key_node, "a key must be plain text")
            if key_node.tag == _PLAIN + "merge":
                self.merge(merged, value_node, pointer)
                continue
            key = self.scalar(key_node)
            if key in explicit:
                raise self.refusal(
                    key_node, f"the key '{key}' is given twice", hint="Keep one of the two."
                )
            value = self.build(value_node, (*pointer, key))
            explicit[key] = value
            # Errors about a value point at its key: that is the line a person looks for.
            mark = key_node.start_mark
            raw = value_node.value if isinstance(value_node, yaml.ScalarNode) else None
            self.places[(*pointer, key)] = Place(mark.line + 1, mark.column + 1, raw)
        return {**merged, **explicit}

    def merge(self, merged: dict[Any, Any], node: Any, pointer: Pointer) -> None:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                raise self.refusal(source, "'<<' needs a mapping")
            for key, value in self.build(source, pointer).items():
                merged.setdefault(key, value)

    def scalar(self, node: Any) -> Any:
        tag, text = node.tag, node.value
        if tag == _PLAIN + "str" or tag in (_PLAIN + "timestamp", _PLAIN + "value"):
            return text  # a date stays the text it is: documents are JSON
        if tag == _PLAIN + "null":
            return None
        if tag == _PLAIN + "bool" and text.lower() in _BOOLEANS:
            return _BOOLEANS[text.lower()]
        try:
            if tag == _PLAIN + "int":
                return _integer(text)
            if tag == _PLAIN + "float":
                return _number(text)
        except (ValueError, OverflowError):
            raise self.refusal(
                node, f"'{text[:40]}' is not a number", hint="Quote it if it is text."
            ) from None
        raise self.refusal(
            node, f"the tag '{tag}' is not allowed", hint="Only plain YAML values are read."
        )

    def check_tag(self, node: Any, kind: str) -> None:
        if node.tag != _PLAIN + kind:
            raise self.refusal(
                node,
                f"the tag '{node.tag}' is not allowed",
                hint="Only plain YAML values are read.",
            )

    def refusal(
        self, node: Any, message: str, *, hint: str = "", code: str = "invalid"
    ) -> StudioError:
        mark = node.start_mark
        return StudioError(
            message, where=f"{self.name}:{mark.line + 1}:{mark.column + 1}", hint=hint, code=code
        )


def _integer(text: str) -> int | str:
    if _DECIMAL.match(text):
        return int(text.replace("_", ""))  # 01 is one, not octal: versions are written so
    if _BASED.match(text):
        return int(text.replace("_", ""), 0)
    return text  # 10:30 is sexagesimal in YAML 1.1 and a time of day to everybody else


def _number(text: str) -> float | str:
    plain = text.replace("_", "").lower()
    if plain.lstrip("+-") in (".inf", ".nan"):
        return float(plain.replace(".", ""))
    return text if ":" in plain else float(plain)


def refuse_not_finite(value: Any, where: str) -> None:
    """Refuse NaN and infinity, which neither JSON nor a step key can hold."""
    if isinstance(value, float) and not math.isfinite(value):
        raise StudioError(
            f"{json.dumps(value)} is not a value that a job can have",
            where=where,
            hint="Give a finite number.",
        )
