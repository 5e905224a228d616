"""The fields of a preparation step: what its form shows, and how a given value is cleaned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from officina.errors import StudioError
from officina.parameters import Param

MOST_TEXT = 10_000
MOST_ITEMS = 2_000
OPERATORS = {
    "is": "is", "not": "is not", "less": "is less than", "most": "is at most",
    "more": "is more than", "least": "is at least", "in": "is one of", "contains": "contains",
    "lacks": "does not contain", "starts": "starts with", "ends": "ends with",
    "matches": "matches the pattern", "missing": "is missing", "present": "is not missing",
}  # fmt: skip
_COMPARED = ("is", "not", "less", "most", "more", "least")
_SCALARS = {
    "text": "string", "number": "number", "integer": "integer", "switch": "boolean",
    "choice": "enum",
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One field of a step's form.

    `kind` is text, number, integer, switch, choice, column, columns, pairs (old and new names),
    conditions or data (another data asset). `when` maps another field to the values for which this
    one is shown and used; `choices` maps values to words.
    """

    name: str
    kind: str
    label: str
    default: Any = None
    choices: Mapping[str, str] | None = None
    min: float | None = None
    max: float | None = None
    optional: bool = False
    help: str = ""
    when: Mapping[str, tuple[str, ...]] | None = None

    def is_shown(self, given: Mapping[str, Any]) -> bool:
        """Say whether the form shows the field, given the ones before it."""
        return all(given.get(name) in allowed for name, allowed in (self.when or {}).items())

    def clean(self, value: Any) -> Any:
        """Return the value in this field's type, or raise a StudioError that names it."""
        if self.kind in _SCALARS:
            return self._scalar(value)
        if self.kind == "columns":
            return self._columns(value)
        if self.kind == "column":
            return self._column(value)
        return {"pairs": self._pairs, "conditions": self._conditions, "data": self._data}[
            self.kind
        ](value)

    def as_json(self) -> dict[str, Any]:
        """Return what a form is drawn from."""
        found = {
            "name": self.name, "kind": self.kind, "label": self.label, "default": self.default,
            "choices": dict(self.choices) if self.choices else None, "min": self.min,
            "max": self.max, "optional": self.optional, "help": self.help,
            "when": {k: list(v) for k, v in self.when.items()} if self.when else None,
        }  # fmt: skip
        return {key: value for key, value in found.items() if value not in (None, "", False)}

    def columns_in(self, value: Any) -> list[str]:
        """Return the columns of the table that a cleaned value names."""
        if self.kind == "column":
            return [value] if value else []
        if self.kind == "columns":
            return list(value)
        if self.kind == "pairs":
            return [pair["from"] for pair in value]
        if self.kind == "conditions":
            return [rule[key] for rule in value for key in ("column", "other") if rule.get(key)]
        return []

    def _scalar(self, value: Any) -> Any:
        choices = tuple(self.choices or ())
        param = Param(
            self.name, _SCALARS[self.kind], self.label, self.default, self.min, self.max,
            choices, self.optional,
        )  # fmt: skip
        cleaned = param.clean(value)
        if isinstance(cleaned, str) and len(cleaned) > MOST_TEXT:
            raise self._fault("is too long", f"{MOST_TEXT:,} characters are the most.")
        return "" if cleaned is None and self.kind == "text" else cleaned

    def _columns(self, value: Any) -> list[str]:
        given = [value] if isinstance(value, str) else value
        if given is None:
            given = []
        if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
            raise self._fault("must be a list of column names", 'For example ["age"].')
        if not given and not self.optional:
            raise self._fault("is empty", "Choose at least one column.")
        return list(dict.fromkeys(given))

    def _column(self, value: Any) -> str:
        if value in (None, "") and self.optional:
            return ""
        if not isinstance(value, str) or not value:
            raise self._fault("is empty", "Choose a column.")
        return value

    def _listed(self, value: Any, what: str) -> list[dict[str, Any]]:
        given = [] if value is None else value
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            raise self._fault(f"must be a list of {what}", "The documentation has an example.")
        if not given or len(given) > MOST_ITEMS:
            raise self._fault("is empty" if not given else "is too long", "Add at least one.")
        return given

    def _pairs(self, value: Any) -> list[dict[str, str]]:
        pairs = []
        for each in self._listed(value, "names"):
            old, new = each.get("from"), each.get("to")
            if not isinstance(old, str) or not isinstance(new, str) or not old or not new.strip():
                raise self._fault("lacks a name", "Give each column an old and a new name.")
            pairs.append({"from": old, "to": new.strip()})
        if len({pair["from"] for pair in pairs}) < len(pairs):
            raise self._fault("names a column twice", "Give each column one new name.")
        return pairs

    def _conditions(self, value: Any) -> list[dict[str, str]]:
        return [self._condition(each) for each in self._listed(value, "conditions")]

    def _condition(self, each: Mapping[str, Any]) -> dict[str, str]:
        word = each.get("operator")
        if word not in OPERATORS:
            raise self._fault(f"has the operator {word!r}", f"Known: {', '.join(OPERATORS)}.")
        if not isinstance(each.get("column"), str) or not each["column"]:
            raise self._fault("has no column", "Choose a column.")
        rule = {"column": each["column"], "operator": str(word)}
        other, text = each.get("other") or "", each.get("value")
        if other and word in _COMPARED:
            return rule | {"other": str(other)}
        if word in ("missing", "present"):
            return rule
        if text is None or (str(text) == "" and word not in ("is", "not")):
            raise self._fault("has no value to compare with", "Give one.")
        text = ("true" if text else "false") if isinstance(text, bool) else str(text)
        return rule | {"value": text[:MOST_TEXT]}

    def _data(self, value: Any) -> dict[str, str]:
        if not isinstance(value, Mapping) or not str(value.get("name") or ""):
            raise self._fault("is not chosen", "Choose a data asset.")
        return {key: str(value.get(key) or "") for key in ("name", "version", "file")}

    def _fault(self, text: str, hint: str) -> StudioError:
        return StudioError(f"{self.label} {text}.", where=self.name, hint=hint)
