"""The checks, each a small function over the view; `CHECKS` is their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from officina.checks.problem import Problem
from officina.checks.view import Step, View
from officina.documents.expressions import EXPRESSION
from officina.documents.vocabulary import FILE_TYPES
from officina.graph import find_cycle

TYPE_NAMES = {
    "dataset": "Dataset",
    "untrained_model": "Untrained model",
    "trained_model": "Model",
    "transform": "Transform",
    "metrics": "Metrics",
    "images": "Images",
    "any": "Any folder",
    "uri_folder": "Folder",
    "uri_file": "File",
    "mltable": "MLTable",
    "mlflow_model": "MLflow model",
    "custom_model": "Custom model",
}


def no_steps(view: View) -> Iterator[Problem]:
    if not view.steps:
        yield Problem("empty_graph", "The pipeline has no steps.", hint="Add at least one module.")


def same_id_twice(view: View) -> Iterator[Problem]:
    seen: set[str] = set()
    for step in view.steps:
        if step.id in seen:
            yield Problem(
                "duplicate_id", f"The id '{step.id}' is used twice.", step.id, hint="Rename one."
            )
        seen.add(step.id)


def components_exist(view: View) -> Iterator[Problem]:
    for step in view.steps:
        if step.fault is not None:
            code = "unknown_component" if step.fault.code == "not_found" else "bad_component"
            yield Problem(code, step.fault.message, step.id, hint=step.fault.hint)


def steps_exist(view: View) -> Iterator[Problem]:
    """Connections and `dependsOn` must name steps that are there."""
    ids = [step.id for step in view.steps]
    for wire in view.wires:
        for name in (wire.source, wire.target):
            if view.step(name) is None:
                place = wire.input if name == wire.source else ""
                yield Problem(
                    "unknown_step",
                    f"There is no step '{name}'.",
                    wire.target,
                    place,
                    _near(name, ids),
                )
    for step in view.steps:
        for name in step.after:
            if view.step(name) is None:
                yield Problem(
                    "unknown_step",
                    f"There is no step '{name}'.",
                    step.id,
                    "dependsOn",
                    _near(name, ids),
                )


def outputs_exist(view: View) -> Iterator[Problem]:
    for wire in view.wires:
        source = view.step(wire.source)
        if source is None or source.fault is not None or wire.output in source.outputs:
            continue
        yield Problem(
            "unknown_output",
            f"'{wire.source}' has no output '{wire.output}'.",
            wire.target,
            wire.input,
            _near(wire.output, source.outputs),
        )


def inputs_exist(view: View) -> Iterator[Problem]:
    for step in view.steps:
        if step.component is None:
            continue
        ports = {port.name for port in step.component.inputs}
        params = {param.name for param in step.component.params}
        for name in sorted(step.given - ports - params):
            is_port = name in step.addresses
            code, what = (
                ("unknown_port", "input") if is_port else ("unknown_parameter", "parameter")
            )
            yield Problem(
                code,
                f"{_title(step)} has no {what} '{name}'.",
                step.id,
                name,
                _near(name, ports | params),
            )


def one_edge_to_an_input(view: View) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for wire in view.wires:
        key = (wire.target, wire.input)
        if key in seen:
            yield Problem(
                "double_edge",
                f"Two connections lead to the input '{wire.input}' of '{wire.target}'.",
                wire.target,
                wire.input,
                "Remove one of them.",
            )
        seen.add(key)


def required_inputs_are_given(view: View) -> Iterator[Problem]:
    for step in view.steps:
        if step.component is None:
            continue
        for port in step.component.inputs:
            if not port.optional and port.name not in step.given:
                yield Problem(
                    "missing_input",
                    f"{_title(step)} needs its input '{_label(port)}' ({_type(port.type)}).",
                    step.id,
                    port.name,
                    f"Connect a {_type(port.type)} to it.",
                )


def types_fit(view: View) -> Iterator[Problem]:
    for wire in view.wires:
        source, target = view.step(wire.source), view.step(wire.target)
        if source is None or target is None or source.component is None or target.component is None:
            continue
        gives = next(
            (port.type for port in source.component.outputs if port.name == wire.output), None
        )
        takes = next(
            (port.type for port in target.component.inputs if port.name == wire.input), None
        )
        if gives is None or takes is None or fits(gives, takes):
            continue
        yield Problem(
            "wrong_type",
            f"'{wire.source}.{wire.output}' is a {_type(gives)}, and "
            f"'{wire.target}.{wire.input}' takes a {_type(takes)}: "
            f"a {_type(gives)} cannot feed a {_type(takes)}.",
            wire.target,
            wire.input,
            f"Connect a {_type(takes)} instead.",
        )


def fits(gives: str, takes: str) -> bool:
    """Say whether an output of one type may be connected to an input of the other."""
    if gives == takes or "any" in (gives, takes):
        return True
    if gives in FILE_TYPES and takes in FILE_TYPES:
        return True  # Azure lets folders, files and models of files stand in for each other
    if takes == "uri_folder":
        return True  # whatever a module gives is a folder
    # Evaluation results hold their numbers as a table too.
    return takes == "dataset" and gives in ("uri_folder", "uri_file", "mltable", "metrics")


def parameters_are_right(view: View) -> Iterator[Problem]:
    for step in view.steps:
        if step.component is None:
            continue
        params = {param.name: param for param in step.component.params}
        values = {}
        for name, value in step.literals.items():
            if name in params:
                values[name] = _resolved(value, view.inputs)
        for name in step.given & params.keys() - values.keys():
            values[name] = step.addresses.get(name)
        for error in step.component.problems(values, allow_expressions=True):
            if error.where in params:
                code = _parameter_code(step, params[error.where], values.get(error.where))
                yield Problem(code, error.message, step.id, error.where, error.hint)


def _parameter_code(step: Step, param: Any, value: Any) -> str:
    if value is None or value == "":
        return (
            "missing_parameter"
            if getattr(step.component, "type", "") == "module"
            else "missing_input"
        )
    if param.type == "enum" or param.enum:
        return "not_in_enum"
    if param.type in ("integer", "number"):
        try:
            number = float(value)
        except (TypeError, ValueError):
            return "wrong_parameter_type"
        low = param.min is not None and number < param.min
        high = param.max is not None and number > param.max
        return "out_of_range" if low or high else "wrong_parameter_type"
    return "wrong_parameter_type" if param.type == "boolean" else "bad_parameter"


def expressions_are_known(view: View) -> Iterator[Problem]:
    """`${{parent.inputs.x}}` and `${{parent.outputs.x}}` must name what the pipeline declares."""
    for step in view.steps:
        for place, text in step.texts:
            for name in EXPRESSION.findall(text):
                kind, _, rest = name.removeprefix("parent.").partition(".")
                if name.startswith("parent.inputs.") and rest not in view.inputs:
                    yield _unknown(step, place, "unknown_parent_input", "input", rest, view.inputs)
                elif (
                    name.startswith("parent.outputs.")
                    and view.declares_outputs
                    and rest not in view.outputs
                ):
                    yield _unknown(
                        step, place, "unknown_parent_output", "output", rest, view.outputs
                    )
                elif kind not in ("inputs", "outputs", "jobs") and name not in (
                    "name",
                    "default_datastore",
                    "output_name",
                ):
                    yield Problem(
                        "unknown_expression",
                        f"'${{{{{name}}}}}' refers to nothing that exists.",
                        step.id,
                        place,
                        "Use parent.inputs.<name> or parent.jobs.<step>.outputs.<name>.",
                    )


def _unknown(step: Step, place: str, code: str, what: str, name: str, known: Any) -> Problem:
    return Problem(
        code, f"The pipeline has no {what} '{name}'.", step.id, place, _near(name, known)
    )


def pipeline_inputs_are_given(view: View) -> Iterator[Problem]:
    """A pipeline input without a value is a problem where a step needs it."""
    for step in view.steps:
        if step.component is None:
            continue
        needed = {port.name for port in step.component.inputs if not port.optional}
        for place, text in step.texts:
            match = EXPRESSION.fullmatch(text.strip())
            if not match or not match[1].startswith("parent.inputs.") or place not in needed:
                continue
            name = match[1].removeprefix("parent.inputs.")
            if name in view.inputs and view.inputs[name] is None:
                yield Problem(
                    "missing_input",
                    f"The pipeline input '{name}' has no value, and '{step.id}' needs it.",
                    step.id,
                    place,
                    f"Give it one: --set inputs.{name}=...",
                )


def no_loops(view: View) -> Iterator[Problem]:
    waits: dict[str, set[str]] = {
        step.id: set(step.after) & view.by_id.keys() for step in view.steps
    }
    for wire in view.wires:
        if wire.source in waits and wire.target in waits:
            waits[wire.target].add(wire.source)
    loop = find_cycle(waits)
    if loop:
        yield Problem(
            "cycle",
            f"The steps wait for each other in a loop: {' -> '.join(loop)}.",
            loop[0],
            hint="Remove one of these connections.",
        )


CHECKS: tuple[Callable[[View], Iterator[Problem]], ...] = (
    no_steps,
    same_id_twice,
    components_exist,
    steps_exist,
    outputs_exist,
    inputs_exist,
    one_edge_to_an_input,
    required_inputs_are_given,
    pipeline_inputs_are_given,
    types_fit,
    parameters_are_right,
    expressions_are_known,
    no_loops,
)


def command_problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    """A command job alone: each data input needs an address; the loader has checked the rest."""
    for name, entry in (document.get("inputs") or {}).items():
        is_literal = entry.get("jobInputType") == "literal"
        value = entry.get("value") if is_literal else entry.get("uri")
        if value is None and not entry.get("optional"):
            yield Problem(
                "missing_input",
                f"The input '{name}' has no value.",
                "",
                name,
                f"Give it one: --set inputs.{name}=...",
            )
    if not document.get("command") and not document.get("component"):
        yield Problem("missing_command", "The job has no command.", hint="Say what is to be run.")


def _resolved(value: Any, inputs: Mapping[str, Any]) -> Any:
    """Return the value that a whole-text binding to a pipeline input has, else the text itself."""
    match = EXPRESSION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match and match[1].startswith("parent.inputs."):
        found = inputs.get(match[1].removeprefix("parent.inputs."))
        return value if found is None else found
    return value


def _title(step: Step) -> str:
    title = getattr(step.component, "title", "")
    return f"'{step.id}' ({title})" if title and title != step.id else f"'{step.id}'"


def _label(port: Any) -> str:
    return str(getattr(port, "label", "") or port.name)


def _type(name: str) -> str:
    return TYPE_NAMES.get(name, name)


def _near(name: str, known: Any) -> str:
    names = sorted(str(one) for one in known)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        return f"Did you mean '{near[0]}'?"
    return f"Known: {', '.join(names[:15])}." if names else "There are none."
