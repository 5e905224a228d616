"""Pipeline components: one node on the canvas, the steps `node/step` in a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from officina import planning
from officina.graph import CatalogueLike, Node
from studio.runs.models import Status

# How a node stands whose steps stand differently: the first of these that one of them has.
_FIRST = (
    Status.FAILED,
    Status.CANCEL_REQUESTED,
    Status.RUNNING,
    Status.FINALIZING,
    Status.PREPARING,
    Status.QUEUED,
    Status.CANCELED,
    Status.NOT_STARTED,
    Status.COMPLETED,
)


def head(step: str) -> str:
    """Return the node that a run's step belongs to."""
    return step.partition("/")[0]


def origin(node: Node, port: str, catalogue: CatalogueLike) -> tuple[str, str]:
    """Return the step and its output that a node's output is in a run."""
    component = catalogue.get(node.component, node.version)
    if component.type != "pipeline":
        return node.id, port
    for step, output, name in planning.output_bindings(component.to_spec()):
        if name == port:
            return f"{node.id}/{step}", output
    return node.id, port


def fold(shown: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the steps' entries by node: those of a pipeline component are told as one."""
    parts: dict[str, dict[str, dict[str, Any]]] = {}
    for step, entry in shown.items():
        parts.setdefault(head(step), {})[step] = entry
    return {
        name: entries[name] if name in entries else _together(entries)
        for name, entries in parts.items()
    }


def _together(entries: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    by_status = {entry["status"]: step for step, entry in reversed(list(entries.items()))}
    status = next((each for each in _FIRST if each in by_status), Status.COMPLETED)
    telling = entries[by_status[status]]
    error = telling.get("error")
    inner = by_status[status].partition("/")[2]
    if error:
        error = error | {"message": f"{inner}: {error['message']}"}
    times = [entry["seconds"] for entry in entries.values() if entry["seconds"] is not None]
    done = sum(entry["status"] == Status.COMPLETED for entry in entries.values())
    return telling | {
        "status": status,
        "error": error,
        "reused": all(entry["reused"] for entry in entries.values()),
        "stale": any(entry["stale"] for entry in entries.values()),
        "seconds": sum(times) if times else None,
        "progress": done / len(entries),
        "progress_text": f"{done} of {len(entries)} steps done",
        "outputs": {},
        "steps": {step.partition("/")[2]: entry for step, entry in entries.items()},
    }


def grouped(steps: Iterable[str]) -> dict[str, list[str]]:
    """Return node -> its steps, in order."""
    found: dict[str, list[str]] = {}
    for step in steps:
        found.setdefault(head(step), []).append(step)
    return found
