"""Officina's engine, SDK and command line: everything that needs no server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from officina.client.dsl import command, load_component, pipeline
    from officina.client.entities import AmlCompute, Data, Environment, Input, Model, Output
    from officina.client.ml import MLClient

__version__ = "0.1.0"
_PLACES = {
    "MLClient": "officina.client.ml",
    **dict.fromkeys(("command", "load_component", "pipeline"), "officina.client.dsl"),
    **dict.fromkeys(
        ("AmlCompute", "Data", "Environment", "Input", "Model", "Output"),
        "officina.client.entities",
    ),
}
__all__ = [
    "AmlCompute",
    "Data",
    "Environment",
    "Input",
    "MLClient",
    "Model",
    "Output",
    "command",
    "load_component",
    "pipeline",
]


def __getattr__(name: str) -> Any:
    """Import a part of the SDK when it is asked for: a job's own process needs none of it."""
    if name not in _PLACES:
        raise AttributeError(f"module 'officina' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PLACES[name]), name)
