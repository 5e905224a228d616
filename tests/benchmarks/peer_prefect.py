"""No-op steps in Prefect, run by the Python of a throwaway environment; see `peers.py`."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time

os.environ |= {
    "PREFECT_HOME": tempfile.mkdtemp(prefix="prefect-"),
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}
from prefect import flow, task
from prefect.cache_policies import INPUTS


@task(persist_result=True, cache_policy=INPUTS)
def step(value: int) -> int:
    """Hand the value on; the result is kept on disk."""
    return value


@flow
def chain(first: int, steps: int) -> list[float]:
    """Return the milliseconds of each step in turn."""
    times = []
    for number in range(steps):
        began = time.perf_counter()
        step(first + number)
        times.append((time.perf_counter() - began) * 1000)
    return times


if __name__ == "__main__":
    count = int(sys.argv[1])
    chain(-1000, 3)
    ran, reused = chain(0, count), chain(0, count)
    print(
        json.dumps(
            {
                "step in a chain, median": statistics.median(ran),
                "reused step, wall / n": statistics.median(reused),
            }
        )
    )
