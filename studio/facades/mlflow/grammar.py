"""MLflow's search language: comparisons joined by AND, and what to order by.

Read from MLflow's documentation and tried against its server: no OR, no parentheses but those of IN, no NOT but that
of NOT IN and IS NOT NULL; odd keys stand in backquotes or double quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.facades.mlflow.wire import Refusal

MAX_LENGTH = 20_000
MAX_CLAUSES = 100
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<op>>=|<=|!=|<>|==|=|>|<)
    |(?P<open>\()|(?P<close>\))|(?P<comma>,)|(?P<dot>\.)
    |(?P<single>'(?:[^']|'')*')
    |(?P<double>"[^"]*")
    |(?P<back>`[^`]*`)
    |(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w]))
    |(?P<word>[^\s'"`(),=<>!.]+)
    )""",
    re.X,
)
COMPARISONS = {"=", "==", "!=", "<>", ">", ">=", "<", "<="}
METRIC, PARAM, TAG, ATTRIBUTE, DATASET = "metric", "param", "tag", "attribute", "dataset"
SPELLINGS = {
    "metric": METRIC, "metrics": METRIC,
    "param": PARAM, "params": PARAM, "parameter": PARAM, "parameters": PARAM,
    "tag": TAG, "tags": TAG,
    "attribute": ATTRIBUTE, "attributes": ATTRIBUTE, "attr": ATTRIBUTE, "run": ATTRIBUTE,
    "dataset": DATASET, "datasets": DATASET,
}  # fmt: skip


@dataclass(frozen=True)
class Clause:
    """One comparison; `op` is =, !=, >, >=, <, <=, LIKE, ILIKE, IN, NOT IN, IS NULL or IS NOT NULL."""

    entity: str
    key: str
    op: str
    value: Any = None


@dataclass(frozen=True)
class Order:
    entity: str
    key: str
    ascending: bool = True


@dataclass(frozen=True)
class Language:
    """What may be asked for about one kind of thing.

    `attributes` maps every spelling to the key's own name; `numeric` and `listed` (IN) hold own names. IN is for all
    keys of the entities in `lists`.
    """

    entities: frozenset[str]
    attributes: Mapping[str, str]
    numeric: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()
    orders: Mapping[str, str] = field(default_factory=dict)
    lists: frozenset[str] = frozenset({DATASET})


def _tokens(text: str) -> list[tuple[str, str]]:
    if len(text) > MAX_LENGTH:
        raise Refusal(f"The filter is longer than {MAX_LENGTH} characters.")
    found, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.end() == at:
            raise Refusal(f"Invalid clause(s) in filter string: {text[at : at + 60]!r}")
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        at = match.end()
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0

    def peek(self, ahead: int = 0) -> tuple[str, str]:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def word(self, *wanted: str) -> bool:
        """Take keywords when they come next."""
        for ahead, each in enumerate(wanted):
            kind, text = self.peek(ahead)
            if kind != "word" or text.upper() != each:
                return False
        self.at += len(wanted)
        return True

    def fail(self, why: str) -> Refusal:
        return Refusal(f"Invalid filter string {self.text[:300]!r}: {why}")

    def name(self) -> tuple[str, str]:
        """Take `entity.key` or a bare key; the entity is "" then."""
        parts: list[tuple[str, str]] = []
        while True:
            kind, text = self.take()
            if kind not in {"word", "double", "back", "number"}:
                raise self.fail(f"expected a name, found {text or 'its end'!r}.")
            parts.append((kind, text if kind in {"word", "number"} else text[1:-1]))
            if self.peek()[0] == "number" and self.peek()[1].startswith("."):
                parts.append(("word", self.take()[1][1:]))
            if self.peek()[0] != "dot":
                break
            self.take()
        first_kind, first = parts[0]
        if len(parts) > 1 and first_kind == "word" and first.lower() in SPELLINGS:
            return SPELLINGS[first.lower()], ".".join(text for _, text in parts[1:])
        return "", ".".join(text for _, text in parts)

    def value(self) -> tuple[str, Any]:
        """Take a value: ("text", str) or ("number", float)."""
        kind, text = self.take()
        if kind == "single":
            return "text", text[1:-1].replace("''", "'")
        if kind == "double":
            return "text", text[1:-1]
        if kind == "number":
            return "number", text
        if kind == "dot" and self.peek()[0] == "number":
            return "number", f".{self.take()[1]}"
        raise self.fail(
            f"expected a quoted string or a number, found {text or 'its end'!r}. "
            "Strings must be in single or double quotes."
        )

    def values(self) -> list[str]:
        if self.take()[0] != "open":
            raise self.fail("IN needs a list in parentheses.")
        found: list[str] = []
        while True:
            kind, value = self.value()
            if kind != "text":
                raise self.fail("a list holds quoted strings.")
            found.append(value)
            kind, _ = self.take()
            if kind == "close":
                return found
            if kind != "comma":
                raise self.fail("the values of a list are separated by commas.")
            if self.peek()[0] == "close":  # as Python writes a tuple of one
                self.take()
                return found


