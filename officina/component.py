"""What one component is: its typed ports and parameters, and the document that says the same."""

from __future__ import annotations

import difflib
import functools
import importlib.util
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from officina.errors import StudioError
from officina.parameters import Param, param_from_spec, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from officina.columns.schema import Rule
    from officina.modules.context import Context

    RunFunction = Callable[[Context], None]

MODULE_PORT_TYPES = (
    "dataset",
    "untrained_model",
    "trained_model",
    "transform",
    "metrics",
    "images",
    "any",
)
COMMAND_PORT_TYPES = (
    "uri_folder",
    "uri_file",
    "mltable",
    "mlflow_model",
    "custom_model",
    "triton_model",
)
PORT_TYPES = MODULE_PORT_TYPES + COMMAND_PORT_TYPES


@dataclass(frozen=True, slots=True)
class Port:
    """One place where a module takes or gives a folder of a known type."""

    name: str
    type: str
    label: str = ""
    optional: bool = False
    help: str = ""

    def to_spec(self) -> dict[str, Any]:
        """Return the port as an entry of a component spec's `inputs` or `outputs`."""
        spec: dict[str, Any] = {"type": self.type}
        if self.label:
            spec["label"] = self.label
        if self.optional:
            spec["optional"] = True
        if self.help:
            spec["description"] = self.help
        return spec


