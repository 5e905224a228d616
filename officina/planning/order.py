"""Says what waits for what in a pipeline, and what may start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from officina.documents.expressions import EXPRESSION
from officina.documents.nesting import flatten, is_nested
from officina.graph import topological

Document = dict[str, Any]

COMPLETED = "Completed"
FAILED = frozenset({"Failed", "Canceled"})
_STEP = "parent.jobs."


def steps_of(document: Mapping[str, Any]) -> Document:
    """Return the steps of a pipeline document by name, nested pipelines flattened to
    `parent/child`.
    """
    jobs = (flatten(dict(document)) if is_nested(document) else document).get("jobs")
    return dict(jobs or {})


def dependencies(document: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return for each step the steps it waits for: those whose outputs it takes, and its
    `dependsOn`.
    """
    steps = steps_of(document)
    return {
        step: {name for name in sources_of(node) if name in steps} for step, node in steps.items()
    }


def sources_of(node: Mapping[str, Any]) -> set[str]:
    """Return the steps that a node names, whether they exist or not."""
    found = set(node.get("dependsOn") or ())
    for entry in (node.get("inputs") or {}).values():
        found.update(step for step, _ in bound_outputs(entry))
    for value in (node.get("environmentVariables") or {}).values():
        found.update(step for step, _ in bound_outputs({"value": value}))
    return found


def bound_outputs(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the (step, output) pairs that an input entry refers to."""
    text = entry.get("uri") if entry.get("uri") is not None else entry.get("value")
    if not isinstance(text, str) or _STEP not in text:
        return []
    pairs = []
    for name in EXPRESSION.findall(text):
        if name.startswith(_STEP):
            step, _, output = name.removeprefix(_STEP).partition(".outputs.")
            pairs.append((step, output))
    return pairs


def order(document: Mapping[str, Any]) -> list[str]:
    """Return the steps so that each comes after what it waits for; a loop is a StudioError."""
    return topological(dependencies(document))


def ready(
    document: Mapping[str, Any],
    statuses: Mapping[str, str],
    waits: Mapping[str, set[str]] | None = None,
) -> list[str]:
    """Return the steps that may start now, in document order; `waits` are the known dependencies.

    A step is ready when all it waits for is Completed. After a failure nothing new starts, unless
    the pipeline has `continue_on_step_failure`: then whatever does not depend on the failed step
    goes on.
    """
    if _stops(document, statuses):
        return []
    return [
        step
        for step, sources in (waits or dependencies(document)).items()
        if statuses.get(step, "NotStarted") == "NotStarted"
        and all(statuses.get(source) == COMPLETED for source in sources)
    ]


def doomed(document: Mapping[str, Any], statuses: Mapping[str, str]) -> set[str]:
    """Return the steps that never can start, because something before them failed."""
    waits = dependencies(document)
    waiting = {step for step in waits if statuses.get(step, "NotStarted") == "NotStarted"}
    if _stops(document, statuses):
        return waiting
    lost = {step for step, status in statuses.items() if status in FAILED}
    while more := {step for step in waiting - lost if waits[step] & lost}:
        lost |= more
    return lost & waiting


def _stops(document: Mapping[str, Any], statuses: Mapping[str, str]) -> bool:
    settings = document.get("settings") or {}
    return not settings.get("continue_on_step_failure") and any(
        status in FAILED for status in statuses.values()
    )


def output_bindings(document: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (step, output, pipeline output) for each pipeline output that a step fills."""
    found = []
    for step, node in steps_of(document).items():
        for output, entry in (node.get("outputs") or {}).items():
            for name in EXPRESSION.findall(str(entry.get("uri") or "")):
                if name.startswith("parent.outputs."):
                    found.append((step, output, name.removeprefix("parent.outputs.")))
    for name, entry in (document.get("outputs") or {}).items():
        found += [(step, output, name) for step, output in bound_outputs({"uri": entry.get("uri")})]
    return found
