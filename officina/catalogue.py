"""The catalogue: what every designer module and component takes, gives and may be told.

Nothing here imports pandas, scikit-learn or pickle, so that a web process may list, check and
draw modules without ever being able to run one. `BUILT_IN` names where each declaration lives.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from officina.errors import StudioError
from officina.parameters import Param, param_from_spec, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from officina.modules.context import Context

    RunFunction = Callable[[Context], None]

__all__ = ["BUILT_IN", "Catalogue", "Component", "Param", "Port", "module"]

# Add a built-in module here: name -> "where it is declared:function of the same name".
BUILT_IN = {
    "enter_data_manually": "officina.modules.data:enter_data_manually",
    "import_data": "officina.modules.data:import_data",
    "select_columns": "officina.modules.transform:select_columns",
    "clean_missing_data": "officina.modules.transform:clean_missing_data",
    "edit_metadata": "officina.modules.transform:edit_metadata",
    "split_data": "officina.modules.transform:split_data",
    "linear_regression": "officina.modules.learners:linear_regression",
    "boosted_decision_tree_regression": (
        "officina.modules.learners:boosted_decision_tree_regression"
    ),
    "two_class_logistic_regression": "officina.modules.learners:two_class_logistic_regression",
    "train_model": "officina.modules.train:train_model",
    "score_model": "officina.modules.score:score_model",
    "evaluate_model": "officina.modules.evaluate:evaluate_model",
}

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
                errors.append(_unknown(name, known, f"{self.name} has no parameter", where=name))
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

    def describe(self, params: Mapping[str, Any]) -> str:
        """Return the one line that the node shows, made from the `summary` template."""
        values = {param.name: params.get(param.name, param.default) for param in self.params}
        return re.sub(r"{(\w+)}", lambda match: text_of(values.get(match[1])), self.summary).strip()

    def reusable(self, params: Mapping[str, Any]) -> bool:
        """Say whether an earlier result for the same inputs may stand in for a new run."""
        return self.deterministic and params.get("regenerate_output") not in (True, "true")

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
            if entry.get("type") in PORT_TYPES:
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


class Catalogue:
    """The components that can be placed on a canvas: the built-in ones and any added to them."""

    def __init__(
        self, components: Iterable[Component] = (), *, built_in: Mapping[str, str] | None = None
    ) -> None:
        self._built_in = dict(BUILT_IN if built_in is None else built_in)
        self._own: dict[tuple[str, str], Component] = {}
        for component in components:
            self._add(component)

    def extended(self, components: Iterable[Component]) -> Catalogue:
        """Return a new catalogue with these components as well; a taken name and version fails."""
        return Catalogue((*self._own.values(), *components), built_in=self._built_in)

    def get(self, name: str, version: str | None = None) -> Component:
        """Return a component by name, the newest version unless one is given.

        Raises StudioError "not_found" that names the nearest known ones.
        """
        found = self._versions(name) or self._successors(name)
        if not found:
            known = sorted({*self._built_in, *(key[0] for key in self._own)})
            raise _unknown(name, known, "There is no component", where="component")
        if version is None:
            return max(found, key=lambda component: _version_key(component.version))
        for component in found:
            if component.version == str(version):
                return component
        held = ", ".join(component.version for component in found)
        raise StudioError(
            f"Component {name} has no version {version}.",
            where="component",
            hint=f"Known versions: {held}.",
            code="not_found",
        )

    def all(self) -> list[Component]:
        """Return every component, ordered by category and title."""
        built_in = [load_built_in(path) for path in self._built_in.values()]
        return sorted(
            (*built_in, *self._own.values()),
            key=lambda item: (item.category, item.title, _version_key(item.version)),
        )

    def __contains__(self, name: object) -> bool:
        return name in self._built_in or any(key[0] == name for key in self._own)

    def _add(self, component: Component) -> None:
        key = (component.name, component.version)
        if component.name in self._built_in or key in self._own:
            raise StudioError(
                f"Component {component.name} version {component.version} is already there.",
                where="name",
                hint="Choose another name or raise the version.",
                code="conflict",
            )
        self._own[key] = component

    def _versions(self, name: str) -> list[Component]:
        if name in self._built_in:
            return [load_built_in(self._built_in[name])]
        return [component for key, component in self._own.items() if key[0] == name]

    def _successors(self, name: str) -> list[Component]:
        return [component for component in self.all() if name in component.replaces]


def module(
    *,
    name: str,
    version: str = "1",
    title: str,
    category: str,
    inputs: Iterable[Port] = (),
    outputs: Iterable[Port] = (),
    params: Iterable[Param] = (),
    summary: str = "",
    doc: str = "",
    deterministic: bool = True,
    replaces: Iterable[str] = (),
) -> Callable[[RunFunction], RunFunction]:
    """Declare the function below as a designer module; it is found through `BUILT_IN`.

    The file that uses it must stay light: import pandas and the like through `officina.lazy`.
    """
    component = Component(
        name=name,
        version=version,
        title=title,
        category=category,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        params=tuple(params),
        summary=summary,
        doc=doc,
        deterministic=deterministic,
        replaces=tuple(replaces),
    )

    def declare(run: RunFunction) -> RunFunction:
        run.component = replace(component, run=run)  # type: ignore[attr-defined]
        return run

    return declare


@functools.cache
def load_built_in(path: str) -> Component:
    """Import one declaration by its dotted path, `package.file:function`."""
    where, _, name = path.partition(":")
    component: Component = getattr(importlib.import_module(where), name).component
    return component


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
        raise _unknown(str(kind), PORT_TYPES, "There is no port type", where=f"{part}.{key}")
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
    raise _unknown(name, [item.name for item in items], text, where=name)


def _unknown(name: str, known: Iterable[str], text: str, *, where: str) -> StudioError:
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
    code = "not_found" if where == "component" else "invalid"
    return StudioError(f'{text} "{name}".', where=where, hint=hint, code=code)


def _version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    return tuple(
        (1, int(part), "") if part.isdigit() else (0, 0, part)
        for part in re.split(r"[.\-+]", version)
    )
