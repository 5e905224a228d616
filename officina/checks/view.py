"""What every check looks at: one view, made from a designer's graph or a pipeline document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from officina.catalogue import Component
from officina.documents.nesting import is_nested
from officina.errors import StudioError
from officina.graph import CatalogueLike, Graph, component_name
from officina.planning import bound_outputs, steps_of


@dataclass(frozen=True)
class Wire:
    """A connection as the checks see it."""

    source: str
    output: str
    target: str
    input: str


@dataclass(frozen=True)
class Step:
    """A node or a pipeline step with its component, when that is known."""

    id: str
    component: Any
    fault: StudioError | None
    literals: Mapping[str, Any]
    given: frozenset[str]  # every input that is mentioned at all
    outputs: frozenset[str]
    after: tuple[str, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    texts: tuple[tuple[str, str], ...] = ()  # (place, text) where expressions may stand


@dataclass(frozen=True)
class View:
    """What every check looks at, made from a graph or from a document."""

    steps: tuple[Step, ...]
    wires: tuple[Wire, ...]
    inputs: Mapping[str, Any]  # pipeline inputs: value, or None when not given
    input_types: Mapping[str, str] = field(default_factory=dict)
    outputs: frozenset[str] = frozenset()
    declares_outputs: bool = False

    def step(self, id: str) -> Step | None:
        return self.by_id.get(id)

    @property
    def by_id(self) -> dict[str, Step]:
        cached = self.__dict__.get("_index")
        if cached is None:
            cached = {step.id: step for step in self.steps}
            object.__setattr__(self, "_index", cached)
        return cached


def view_of_graph(graph: Graph, catalogue: CatalogueLike) -> View:
    steps = []
    wired: dict[str, set[str]] = {}
    for edge in graph.edges:
        wired.setdefault(edge.target, set()).add(edge.target_port)
    for node in graph.nodes:
        component, fault = _found(partial(catalogue.get, node.component, node.version))
        steps.append(
            Step(
                node.id,
                component,
                fault,
                dict(node.params),
                frozenset({*node.params, *wired.get(node.id, ())}),
                frozenset(port.name for port in component.outputs) if component else frozenset(),
                addresses=dict.fromkeys(wired.get(node.id, ()), ""),
                texts=tuple(
                    (k, v) for k, v in node.params.items() if isinstance(v, str) and "${{" in v
                ),
            )
        )
    wires = tuple(Wire(e.source, e.source_port, e.target, e.target_port) for e in graph.edges)
    inputs = {name: entry.get("default") for name, entry in graph.parameters.items()}
    return View(tuple(steps), wires, inputs)


def view_of_document(document: Mapping[str, Any], catalogue: CatalogueLike) -> View:
    steps, wires = [], []
    nodes = steps_of(document) if is_nested(document) else document.get("jobs") or {}
    for id, node in nodes.items():
        entries = node.get("inputs") or {}
        component, fault = _component(node.get("component"), id, catalogue)
        literals, addresses, texts = {}, {}, []
        for name, entry in entries.items():
            for source, output in bound_outputs(entry):
                wires.append(Wire(source, output, id, name))
            if entry.get("jobInputType") == "literal":
                literals[name] = entry.get("value")
            else:
                addresses[name] = entry.get("uri")
            text = entry.get("value", entry.get("uri"))
            if isinstance(text, str) and "${{" in text:
                texts.append((name, text))
        outputs = set(node.get("outputs") or {})
        if component is not None:
            outputs |= {port.name for port in component.outputs}
        for name, entry in (node.get("outputs") or {}).items():
            if "${{" in str(entry.get("uri") or ""):
                texts.append((name, str(entry["uri"])))
        given = frozenset(
            name for name in entries if literals.get(name) is not None or addresses.get(name)
        )
        steps.append(
            Step(
                id,
                component,
                fault,
                literals,
                given,
                frozenset(outputs),
                tuple(node.get("dependsOn") or ()),
                addresses,
                tuple(texts),
            )
        )
    inputs = {
        name: entry.get("value") if entry.get("jobInputType") == "literal" else entry.get("uri")
        for name, entry in (document.get("inputs") or {}).items()
    }
    return View(
        tuple(steps),
        tuple(wires),
        inputs,
        outputs=frozenset(document.get("outputs") or {}),
        declares_outputs=True,
    )


def _component(component: Any, id: str, catalogue: CatalogueLike) -> tuple[Any, StudioError | None]:
    if isinstance(component, Mapping):
        return _found(lambda: Component.from_spec({"name": id, **component}))
    name, version = component_name(component, id)
    versioned = isinstance(component, str) and (
        "/versions/" in component or component.count(":") == 2
    )
    return _found(lambda: catalogue.get(name, version if versioned else None))


def _found(get: Callable[[], Any]) -> tuple[Any, StudioError | None]:
    try:
        return get(), None
    except StudioError as error:
        return None, error
