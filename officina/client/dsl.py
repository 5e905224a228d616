"""Pipelines as Python functions: what is called inside becomes a step, under its variable's name.

@pipeline(default_compute="cpu-cluster")
def taxi(raw, ratio=0.2):
    prep = prepare(data=raw, ratio=ratio)
    train = fit(data=prep.outputs.clean)
    return {"model": train.outputs.model}
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from officina.client.entities import Entity, absolute, read_file, without_nothing
from officina.errors import StudioError

_building: list[dict[int, Node]] = []


class Binding:
    """A value that is known when the pipeline runs."""

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text

    def __str__(self) -> str:
        return f"${{{{{self._text()}}}}}"


class Ports(dict[str, Any]):
    """The inputs or outputs of a step, as attributes too."""

    def __init__(self, node: Node, group: str, given: Mapping[str, Any]) -> None:
        super().__init__(given)
        self.__dict__["_node"], self.__dict__["_group"] = node, group

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __missing__(self, name: str) -> Any:
        node = self._node
        if self._group == "outputs" and name in node.declared("outputs", name):
            return Binding(lambda: f"parent.jobs.{node.step}.outputs.{name}")
        known = ", ".join(node.declared(self._group, "")) or "none"
        raise StudioError(
            f"The step has no {self._group[:-1]} {name!r}.", hint=f"It has: {known}.", where=name
        )


class Node(Entity):
    """A step: settings such as `compute`, `limits` and `environment_variables` may be set on it."""

    def __init__(self, document: Mapping[str, Any], spec: Mapping[str, Any], given: Any) -> None:
        super().__init__(document)
        object.__setattr__(self, "spec", spec)
        object.__setattr__(self, "step", "")
        object.__setattr__(self, "inputs", Ports(self, "inputs", given))
        object.__setattr__(self, "outputs", Ports(self, "outputs", {}))
        if _building:
            _building[-1][id(self)] = self

    def declared(self, group: str, name: str) -> list[str]:
        """Return the names of a group; a reference to a registered component may have any."""
        spec: Mapping[str, Any] = object.__getattribute__(self, "spec")
        return list(spec.get(group) or {}) if spec else [name]

    def as_step(self) -> dict[str, Any]:
        """Return the step as the YAML has it."""
        step = dict(self)
        inputs = {name: _plain(value) for name, value in self.inputs.items() if value is not None}
        if inputs:
            step["inputs"] = inputs
        if self.outputs:
            step["outputs"] = {name: _plain(value) for name, value in self.outputs.items()}
        return step


def _plain(value: Any) -> Any:
    if isinstance(value, Binding):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return absolute(value) if isinstance(value, Path) else value


class Component:
    """Something that can be a step: called inside a pipeline it becomes one."""

    def __init__(self, reference: Any, spec: Mapping[str, Any]) -> None:
        self.reference, self.spec = reference, spec
        self.name = str(spec.get("name") or "step")

    def __call__(self, **inputs: Any) -> Node:
        declared = self.spec.get("inputs")
        unknown = [name for name in inputs if self.spec and name not in (declared or {})]
        if unknown:
            raise StudioError(
                f"{self.name} has no input {unknown[0]!r}.",
                hint=f"It has: {', '.join(declared or {}) or 'none'}.",
                where=unknown[0],
            )
        kind = "pipeline" if self.spec.get("type") == "pipeline" else "command"
        return Node({"type": kind, "component": self.reference}, self.spec, inputs)


def load_component(source: str | Path | None = None, *, reference: str = "") -> Component:
    """Return the component of a YAML file, or a registered one by `azureml:name:version`."""
    if reference or source is None:
        return Component(reference, {})
    spec, path = read_file(source)
    return Component(str(path), spec)


class Command(Entity):
    """A command job; called inside a pipeline it becomes a step of it."""

    def __call__(self, **inputs: Any) -> Node:
        spec = {"name": self.get("name", "step"), "inputs": self.get("inputs") or {}}
        spec["outputs"] = self.get("outputs") or {}
        given = {**spec["inputs"], **inputs}
        rest = {key: item for key, item in self.items() if key not in ("inputs", "outputs", "name")}
        node = Node({"type": "command", **rest}, spec, given)
        for name, output in spec["outputs"].items():
            node["outputs"] = {**(node.get("outputs") or {}), name: dict(output or {})}
        return node


def command(*, command: str, code: Any = None, environment: Any = None, **more: Any) -> Command:
    """Return a command job, in the words of the YAML."""
    if isinstance(environment, Mapping):
        environment = dict(environment)
    return Command(
        type="command", command=command,
        **without_nothing(code=absolute(code), environment=environment, **more),
    )  # fmt: skip


class PipelineJob(Entity):
    """A pipeline ready to be submitted; inside another pipeline it is a step of that."""


def pipeline(function: Callable[..., Any] | None = None, **settings: Any) -> Any:
    """Make a pipeline of a function; `settings` are the YAML's heads and pipeline settings."""
    if function is None:
        return lambda inner: pipeline(inner, **settings)
    signature = inspect.signature(function)

    @functools.wraps(function)
    def build(*args: Any, **given: Any) -> Any:
        bound = signature.bind(*args, **given)
        bound.apply_defaults()
        values = dict(bound.arguments)
        body, types = _body(function, values, settings)
        if not _building:
            given_now = {name: _plain(v) for name, v in values.items() if v is not None}
            body["inputs"] = given_now
            return PipelineJob(body)
        spec: dict[str, Any] = {
            **{key: body[key] for key in ("jobs", "outputs", "settings") if key in body},
            "type": "pipeline",
            "name": function.__name__,
            "inputs": {
                name: {"type": types.get(name) or _type_of(value)} for name, value in values.items()
            },
        }
        return Component(spec, spec)(**values)

    return build


