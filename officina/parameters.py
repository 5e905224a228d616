"""Parameters of a component: their types, limits and defaults, and how a given value is cleaned."""

from __future__ import annotations

import difflib
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from officina.errors import StudioError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TYPES = ("string", "integer", "number", "boolean", "enum", "columns", "code", "asset")
RULE_KINDS = ("all", "names", "range", "type", "role")


@dataclass(frozen=True)
class Param:
    """One field of a component's property form.

    A blank value of an `optional` parameter means "not set" (None). `visible_when` maps another
    parameter to the value, or list of values, for which this one is shown and needed. A parameter
    of type "asset" names registered data: `asset` is the type of input that the step then gets.
    `port` is the input whose columns a column selector picks from; "" = the first table.
    """

    name: str
    type: str = "string"
    label: str = ""
    default: Any = None
    min: float | None = None
    max: float | None = None
    enum: tuple[Any, ...] = ()
    optional: bool = False
    help: str = ""
    visible_when: Mapping[str, Any] | None = None
    single: bool = False
    asset: str = ""
    port: str = ""

    def clean(self, value: Any) -> Any:
        """Return the value with this parameter's type, or raise a StudioError that names it."""
        if value is None or (isinstance(value, str) and value.strip() == "" and self.blank):
            return self.clean_default(required=True) if not self.optional else None
        cleaned = _CLEANERS[self.type](self, value)
        if self.enum and self.type != "enum" and cleaned not in self.enum:
            raise self._not_listed(value)
        return cleaned

    def clean_default(self, *, required: bool) -> Any:
        """Return the default; a required parameter without one is an error."""
        if self.default is None and required and not self.optional:
            raise self.error(f"{self.title} is empty.", "Fill it in.", number="0003")
        return self.default

    def is_visible(self, params: Mapping[str, Any]) -> bool:
        """Say whether the form shows this field, given the fields above it."""
        for name, wanted in (self.visible_when or {}).items():
            allowed = wanted if isinstance(wanted, list | tuple) else [wanted]
            if params.get(name) not in allowed:
                return False
        return True

    @property
    def title(self) -> str:
        """The label that people see."""
        return self.label or self.name

    @property
    def blank(self) -> bool:
        """Whether an empty text means "nothing given" for this type."""
        return self.type not in ("string", "code") or self.optional or self.default is None

    def error(self, text: str, hint: str, *, number: str = "0002") -> StudioError:
        """Make the error of this field; `number` is one of the documented error numbers."""
        return StudioError(f"Error {number}: {text}", where=self.name, hint=hint)

    def to_spec(self) -> dict[str, Any]:
        """Return the parameter as an entry of a component spec's `inputs`."""
        kind = {"enum": "string", "asset": self.asset}.get(self.type, self.type)
        spec: dict[str, Any] = {"type": kind}
        pairs = {
            "label": self.label,
            "default": self.default,
            "min": self.min,
            "max": self.max,
            "enum": list(self.enum),
            "optional": self.optional,
            "description": self.help,
            "visible_when": dict(self.visible_when or {}),
            "single": self.single,
            "asset": self.type == "asset",
            "port": self.port,
        }
        kept = {
            key: value
            for key, value in pairs.items()
            if value is not None and value is not False and value not in ("", [], {})
        }
        if self.default is not None:
            kept["default"] = self.default
        return spec | kept

    def _not_listed(self, value: Any) -> StudioError:
        listed = [str(item) for item in self.enum]
        near = difflib.get_close_matches(str(value), listed, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Choose one of {', '.join(listed)}."
        return self.error(f"{self.title} cannot be {value!r}.", hint)


def param_from_spec(key: str, entry: Mapping[str, Any], port_types: Iterable[str] = ()) -> Param:
    """Build a parameter from its entry in a component spec."""
    kind = entry.get("type", "string")
    kind = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}.get(kind, kind)
    asset = str(kind) if entry.get("asset") else ""
    kind = "asset" if asset else kind
    if kind not in TYPES:
        known = [*TYPES, *port_types]
        near = difflib.get_close_matches(str(kind), known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known types: {', '.join(known)}."
        raise StudioError(
            f'There is no input type "{kind}".', where=f"inputs.{key}.type", hint=hint
        )
    listed = tuple(entry.get("enum") or ())
    if listed and kind == "string":
        kind = "enum"
    param = Param(
        key,
        kind,
        label=str(entry.get("label") or ""),
        min=_limit(entry.get("min")),
        max=_limit(entry.get("max")),
        enum=listed,
        optional=bool(entry.get("optional", False)),
        help=str(entry.get("description") or ""),
        visible_when=entry.get("visible_when") or None,
        single=bool(entry.get("single", False)),
        asset=asset,
        port=str(entry.get("port") or ""),
    )
    default = entry.get("default")
    if default is None:
        return param
    cleaned = default if isinstance(default, str) and "${{" in default else param.clean(default)
    return Param(**{**param.__dict__, "default": cleaned})


def text_of(value: Any) -> str:
    """Write a parameter's value in words, short enough for a node on the canvas."""
    if value is None:
        return "blank"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, dict) and isinstance(value.get("rules"), list):
        return ", ".join(_rule_text(rule) for rule in value["rules"])
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    line = " ".join(str(value).replace("_", " ").split())
    return line if len(line) <= 60 else line[:59] + "…"