@dataclass(frozen=True)
class Component:
    """A named, versioned step that can stand on the canvas: a built-in module or a team's own."""

    name: str
    version: str = "1"
    title: str = ""
    category: str = "Custom"
    type: str = "module"
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    params: tuple[Param, ...] = ()
    summary: str = ""
    doc: str = ""
    deterministic: bool = True
    run: RunFunction | None = field(default=None, compare=False, repr=False)
    replaces: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    schema: Rule | None = field(default=None, compare=False, repr=False)
    requires: tuple[str, ...] = field(default=(), compare=False)
    install: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        names = [port.name for port in self.inputs] + [param.name for param in self.params]
        for group in (names, [port.name for port in self.outputs]):
            if doubled := sorted({name for name in group if group.count(name) > 1}):
                raise StudioError(
                    f"Component {self.name} declares {', '.join(doubled)} twice.",
                    where=self.name,
                    hint="Give each input, parameter and output its own name.",
                )

    def input(self, name: str) -> Port:
        """Return the input port of that name; an unknown one is refused with the known ones."""
        return _named(self.inputs, name, f"{self.name} has no input port")

    def output(self, name: str) -> Port:
        """Return the output port of that name; an unknown one is refused with the known ones."""
        return _named(self.outputs, name, f"{self.name} has no output port")

    def param(self, name: str) -> Param:
        """Return the parameter of that name; an unknown one is refused with the known ones."""
        return _named(self.params, name, f"{self.name} has no parameter")

    def problems(
        self, params: Mapping[str, Any], *, allow_expressions: bool = False
    ) -> list[StudioError]:
        """List everything wrong with these parameters, one error per field, `where` = its name."""
        return self._examine(params, allow_expressions)[1]

    def clean(
        self, params: Mapping[str, Any], *, allow_expressions: bool = False
    ) -> dict[str, Any]:
        """Return every parameter with its proper type, defaults filled in; raise the first fault.

        With `allow_expressions`, values such as `${{parent.inputs.x}}` pass as they are.
        """
        cleaned, errors = self._examine(params, allow_expressions)
        if errors:
            raise errors[0]
        return cleaned

    def _examine(
        self, params: Mapping[str, Any], allow_expressions: bool
    ) -> tuple[dict[str, Any], list[StudioError]]:
        errors: list[StudioError] = []
        known = [param.name for param in self.params]
        for name in params:
            if name not in known:
                errors.append(
                    unknown_name(name, known, f"{self.name} has no parameter", where=name)
                )
        cleaned: dict[str, Any] = {}
        for param in self.params:
            given = param.name in params
            value = params.get(param.name)
            if given and allow_expressions and isinstance(value, str) and "${{" in value:
                cleaned[param.name] = value
                continue
            shown = param.is_visible(cleaned)
            try:
                cleaned[param.name] = (
                    param.clean(value) if given else param.clean_default(required=shown)
                )
            except StudioError as error:
                cleaned[param.name] = param.default
                if shown:  # what the form hides cannot be mended there, and is not used
                    errors.append(error)
        return cleaned, errors

    def settled(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return every parameter typed, with its default where what is given is at fault."""
        return self._examine(params, True)[0]

    @property
    def purpose(self) -> str:
        """The first sentence of the description: what lists say of the component."""
        return re.split(r"(?<=[.!?])\s", self.doc.strip(), maxsplit=1)[0]

    def describe(self, params: Mapping[str, Any]) -> str:
        """Return the one line that the node shows, made from the `summary` template."""
        values = {param.name: params.get(param.name, param.default) for param in self.params}
        return re.sub(r"{(\w+)}", lambda match: text_of(values.get(match[1])), self.summary).strip()

    def reusable(self, params: Mapping[str, Any]) -> bool:
        """Say whether an earlier result for the same inputs may stand in for a new run."""
        return self.deterministic and params.get("regenerate_output") not in (True, "true")

    def unavailable(self) -> str:
        """Return in words what is missing here and how to install it; "" when nothing is."""
        missing = [name for name in self.requires if not _importable(name)]
        if not missing:
            return ""
        how = self.install or f"Install: pip install {' '.join(missing)}"
        return f"{self.title or self.name} needs {', '.join(missing)}, not installed here. {how}"

    def to_spec(self) -> dict[str, Any]:
        """Return the component as its YAML/JSON document; `from_spec` reads it back."""
        spec: dict[str, Any] = dict(self.extra)
        spec |= {
            "name": self.name,
            "version": self.version,
            "type": self.type,
            "display_name": self.title or self.name,
            "description": self.doc,
            "inputs": {port.name: port.to_spec() for port in self.inputs}
            | {param.name: param.to_spec() for param in self.params},
            "outputs": {port.name: port.to_spec() for port in self.outputs},
            "is_deterministic": self.deterministic,
        }
        if self.type == "module":
            spec |= {"category": self.category, "summary": self.summary}
        return spec

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Component:
        """Build a component from its document: data inputs become ports, literals parameters."""
        name = spec.get("name")
        if not isinstance(name, str) or not name:
            raise StudioError(
                "The component has no name.", where="name", hint="Add `name: my_component`."
            )
        inputs: list[Port] = []
        params: list[Param] = []
        for key, entry in _entries(spec, "inputs"):
            if entry.get("type") in PORT_TYPES and not entry.get("asset"):
                inputs.append(_port(key, entry))
            else:
                params.append(param_from_spec(key, entry, PORT_TYPES))
        outputs = tuple(_port(key, entry, "outputs") for key, entry in _entries(spec, "outputs"))
        return cls(
            name=name,
            version=str(spec.get("version") or "1"),
            title=str(spec.get("display_name") or name),
            category=str(spec.get("category") or "Custom"),
            type=str(spec.get("type") or "command"),
            inputs=tuple(inputs),
            outputs=outputs,
            params=tuple(params),
            summary=str(spec.get("summary") or ""),
            doc=str(spec.get("description") or ""),
            deterministic=bool(spec.get("is_deterministic", True)),
            extra={key: value for key, value in spec.items() if key not in _SPEC_KEYS},
        )


_SPEC_KEYS = frozenset(
    (
        "name",
        "version",
        "type",
        "display_name",
        "description",
        "inputs",
        "outputs",
        "is_deterministic",
        "category",
        "summary",
    )
)


Named = TypeVar("Named", Port, Param)


@functools.cache
def _importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _entries(spec: Mapping[str, Any], part: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    for key, entry in (spec.get(part) or {}).items():
        if not isinstance(entry, dict):
            raise StudioError(
                f"`{part}.{key}` must be a mapping with a `type`.",
                where=f"{part}.{key}",
                hint="For example: {type: uri_folder}.",
            )
        yield key, entry


def _port(key: str, entry: Mapping[str, Any], part: str = "inputs") -> Port:
    kind = entry.get("type")
    if kind not in PORT_TYPES:
        raise unknown_name(str(kind), PORT_TYPES, "There is no port type", where=f"{part}.{key}")
    return Port(
        key,
        str(kind),
        label=str(entry.get("label") or ""),
        optional=bool(entry.get("optional", False)),
        help=str(entry.get("description") or ""),
    )


def _named(items: tuple[Named, ...], name: str, text: str) -> Named:
    for item in items:
        if item.name == name:
            return item
    raise unknown_name(name, [item.name for item in items], text, where=name)


def unknown_name(name: str, known: Iterable[str], text: str, *, where: str) -> StudioError:
    """Make the error for a name that is not known, with the nearest ones or all of them."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
    code = "not_found" if where == "component" else "invalid"
    return StudioError(f'{text} "{name}".', where=where, hint=hint, code=code)
