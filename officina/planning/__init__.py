"""Plans a pipeline: what waits for what, what each step runs, and whether its result is known."""

from __future__ import annotations

from officina.planning.compiling import compile_step, component_spec
from officina.planning.deciding import decisive, engine_key
from officina.planning.keys import explain_key, key_parts, step_key
from officina.planning.order import (
    bound_outputs,
    dependencies,
    doomed,
    order,
    output_bindings,
    ready,
    sources_of,
    steps_of,
)

__all__ = [
    "bound_outputs",
    "compile_step",
    "component_spec",
    "decisive",
    "dependencies",
    "doomed",
    "engine_key",
    "explain_key",
    "key_parts",
    "order",
    "output_bindings",
    "ready",
    "sources_of",
    "step_key",
    "steps_of",
]
