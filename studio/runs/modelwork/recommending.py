"""The smallest machine that holds a measured model and keeps up with so many requests a second."""

from __future__ import annotations

import math
from typing import Any

from studio.compute.sizes import SIZES

GIB = 1 << 30
# What a core is planned for, so that a burst does not queue.
BUSY = 0.7
SYSTEM_GIB = 0.5


def recommend(
    result: dict[str, Any], *, rate: float, cores: float = 0.0, memory: float = 0.0
) -> dict[str, Any]:
    """Return `{"size", "why", "cores", "memory", "hourly"}`; `cores` and `memory` are what the model declares."""
    smallest = min(result["batches"], key=lambda row: row["rows"])
    busy = rate * smallest["cpu_ms_per_request"] / 1000
    need_cores = max(1, math.ceil(busy / BUSY), math.ceil(cores))
    peak = result["peak_bytes"] / GIB
    need_memory = max(peak * 1.5 + SYSTEM_GIB, memory)
    fitting = [
        size
        for size in SIZES.values()
        if not size.gpus and size.cores >= need_cores and size.memory >= need_memory
    ]
    told = (
        f"{rate:g} requests/s of {smallest['rows']} row{'s' * (smallest['rows'] > 1)} keep "
        f"{busy:.3g} cores busy ({smallest['cpu_ms_per_request']:.2f} ms each, planned to "
        f"{BUSY:.0%}), so {need_cores} core{'s' * (need_cores > 1)}; the peak of {peak:.2f} GiB and "
        f"half again, with {SYSTEM_GIB:g} GiB for the system, takes {need_memory:.1f} GiB"
    )
    if cores or memory:
        told += f"; the model asks for at least {cores:g} cores and {memory:g} GiB"
    if not fitting:
        return {"size": "", "why": f"{told}. No size is large enough: use several machines.",
                "cores": need_cores, "memory": need_memory, "hourly": None}  # fmt: skip
    best = min(fitting, key=lambda size: (size.hourly, size.memory))
    return {
        "size": best.name, "summary": best.summary, "why": f"{told}. It is the cheapest that fits.",
        "cores": need_cores, "memory": need_memory, "hourly": best.hourly,
    }  # fmt: skip