_HEADS = ("display_name", "description", "experiment_name", "tags", "name", "compute")


def _body(
    function: Callable[..., Any], values: Mapping[str, Any], settings: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the pipeline's document, and the types that its steps expect of its inputs."""
    inputs = {name: None if value is None else _input(name) for name, value in values.items()}
    _building.append({})
    try:
        returned, found = _called(function, inputs)
        nodes = _building[-1]
    finally:
        _building.pop()
    _name(nodes, found)
    outputs = {}
    for name, binding in (returned or {}).items():
        outputs[name] = _bind_output(nodes, name, binding)
    rest = {key: value for key, value in settings.items() if key not in _HEADS}
    body = {
        "type": "pipeline",
        **{key: settings[key] for key in _HEADS if settings.get(key) is not None},
        "display_name": settings.get("display_name") or function.__name__,
        **({"settings": rest} if rest else {}),
        "outputs": outputs,
        "jobs": {node.step: node.as_step() for node in nodes.values()},
    }
    return body, _types_of_inputs(nodes)


def _types_of_inputs(nodes: Mapping[int, Node]) -> dict[str, str]:
    types = {}
    for node in nodes.values():
        for port, value in node.inputs.items():
            parts = str(value).strip("${}").split(".")
            declared = (node.spec.get("inputs") or {}).get(port)
            if parts[:2] == ["parent", "inputs"] and isinstance(declared, Mapping):
                types[parts[2]] = str(declared.get("type", "uri_folder"))
    return types


def _input(name: str) -> Binding:
    return Binding(lambda: f"parent.inputs.{name}")


def _called(function: Callable[..., Any], inputs: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Call the function and return what it gave and its local variables at that moment."""
    found: dict[str, Any] = {}
    code = function.__code__
    before = sys.getprofile()

    def watch(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "return" and frame.f_code is code:
            found.update(frame.f_locals)

    sys.setprofile(watch)
    try:
        return function(**inputs), found
    finally:
        sys.setprofile(before)


def _name(nodes: Mapping[int, Node], variables: Mapping[str, Any]) -> None:
    """Name each step after its variable; one without gets its component's name and a number."""
    names = {id(value): name for name, value in variables.items() if isinstance(value, Node)}
    taken = set(names.values())
    for key, node in nodes.items():
        name = names.get(key, "")
        if not name:
            base = str(node.spec.get("name") or "step")
            name, number = base, 1
            while name in taken:
                name, number = f"{base}_{number}", number + 1
            taken.add(name)
        object.__setattr__(node, "step", name)


def _bind_output(nodes: Mapping[int, Node], name: str, binding: Any) -> dict[str, Any]:
    parts = str(binding).strip("${}").split(".")
    node = next((each for each in nodes.values() if parts[2:3] == [each.step]), None)
    if node is None or parts[:2] != ["parent", "jobs"]:
        raise StudioError(
            "A pipeline returns outputs of its steps.",
            hint="Return {'model': step.outputs.model}.",
            where=name,
        )
    port = parts[-1]
    node.outputs[port] = f"${{{{parent.outputs.{name}}}}}"
    declared = (node.spec.get("outputs") or {}).get(port) or {}
    return {"type": declared.get("type", "uri_folder")} if isinstance(declared, Mapping) else {}


def _type_of(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value.get("type", "uri_folder"))
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "integer" if isinstance(value, int) else "number"
    return "uri_folder" if isinstance(value, Binding) else "string"
