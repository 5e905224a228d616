"""Reads jobs, steps and components of kinds that cannot run here yet: kept as they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from officina.documents import vocabulary as words
from officina.documents.parts import read_inputs, read_outputs
from officina.documents.reading import Reading
from officina.documents.yamlio import Pointer

_OWN = frozenset(["$schema", "type", "inputs", "outputs", "compute", "tags", "name", *words.HEADS])
JOB_TYPES = {"automl": "AutoML", "sweep": "Sweep", "spark": "Spark", "finetuning": "FineTuning"}


def note_of(kind: str, step: str = "") -> str:
    """Return the sentence that says that something is kept and cannot run."""
    owner = f"step '{step}': " if step else ""
    return f'{owner}kind "{words.UNSUPPORTED_KINDS[kind]}" is read and cannot run yet'


def recorded_job(
    reading: Reading, raw: Mapping[str, Any], kind: str, heads: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a whole job with its own keys beside what every job has."""
    reading.warn(("type",), note_of(kind))
    return {
        "jobType": JOB_TYPES.get(kind, kind.title()),
        **heads,
        "inputs": read_inputs(reading, raw.get("inputs"), ("inputs",)),
        "outputs": read_outputs(reading, raw.get("outputs"), ("outputs",)),
        **{key: item for key, item in raw.items() if key not in _OWN},
    }


def recorded_node(
    reading: Reading, raw: Mapping[str, Any], kind: str, pointer: Pointer, step: str
) -> dict[str, Any]:
    """Return a step with its bindings and compute; the rest as it is written."""
    reading.warn(pointer, note_of(kind, step))
    node: dict[str, Any] = {key: item for key, item in raw.items() if key not in _OWN}
    node |= {
        "type": kind,
        "inputs": read_inputs(reading, raw.get("inputs"), (*pointer, "inputs")),
        "outputs": read_outputs(
            reading, _outputs(reading, raw, pointer), (*pointer, "outputs")
        ),
    }  # fmt: skip
    if raw.get("compute") is not None:
        node["computeId"] = reading.compute(raw["compute"], (*pointer, "compute"))
    return node


def _outputs(reading: Reading, raw: Mapping[str, Any], pointer: Pointer) -> dict[str, Any]:
    """Leave out a `type:` that stands one level too high, as some public files have it."""
    outputs = reading.mapping(raw.get("outputs"), (*pointer, "outputs"), "outputs")
    stray = outputs.get("type")
    if isinstance(stray, str) and stray in words.PORT_TYPES:
        reading.warn((*pointer, "outputs", "type"), f"'type: {stray}' under outputs is ignored")
        return {key: item for key, item in outputs.items() if key != "type"}
    return outputs
