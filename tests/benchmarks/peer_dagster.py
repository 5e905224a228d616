"""No-op steps in Dagster, run by the Python of a throwaway environment; see `peers.py`."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from typing import Any

os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
import itertools

import dagster

QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
ISOLATED_STEPS = 4


def chain(steps: int) -> Any:
    """Return a job of steps one after the other, each result kept in a file."""

    @dagster.op(out=dagster.Out(int))
    def first() -> int:
        return 1

    @dagster.op(ins={"value": dagster.In(int)}, out=dagster.Out(int))
    def step(value: int) -> int:
        return value

    @dagster.job(resource_defs={"io_manager": dagster.FilesystemIOManager()})
    def steps_in_turn() -> None:
        value = first()
        for number in range(steps - 1):
            value = step.alias(f"s{number}")(value)

    return steps_in_turn


def many() -> Any:
    """Return the job for the process of its own."""
    return chain(int(sys.argv[1]))


def few() -> Any:
    """Return the job whose steps have a process each."""
    return chain(ISOLATED_STEPS)


def median_step(job: Any, instance: Any, execution: dict[str, Any]) -> float:
    """Return the median milliseconds between the ends of two steps in turn."""
    config = QUIET | execution
    with dagster.execute_job(
        dagster.reconstructable(job), instance=instance, run_config=config
    ) as result:
        if not result.success:
            raise SystemExit(f"failed: {[e.message for e in result.all_events if e.is_failure]}")
        ends = sorted(stats.end_time for stats in instance.get_run_step_stats(result.run_id))
    return statistics.median((b - a) * 1000 for a, b in itertools.pairwise(ends))


if __name__ == "__main__":
    home = tempfile.mkdtemp(prefix="dagster-")
    os.environ["DAGSTER_HOME"] = home
    with dagster.DagsterInstance.local_temp(home) as instance:
        inside = median_step(many, instance, {"execution": {"config": {"in_process": {}}}})
        apart = median_step(few, instance, {})
    print(json.dumps({"in one process": inside, "step in a chain, median": apart}))
