"""The help page of a module, written from its declaration alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from studio.runs.services.creating import catalogue_of
from studio.workspaces.access import operation
from studio.workspaces.models import Workspace

if TYPE_CHECKING:
    from officina.catalogue import Component
    from officina.parameters import Param

KINDS = {
    "uri_folder": "dataset", "uri_file": "dataset", "mltable": "dataset", "dataset": "dataset",
    "untrained_model": "learner", "trained_model": "model", "mlflow_model": "model",
    "custom_model": "model", "transform": "transform", "metrics": "metrics",
}  # fmt: skip
RELATED = 8
MOST_SHOWN = 120
BIG = 2**31 - 1


@dataclass(frozen=True)
class Row:
    """A parameter as the table shows it."""

    param: Param
    default: str
    limits: str
    shown_when: str


@require_safe
@operation("designer.read")
def module_help(request: HttpRequest, workspace: Workspace, name: str) -> HttpResponse:
    """Show what a module takes, gives and may be told."""
    catalogue = catalogue_of(workspace)
    component = catalogue.get(name, request.GET.get("version") or None)
    alike = [
        each
        for each in catalogue.all()
        if each.category == component.category and each.name != component.name
    ]
    context = {
        "workspace": workspace,
        "component": component,
        "inputs": [(port, KINDS.get(port.type, "any")) for port in component.inputs],
        "outputs": [(port, KINDS.get(port.type, "any")) for port in component.outputs],
        "rows": [_row(component, param) for param in component.params],
        "example": example(component),
        "missing": component.unavailable(),
        "alike": alike[:RELATED],
    }
    return render(request, "designer/module.html", context)


def _row(component: Component, param: Param) -> Row:
    labels = {each.name: each.title for each in component.params}
    conditions = [
        f"{labels.get(name, name)} is {_listed(wanted)}"
        for name, wanted in (param.visible_when or {}).items()
    ]
    return Row(param, _short(param.default), _limits(param), " and ".join(conditions))


def _limits(param: Param) -> str:
    if param.enum:
        return ", ".join(_words(item) for item in param.enum)
    low = None if param.min is None else f"{param.min:g}"
    high = None if param.max is None or param.max >= BIG else f"{param.max:g}"
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"from {low}" if low is not None else f"up to {high}" if high is not None else ""


def _listed(wanted: Any) -> str:
    items = wanted if isinstance(wanted, list | tuple) else [wanted]
    return " or ".join(_words(item) for item in items)


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value).replace("_", " ")


def _short(value: Any) -> str:
    if value is None or value == "":
        return ""
    text = _words(value) if isinstance(value, bool) else _literal(value)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"


def _literal(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def example(component: Component) -> str:
    """Return the module as a step of a pipeline job, every parameter at its default."""
    lines = [
        "jobs:",
        f"  {component.name}:",
        "    type: command",
        f"    component: azureml://registries/officina/components/{component.name}"
        f"/versions/{component.version}",
    ]
    given = [
        f"      {port.name}: ${{{{parent.jobs.<step>.outputs.<output>}}}}"
        for port in component.inputs
        if not port.optional
    ]
    for param in component.params:
        if param.default not in (None, "") and not (
            isinstance(param.default, str) and "\n" in param.default
        ):
            given.append(f"      {param.name}: {json.dumps(param.default, ensure_ascii=False)}")
        elif param.default is None and not param.optional:
            given.append(f"      {param.name}: <{param.type}>")
    return "\n".join([*lines, *(["    inputs:", *given] if given else [])])
