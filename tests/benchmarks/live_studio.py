"""What a live studio adds: job start, steps and their reuse, measured over its API.

Run it alone: `.venv/bin/python tests/benchmarks/live_studio.py [steps]`.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests import isolation  # noqa: F401  sets the home before Django's settings are read
from tests.live import jobs
from tests.running import Studio, start_studio

TABLE = "age,bmi\n59,32.1\n48,21.6\n"


def pipeline(steps: int) -> dict[str, Any]:
    """Return a pipeline of modules that do next to nothing, each with data of its own."""
    literal = "literal"
    component = "azureml://registries/officina/components/enter_data_manually/versions/1"
    return {
        "jobType": "Pipeline", "experimentName": "benchmarks", "inputs": {}, "outputs": {},
        "settings": {},
        "jobs": {
            f"s{n}": {
                "type": "command", "component": component, "outputs": {},
                "inputs": {
                    "data": {"jobInputType": literal, "value": f"{TABLE}{n},1.5\n"},
                    "has_header": {"jobInputType": literal, "value": True},
                },
            }
            for n in range(steps)
        },
    }  # fmt: skip


def time_pipeline(studio: Studio, steps: int) -> float:
    """Return the seconds from submission to the end."""
    began = time.perf_counter()
    guid = jobs.submit_document(studio, pipeline(steps))
    run = jobs.ended(studio, guid, 180)
    if run["status"] != "Completed":
        raise SystemExit(f"the pipeline ended {run['status']}: {run.get('error')}")
    return time.perf_counter() - began


def time_start(studio: Studio) -> float:
    """Return the seconds from submission to the first line of the job."""
    began = time.perf_counter()
    guid = jobs.submit(studio, "echo first")
    while b"first\n" not in jobs.log(studio, guid):
        time.sleep(0.01)
    return time.perf_counter() - began


def main(steps: int) -> None:
    """Print each figure with the machine's load."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    with start_studio("measured") as studio:
        time_start(studio)
        starts = sorted(time_start(studio) for _ in range(7))
        print(
            f"job start        median {statistics.median(starts) * 1000:6.0f} ms, most {starts[-1] * 1000:.0f}"
        )
        for name in ("steps", "reuse"):
            seconds = time_pipeline(studio, steps)
            print(f"{name:16} {seconds * 1000 / steps:6.0f} ms a step, {seconds:.1f} s for {steps}")
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
