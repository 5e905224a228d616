"""What may stand in a draft's document: the limits of its size and the shape of each entry."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from designer.history import Touch
from designer.ydoc import ROOTS, YDoc, plain, root
from officina.errors import StudioError
from officina.graph import MAX_NODES

MAX_DOCUMENT = 16 * 2**20
MAX_UPDATE = 4 * 2**20
MAX_VALUE = 2**20
MAX_ENTRIES = 6 * MAX_NODES
MAX_NAME = 255
MAX_TEXT = 20_000
MAX_PLACE = 1e7
ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,254}\Z")

Rule = Callable[[Any], bool]


def _text(most: int) -> Rule:
    return lambda value: isinstance(value, str) and len(value) <= most


def _number(value: Any) -> bool:
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return real and abs(value) <= MAX_PLACE


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _pin(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"run"} and NAME(value["run"])


def _any(value: Any) -> bool:
    return True


NAME, TEXT = _text(MAX_NAME), _text(MAX_TEXT)
FIELDS: dict[str, dict[str, Rule]] = {
    "nodes": {
        "component": NAME, "version": _text(64), "x": _number, "y": _number, "label": NAME, "comment": TEXT,
        "disabled": _flag, "group": NAME, "compute": NAME, "forceRerun": _flag, "params": _any,
        "pinned": _pin,
    },
    "edges": {"source": NAME, "sourceHandle": NAME},
    "notes": {
        "text": TEXT, "x": _number, "y": _number, "width": _number, "height": _number,
        "frame": _flag, "color": _text(32),
    },
    "groups": {"label": NAME, "collapsed": _flag},
    "parameters": {"type": _text(32), "default": _any, "description": TEXT},
}  # fmt: skip
NEEDED = {"nodes": ("component",), "edges": ("source", "sourceHandle"), "parameters": ("type",)}
SETTINGS: dict[str, Rule] = {
    "experiment": NAME, "default_compute": NAME, "continue_on_step_failure": _flag,
    "force_rerun": _flag, "description": TEXT,
}  # fmt: skip
WORDS = {
    "nodes": "module", "edges": "connection", "notes": "note", "groups": "group",
    "parameters": "pipeline parameter", "settings": "setting",
}  # fmt: skip


def check(flat: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a whole document of which any entry is out of shape."""
    for name in ROOTS:
        for key, value in flat[name].items():
            check_entry(name, key, value)
    check_counts({name: len(flat[name]) for name in ROOTS})


def check_touched(doc: YDoc, touched: Iterable[Touch]) -> None:
    """Refuse a document if what was just touched is out of shape; costs what the touched costs."""
    for name, key in {(touch.root, touch.id) for touch in touched}:
        entries = root(doc, name)
        if key in entries:
            value = entries[key]
            check_entry(name, key, plain(value.to_py() if hasattr(value, "to_py") else value))
    check_counts({name: len(root(doc, name)) for name in ROOTS})


def check_counts(counts: Mapping[str, int]) -> None:
    if counts["nodes"] > MAX_NODES:
        raise _refused(f"A pipeline may have {MAX_NODES:,} modules.", "nodes", code="too_large")
    if sum(counts.values()) > MAX_ENTRIES:
        raise _refused("The pipeline has too many parts.", "graph", code="too_large")


def check_size(size: int) -> None:
    """Refuse a document that has grown beyond what a browser can be asked to hold."""
    if size > MAX_DOCUMENT:
        raise StudioError(
            f"The draft would grow beyond {MAX_DOCUMENT >> 20} MiB.",
            hint="Keep data in a data asset and code in a component.",
            where="graph",
            code="too_large",
        )


def check_entry(name: str, key: str, value: Any) -> None:
    """Refuse one node, edge, note, group, parameter or setting that is out of shape."""
    where = f"{name}.{key[:60]}"
    if name == "settings":
        rule = SETTINGS.get(key)
        if rule is None or not (value is None or rule(value)):
            raise _refused(f"The setting {key!r} is unknown or has a wrong value.", where)
        return
    _check_key(name, key, where)
    if not isinstance(value, Mapping):
        raise _refused(f"The {WORDS[name]} {key!r} is not an object.", where)
    rules = FIELDS[name]
    for field, given in value.items():
        rule = rules.get(field)
        if rule is None:
            raise _refused(f"A {WORDS[name]} has no field {field[:60]!r}.", where, rules)
        if given is not None and not rule(given):
            raise _refused(f"The field {field!r} of {key!r} has a value that cannot be.", where)
    for field in NEEDED.get(name, ()):
        if not isinstance(value.get(field), str) or not value[field]:
            raise _refused(f"The {WORDS[name]} {key!r} has no {field}.", where)
    if name == "nodes":
        _check_params(key, value.get("params"))
    elif name == "parameters":
        _check_value(value.get("default"), f"the default of {key!r}", where)


def _check_key(name: str, key: str, where: str) -> None:
    target, _, port = key.partition(":")
    good = ID.match(target) and (name != "edges" or (port and len(port) <= MAX_NAME))
    if not good or (name != "edges" and ":" in key):
        raise _refused(
            f"{key[:60]!r} cannot be the id of a {WORDS[name]}.",
            where,
            hint="Ids have letters, digits, '_' and '-'; a connection's is <target>:<input>.",
        )


def _check_params(node: str, params: Any) -> None:
    where = f"nodes.{node}"
    if params is None:
        return
    if not isinstance(params, Mapping):
        raise _refused(f"The parameters of {node!r} are not an object.", where)
    for name, value in params.items():
        if len(name) > MAX_NAME:
            raise _refused(f"A parameter's name of {node!r} is too long.", where)
        _check_value(value, f"{name!r} of {node!r}", f"{where}.params.{name}")


def _check_value(value: Any, what: str, where: str) -> None:
    if isinstance(value, str):
        size = len(value.encode("utf-8", "surrogatepass"))
    else:
        try:
            size = len(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError, RecursionError):
            raise _refused(f"The value of {what} is not JSON.", where) from None
        if not _fits(value):
            raise _refused(f"The value of {what} has a number of more than 64 bits.", where)
    if size > MAX_VALUE:
        raise StudioError(
            f"The value of {what} has {size / 2**20:.1f} MiB; a value may have"
            f" {MAX_VALUE >> 20} MiB.",
            hint="Register the data as a data asset and read it from there.",
            where=where,
            code="too_large",
        )


def _fits(value: Any) -> bool:
    """Return whether the Yjs library takes each whole number of a JSON value: at a larger one it panics."""
    if isinstance(value, Mapping):
        return all(map(_fits, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_fits, value))
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def _refused(
    message: str, where: str, known: Iterable[str] = (), *, hint: str = "", code: str = "invalid"
) -> StudioError:
    names = ", ".join(known)
    return StudioError(
        message, hint=hint or (f"Known: {names}." if names else ""), where=where, code=code
    )