def _rule_text(rule: Mapping[str, Any]) -> str:
    value = rule.get("value")
    listed = ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
    text = {
        "all": "all columns",
        "names": listed,
        "range": f"columns {listed}",
        "type": f"{listed} columns",
        "role": f"{listed} columns",
    }[str(rule.get("by"))]
    return text if rule.get("include", True) else f"not {text}"


def _limit(value: Any) -> float | None:
    return None if value is None else float(value)


def _clean_text(param: Param, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise param.error(f"{param.title} must be text.", "Give a single text value.")
    return str(value)


def _clean_asset(param: Param, value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text or (text.startswith("azureml:") and len(text) < 9):
        hint = "Choose it from the palette, or write azureml:name:version."
        raise param.error(f"{param.title} is no registered asset: {value!r}.", hint)
    return text


def _clean_enum(param: Param, value: Any) -> Any:
    for item in param.enum:
        if item == value or str(item) == str(value):
            return item
    raise param._not_listed(value)


def _clean_boolean(param: Param, value: Any) -> bool:
    text = str(value).strip().lower()
    if text in ("true", "1", "on", "yes"):
        return True
    if text in ("false", "0", "off", "no"):
        return False
    raise param.error(f"{param.title} cannot be {value!r}.", "Give true or false.")


def _clean_number(param: Param, value: Any) -> float:
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise param.error(f"{param.title} must be a number, not {value!r}.", "Give a number.")
    return _within(param, number)


def _clean_integer(param: Param, value: Any) -> int:
    if isinstance(value, str) and value.strip().lstrip("+-").isdigit():
        return int(_within(param, int(value)))  # big integers must not pass through float
    if isinstance(value, int) and not isinstance(value, bool):
        return int(_within(param, value))
    number = _clean_number(param, value)
    if number != int(number):
        raise param.error(f"{param.title} must be whole, not {value!r}.", "Give a whole number.")
    return int(number)


def _within(param: Param, number: float) -> float:
    if param.min is not None and number < param.min:
        hint = f"Give at least {param.min:g}."
        raise param.error(f"{param.title} is {number:g}.", hint, number="0005")
    if param.max is not None and number > param.max:
        hint = f"Give at most {param.max:g}."
        raise param.error(f"{param.title} is {number:g}.", hint, number="0006")
    return number


def _clean_columns(param: Param, value: Any) -> dict[str, Any]:
    """Return the selector in its full form; a name or list of names is short for one rule."""
    if isinstance(value, str):
        value = _selector_of(value)
    if isinstance(value, list):
        value = {"rules": [{"include": True, "by": "names", "value": value}]}
    rules = value.get("rules") if isinstance(value, dict) else None
    if not isinstance(rules, list) or not rules:
        hint = 'For example {"rules": [{"include": true, "by": "names", "value": ["age"]}]}.'
        raise param.error(f"{param.title} selects no columns.", hint, number="0011")
    return {"rules": [_clean_rule(param, rule) for rule in rules]}


def _selector_of(text: str) -> Any:
    """Return a selector that YAML carries as JSON text; any other text is one column's name."""
    if text.lstrip().startswith(("{", "[")):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return [text]
    return [text]


def _clean_rule(param: Param, rule: Any) -> dict[str, Any]:
    kind = rule.get("by") if isinstance(rule, dict) else None
    if kind not in RULE_KINDS:
        hint = f"Choose one of {', '.join(RULE_KINDS)}."
        raise param.error(f"{param.title} has a rule by {kind!r}.", hint)
    cleaned: dict[str, Any] = {"include": rule.get("include", True) is not False, "by": kind}
    if kind == "all":
        return cleaned
    value = rule.get("value")
    if kind == "range":
        if not isinstance(value, str) or not value.strip():
            raise param.error(f"{param.title} has an empty range.", "For example 1-4,6.")
        return cleaned | {"value": value}
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        hint = "List at least one."
        raise param.error(f"{param.title} has a rule by {kind} without a value.", hint)
    return cleaned | {"value": names}


_CLEANERS = {
    "string": _clean_text,
    "code": _clean_text,
    "integer": _clean_integer,
    "number": _clean_number,
    "boolean": _clean_boolean,
    "enum": _clean_enum,
    "columns": _clean_columns,
    "asset": _clean_asset,
}
