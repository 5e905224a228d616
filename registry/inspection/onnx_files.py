"""Reads the head of an ONNX file: version, producer, and what goes in and out of its graph.

ONNX is a protobuf message (onnx.proto3); only the fields wanted here are looked at, and weights are
skipped, never read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

MOST_FIELDS = 200_000
MOST_EXTERNAL = 50
TYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string",
    9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
}  # fmt: skip


class NotOnnx(ValueError):
    """The bytes are no ONNX model."""


def read(source: BinaryIO, size: int) -> dict[str, Any]:
    """Return the model's facts, or raise NotOnnx; the source must be able to seek."""
    model: dict[str, Any] = {"opsets": {}, "inputs": [], "outputs": [], "external": []}
    graph = False
    for number, wire, value, length in _fields(source, 0, size):
        if number == 1 and wire == 0:
            model["ir_version"] = value
        elif number in {2, 3, 4} and wire == 2:
            key = {2: "producer", 3: "producer_version", 4: "domain"}[number]
            model[key] = _text(source, value, length)
        elif number == 8 and wire == 2:
            domain, version = _opset(source, value, length)
            model["opsets"][domain or "ai.onnx"] = version
        elif number == 7 and wire == 2:
            graph = True
            _graph(source, value, length, model)
    if not graph or not 1 <= int(model.get("ir_version", 0)) <= 100:
        raise NotOnnx("it has no graph and IR version")
    return model


def _graph(source: BinaryIO, place: int, length: int, model: dict[str, Any]) -> None:
    constants: set[str] = set()
    nodes = 0
    for number, wire, value, size in _fields(source, place, length):
        if wire != 2:
            continue
        if number == 1:
            nodes += 1
        elif number == 2:
            model["graph"] = _text(source, value, size)
        elif number == 5:
            constants.add(_named(source, value, size, field=8))
            _external(source, value, size, model["external"])
        elif number == 11:
            model["inputs"].append(_value(source, value, size))
        elif number == 12:
            model["outputs"].append(_value(source, value, size))
    # Old files list their weights among the inputs.
    model["inputs"] = [each for each in model["inputs"] if each["name"] not in constants]
    model["nodes"] = nodes


def _external(source: BinaryIO, place: int, length: int, found: list[str]) -> None:
    """Note the file in which a tensor says that its values lie."""
    for number, wire, value, size in _fields(source, place, length):
        if number != 13 or wire != 2:
            continue
        if _named(source, value, size, field=1) == "location":
            where = _named(source, value, size, field=2)
            if where not in found and len(found) < MOST_EXTERNAL:
                found.append(where)


def _value(source: BinaryIO, place: int, length: int) -> dict[str, Any]:
    found: dict[str, Any] = {"name": "", "type": "", "shape": []}
    for number, wire, value, size in _fields(source, place, length):
        if number == 1 and wire == 2:
            found["name"] = _text(source, value, size)
        elif number == 2 and wire == 2:
            _type(source, value, size, found)
    return found


def _type(source: BinaryIO, place: int, length: int, found: dict[str, Any]) -> None:
    for number, wire, value, size in _fields(source, place, length):
        if number != 1 or wire != 2:  # a sequence, map or optional: named, not taken apart
            found["type"] = {4: "sequence", 5: "map", 9: "optional"}.get(number, found["type"])
            continue
        for inner, kind, at, span in _fields(source, value, size):
            if inner == 1 and kind == 0:
                found["type"] = TYPES.get(at, f"type {at}")
            elif inner == 2 and kind == 2:
                found["shape"] = [
                    _dimension(source, start, extent)
                    for number_, wire_, start, extent in _fields(source, at, span)
                    if number_ == 1 and wire_ == 2
                ]


def _dimension(source: BinaryIO, place: int, length: int) -> int | str:
    for number, wire, value, size in _fields(source, place, length):
        if number == 1 and wire == 0:
            return value
        if number == 2 and wire == 2:
            return _text(source, value, size)
    return "?"


def _opset(source: BinaryIO, place: int, length: int) -> tuple[str, int]:
    domain, version = "", 0
    for number, wire, value, size in _fields(source, place, length):
        if number == 1 and wire == 2:
            domain = _text(source, value, size)
        elif number == 2 and wire == 0:
            version = value
    return domain, version


def _named(source: BinaryIO, place: int, length: int, *, field: int) -> str:
    for number, wire, value, size in _fields(source, place, length):
        if number == field and wire == 2:
            return _text(source, value, size)
    return ""


def _fields(source: BinaryIO, place: int, length: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (field, wire type, value or place, length); the source may be moved meanwhile."""
    end = place + length
    for _ in range(MOST_FIELDS):
        if place >= end:
            return
        tag, place = _varint(source, place, end)
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise NotOnnx("a field has the number 0")
        if wire == 0:
            value, place = _varint(source, place, end)
            yield number, wire, value, 0
            continue
        size, start = (8, place) if wire == 1 else (4, place)
        if wire == 2:
            size, start = _varint(source, place, end)
        elif wire not in {1, 5}:
            raise NotOnnx(f"wire type {wire} is unknown")
        if start + size > end:
            raise NotOnnx("a field is longer than its message")
        place = start + size
        yield number, wire, start, size
    raise NotOnnx("it has too many fields")


def _varint(source: BinaryIO, place: int, end: int) -> tuple[int, int]:
    source.seek(place)
    value = 0
    for at, byte in enumerate(source.read(min(10, end - place))):
        value |= (byte & 0x7F) << (7 * at)
        if byte < 0x80:
            return value, place + at + 1
    raise NotOnnx("a number has no end")


def _text(source: BinaryIO, place: int, length: int) -> str:
    source.seek(place)
    return source.read(min(length, 500)).decode("utf-8", "replace")