def parse_filter(text: str, language: Language) -> list[Clause]:
    """Read a filter; what the language does not have is refused in words."""
    if not text.strip():
        return []
    reader = _Reader(text)
    clauses = [_clause(reader, language)]
    while reader.peek()[0] != "end":
        if not reader.word("AND"):
            raise reader.fail(f"expected AND, found {reader.peek()[1]!r}. OR is not supported.")
        clauses.append(_clause(reader, language))
        if len(clauses) > MAX_CLAUSES:
            raise reader.fail(f"more than {MAX_CLAUSES} comparisons.")
    return clauses


def _clause(reader: _Reader, language: Language) -> Clause:
    entity, key = _settled(reader.name(), language, reader)
    if reader.word("IS"):
        negated = reader.word("NOT")
        if not reader.word("NULL") or entity not in {TAG, PARAM}:
            raise reader.fail("IS [NOT] NULL is for tags and params.")
        return Clause(entity, key, "IS NOT NULL" if negated else "IS NULL")
    if reader.word("NOT", "IN") or reader.word("IN"):
        op = "NOT IN" if reader.peek(-2)[1].upper() == "NOT" else "IN"
        if entity not in language.lists and not (entity == ATTRIBUTE and key in language.listed):
            raise reader.fail(f"IN is not supported for {key!r}.")
        return Clause(entity, key, op, reader.values())
    for op in ("LIKE", "ILIKE"):
        if reader.word(op):
            kind, value = reader.value()
            if kind != "text" or _is_numeric(entity, key, language):
                raise reader.fail(f"{op} compares texts.")
            return Clause(entity, key, op, value)
    kind, sign = reader.take()
    if kind != "op" or sign not in COMPARISONS:
        raise reader.fail(f"expected a comparison, found {sign or 'its end'!r}.")
    sign = {"==": "=", "<>": "!="}.get(sign, sign)
    return _comparison(reader, language, entity, key, sign)


def _comparison(reader: _Reader, language: Language, entity: str, key: str, sign: str) -> Clause:
    kind, value = reader.value()
    if _is_numeric(entity, key, language):
        try:
            number = float(value)
        except ValueError:
            number = None
        # What stands in quotes is a number without digits, or of an attribute a whole one.
        fits = value.lower() in {"nan", "inf", "-inf"} if entity == METRIC else value.isdigit()
        if number is None or (kind == "text" and not fits):
            raise reader.fail(f"{key!r} is compared with a number, not {value!r}.")
        return Clause(entity, key, sign, number)
    if kind != "text":
        raise reader.fail(f"{key!r} is compared with a string in quotes, not {value}.")
    if sign not in {"=", "!="}:
        raise reader.fail(f"{sign!r} cannot compare the text {key!r}; use =, !=, LIKE or ILIKE.")
    return Clause(entity, key, sign, value)


def _is_numeric(entity: str, key: str, language: Language) -> bool:
    return entity == METRIC or (entity == ATTRIBUTE and key in language.numeric)


def _settled(name: tuple[str, str], language: Language, reader: _Reader) -> tuple[str, str]:
    entity, key = name[0] or ATTRIBUTE, name[1]
    if entity not in language.entities:
        raise reader.fail(f"{entity}s cannot be searched here.")
    if entity == ATTRIBUTE:
        known = language.attributes.get(key) or language.attributes.get(key.lower())
        if known is None:
            listing = ", ".join(sorted(set(language.attributes.values())))
            raise reader.fail(f"{key!r} is not an attribute; known: {listing}.")
        key = known
    if entity == DATASET and key not in {"name", "digest", "context"}:
        raise reader.fail(f"{key!r} is not known of datasets; known: context, digest, name.")
    if not key:
        raise reader.fail("a key is empty.")
    return entity, key


def parse_order(texts: list[str], language: Language) -> list[Order]:
    """Read what to order by: `metrics.loss DESC`; each key once."""
    orders: list[Order] = []
    for text in texts:
        reader = _Reader(text)
        if reader.peek()[0] == "end":
            raise Refusal("An order_by clause is empty.")
        entity, key = reader.name()
        ascending = True
        if reader.word("DESC"):
            ascending = False
        elif not reader.word("ASC") and reader.peek()[0] != "end":
            raise Refusal(f"Invalid order_by clause {text[:200]!r}: expected ASC or DESC.")
        if reader.peek()[0] != "end":
            raise Refusal(f"Invalid order_by clause {text[:200]!r}: something follows its end.")
        entity = entity or ATTRIBUTE
        if entity == ATTRIBUTE:
            known = language.orders.get(key) or language.orders.get(key.lower())
            if known is None:
                listing = ", ".join(sorted(set(language.orders.values())))
                raise Refusal(f"Invalid order_by key {key[:200]!r}; known: {listing}.")
            key = known
        elif entity not in language.entities or entity == DATASET:
            raise Refusal(f"Invalid order_by entity in {text[:200]!r}.")
        if any((each.entity, each.key) == (entity, key) for each in orders):
            raise Refusal(f"`order_by` contains duplicate fields: {key[:200]!r}")
        orders.append(Order(entity, key, ascending))
    return orders


def like_pattern(value: str) -> str:
    """Return a LIKE pattern as a regular expression for the whole text."""
    parts = {"%": ".*", "_": "."}
    return "^" + "".join(parts.get(char) or re.escape(char) for char in value) + "$"
