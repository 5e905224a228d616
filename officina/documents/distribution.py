"""Turns the command of a distributed job into one that starts its ranks as processes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from officina.documents.reading import Reading, nearest, snake
from officina.documents.yamlio import Pointer

KINDS = frozenset(["pytorch", "mpi", "tensorflow"])
_MOST = 256


def read_distribution(reading: Reading, value: Any, pointer: Pointer) -> dict[str, Any]:
    """Return a distribution in YAML's keys; REST's spelling is understood."""
    given = reading.mapping(value, pointer, "distribution")
    found = {snake(key): item for key, item in given.items() if item is not None}
    kind = str(found.pop("distribution_type", None) or found.pop("type", "")).lower()
    found.pop("type", None)
    if kind == "ray":
        reading.warn(pointer, "ray is not started; the command runs once")
        return {}
    if kind not in KINDS:
        raise reading.error(
            (*pointer, "type"), f"'{kind}' is not a distribution", hint=nearest(kind, KINDS)
        )
    known = ("process_count_per_instance", "worker_count", "parameter_server_count")
    reading.known(found, pointer, known, "distribution")
    for key, item in found.items():
        if isinstance(item, bool) or not str(item).isdigit() or not int(item) <= _MOST:
            raise reading.error(
                (*pointer, key), f"{key} must be a whole number up to {_MOST}, not {item!r}"
            )
    return {"type": kind, **{key: int(item) for key, item in found.items()}}


def in_ranks(document: Mapping[str, Any], command: str) -> str:
    """Return the command as it is, or one that runs it once for each rank."""
    given = document.get("distribution") or {}
    found = {snake(key): item for key, item in given.items()}
    kind = str(found.get("distribution_type") or found.get("type") or "").lower()
    if kind not in KINDS:
        return command
    nodes = int((document.get("resources") or {}).get("instance_count") or 1)
    words = ["python", "-m", "officina.jobs.ranks", "--type", kind]
    if kind == "tensorflow":
        words += ["--nodes", str(int(found.get("worker_count") or nodes))]
        words += ["--servers", str(int(found.get("parameter_server_count") or 0))]
    else:
        words += ["--nodes", str(nodes)]
        words += ["--processes", str(int(found.get("process_count_per_instance") or 1))]
    return f"{' '.join(words)} {shlex.quote(command)}"
