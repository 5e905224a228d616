"""Fills `${{...}}` in texts: plain substitution of looked-up data, never evaluation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from officina.documents.shell import ShellText
from officina.errors import StudioError

Lookup = Callable[[str], Any] | Mapping[str, Any]

EXPRESSION = re.compile(r"(?<!\$)\$\{\{\s*([A-Za-z_][\w\-./]*)\s*\}\}")
# A block holds no other block: without that, a text of nothing but "$[[" would take quadratic time.
OPTIONAL = re.compile(r"\$\[\[((?:(?!\$\[\[|\]\]).)*)\]\]", re.DOTALL)
# One component of the public examples writes $[[inputs.x]] and means $[[${{inputs.x}}]].
_BARE = re.compile(r"(?<![\w.{$])((?:inputs|outputs)\.[A-Za-z_][\w\-]*)(?![\w.}])")
_EITHER = re.compile(f"(?:{OPTIONAL.pattern})|(?:{EXPRESSION.pattern})", re.DOTALL)


class Missing(KeyError):
    """Raised by a lookup for a name that is known but has no value now (an optional input not
    given).
    """


def references_in(text: str) -> list[str]:
    """Return the names that a text refers to, in order, each once: `inputs.x`,
    `parent.jobs.s.outputs.y`.
    """
    return list(dict.fromkeys(EXPRESSION.findall(_with_braces(text))))


def resolve(text: str, lookup: Lookup) -> Any:
    """Return the text with each expression replaced; a text that is one expression gives the value
    with its type.

    Names that the lookup does not know raise StudioError; an optional block with a missing input is
    dropped.
    """
    whole = EXPRESSION.fullmatch(text.strip())
    if whole:
        return _value(whole[1], lookup)
    return fill(text, lookup, as_text)


def fill(text: str, lookup: Lookup, spell: Callable[[Any], str]) -> str:
    """Return the text with each expression replaced by `spell(value)`."""
    # One pass over the text as written: a second pass would substitute inside values already put
    # in.
    pieces: list[str] = []
    end = 0
    for match in _EITHER.finditer(text):
        pieces.append(text[end : match.start()])
        end = match.end()
        if match[2] is not None:
            pieces.append(spell(_value(match[2], lookup)))
        elif (inner := _given_block(match[1], lookup)) is not None:
            pieces.append(fill(inner, lookup, spell))
    pieces.append(text[end:])
    return "".join(pieces)


def as_text(value: Any) -> str:
    """Return a literal as a program would expect it on its command line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, list | dict):
        return json.dumps(value, separators=(",", ":"))
    return str(value)


def command_line(
    document: Mapping[str, Any], input_paths: Mapping[str, str], output_paths: Mapping[str, str]
) -> str:
    """Return the shell command of a Command document with literals and paths put in as data.

    An expression that stands inside quotes keeps to those quotes: the value is escaped for them
    instead of quoted again.
    """
    values = _command_values(document, input_paths, output_paths)
    known = set(values) | {f"inputs.{name}" for name in document.get("inputs") or {}}

    def lookup(name: str) -> Any:
        if name in values:
            return values[name]
        if name in known or name in _optional_inputs(document):
            raise Missing(name)
        raise unknown_name(name, known, "the command")

    from officina.documents.distribution import in_ranks

    text = _fill_shell(str(document.get("command") or ""), lookup, ShellText())
    return in_ranks(document, text)


def _command_values(
    document: Mapping[str, Any], input_paths: Mapping[str, str], output_paths: Mapping[str, str]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, entry in (document.get("inputs") or {}).items():
        if entry.get("jobInputType") == "literal":
            if entry.get("value") is not None:
                values[f"inputs.{name}"] = entry["value"]
        elif name not in input_paths and entry.get("uri") is not None:
            values[f"inputs.{name}"] = entry[
                "uri"
            ]  # mode direct: the program gets the address itself
    values.update({f"inputs.{name}": path for name, path in input_paths.items()})
    values.update({f"outputs.{name}": path for name, path in output_paths.items()})
    if document.get("name"):
        values["name"] = document["name"]
    return values


def _optional_inputs(document: Mapping[str, Any]) -> set[str]:
    component = document.get("component")
    inputs = component.get("inputs") or {} if isinstance(component, Mapping) else {}
    return {
        f"inputs.{name}"
        for name, spec in inputs.items()
        if isinstance(spec, Mapping) and spec.get("optional")
    }


def _fill_shell(text: str, lookup: Lookup, shell: ShellText) -> str:
    pieces: list[str] = []
    end = 0
    for match in _EITHER.finditer(text):
        plain = text[end : match.start()]
        shell.read(plain)
        pieces.append(plain)
        end = match.end()
        if match[2] is not None:
            pieces.append(shell.spell(as_text(_value_or_error(match[2], lookup))))
        elif (inner := _given_block(match[1], lookup)) is not None:
            pieces.append(_fill_shell(inner, lookup, shell))
    shell.read(text[end:])
    pieces.append(text[end:])
    return "".join(pieces)


def _given_block(inner: str, lookup: Lookup) -> str | None:
    """Return the text of an optional block, or None when one of its inputs is absent."""
    inner = _with_inner_braces(inner)
    for name in EXPRESSION.findall(inner):
        if isinstance(lookup, Mapping) and name not in lookup:
            return None
        try:
            if _value(name, lookup) is None:
                return None
        except Missing:
            return None
    return inner


def _value_or_error(name: str, lookup: Lookup) -> Any:
    try:
        return _value(name, lookup)
    except Missing:
        raise StudioError(
            f"'${{{{{name}}}}}' has no value",
            where="command",
            hint="Give the input, or put the argument in $[[ ]].",
        ) from None


def _with_braces(text: str) -> str:
    return OPTIONAL.sub(lambda match: _with_inner_braces(match[1]), text)


def _with_inner_braces(inner: str) -> str:
    return inner if EXPRESSION.search(inner) else _BARE.sub(r"${{\1}}", inner)


def _value(name: str, lookup: Lookup) -> Any:
    if not isinstance(lookup, Mapping):
        return lookup(name)
    if name not in lookup:
        raise unknown_name(name, lookup)
    return lookup[name]


def unknown_name(name: str, known: Any, place: str = "") -> StudioError:
    """Return the error for an expression that names nothing, with the names that exist."""
    names = sorted(str(one) for one in known)
    near = get_close_matches(name, names, n=1)
    hint = f"Did you mean '{near[0]}'? " if near else ""
    listed = ", ".join(names[:20]) or "none"
    return StudioError(
        f"'${{{{{name}}}}}' refers to nothing that exists",
        where=place,
        hint=f"{hint}Known names: {listed}.",
    )
