"""What a running studio adds: job start, log lines, steps in a chain and side by side, their reuse.

Run it alone: `.venv/bin/python tests/benchmarks/live_studio.py [steps]`.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import itertools

from websockets.asyncio.client import connect

from tests import isolation  # noqa: F401  sets the home before Django's settings are read
from tests.live import jobs
from tests.running import Studio, start_studio

COMPONENT = "azureml://registries/officina/components/enter_data_manually/versions/1"
LINES = 200
# Each line says when it was printed, at a pace that a person could read.
PRINTING = (
    f"python -c 'import time\nfor n in range({LINES}):\n"
    f'    print("at", time.time(), flush=True)\n    time.sleep(0.02)\''
)


def step(number: int, *, after: int | None = None) -> dict[str, Any]:
    """Return a module that makes a table of two rows, with data of its own."""
    table = f"age,bmi\n59,32.1\n{number},{os.getpid()}\n"
    values = {"data": table, "has_header": True}
    node: dict[str, Any] = {
        "type": "command", "component": COMPONENT, "outputs": {},
        "inputs": {k: {"jobInputType": "literal", "value": v} for k, v in values.items()},
    }  # fmt: skip
    return node | ({"dependsOn": [f"s{after}"]} if after is not None else {})


def pipeline(steps: int, *, chained: bool = False) -> dict[str, Any]:
    """Return a pipeline of modules that do next to nothing: each alone, or one after the other."""
    return {
        "jobType": "Pipeline", "experimentName": "benchmarks", "inputs": {}, "outputs": {},
        "settings": {},
        "jobs": {
            f"s{n}": step(n + 1000 * chained, after=n - 1 if chained and n else None)
            for n in range(steps)
        },
    }  # fmt: skip


def run_pipeline(studio: Studio, document: dict[str, Any]) -> tuple[float, list[dict[str, Any]]]:
    """Return the seconds from submission to the end, and the steps in the order of their ends."""
    began = time.time()
    guid = jobs.submit_document(studio, document)
    run = jobs.ended(studio, guid, 300)
    if run["status"] != "Completed":
        raise SystemExit(f"the pipeline ended {run['status']}: {run.get('error')}")
    path = f"/api/v1/workspaces/{studio.workspace}/runs/{guid}/children?page_size=1000"
    status, body = studio.get(path)
    if status != 200:
        raise SystemExit(f"the steps cannot be read: {body!r}")
    children = sorted(json.loads(body)["items"], key=lambda child: child["ended"])
    return at(run["ended"]) - began, children


def at(stamp: str) -> float:
    """Return a time of the API in seconds."""
    return datetime.fromisoformat(stamp).timestamp()


def gaps(children: list[dict[str, Any]]) -> list[float]:
    """Return the milliseconds between one step's end and the next one's."""
    ends = [at(child["ended"]) for child in children]
    return [(b - a) * 1000 for a, b in itertools.pairwise(ends)]


def measure_steps(studio: Studio, steps: int) -> dict[str, float]:
    """Return milliseconds a step: in a chain (median), side by side, and reused."""
    _, chain = run_pipeline(studio, pipeline(steps, chained=True))
    found = {"step in a chain, median": statistics.median(gaps(chain))}
    document = pipeline(steps)
    seconds, _ = run_pipeline(studio, document)
    found["steps side by side, wall / n"] = seconds * 1000 / steps
    seconds, again = run_pipeline(studio, document)
    if not all(child["reused_from"] for child in again):
        raise SystemExit("the second run reused not every step")
    found["reused step, wall / n"] = seconds * 1000 / steps
    return found


def time_start(studio: Studio) -> float:
    """Return the milliseconds from submission to the first line of the job."""
    began = time.perf_counter()
    guid = jobs.submit(studio, "echo first")
    while b"first\n" not in jobs.log(studio, guid):
        time.sleep(0.005)
    return (time.perf_counter() - began) * 1000


async def listen(studio: Studio, guid: str) -> list[float]:
    """Return for each line that came by websocket the milliseconds since it was printed."""
    address = studio.url.replace("http", "ws", 1) + f"/ws/w/{studio.workspace}/runs/{guid}/"
    headers = {"Authorization": f"Bearer {studio.token}"}
    found: list[float] = []
    begun = ""  # a line whose end has not come yet
    async with connect(address, origin=studio.url, additional_headers=headers) as socket:
        while True:
            message = json.loads(await asyncio.wait_for(socket.recv(), 60))
            if message["type"] == "log":
                now = time.time()
                *lines, begun = (begun + message["text"]).split("\n")
                stamps = [line.split()[1] for line in lines if line.startswith("at ")]
                found += [(now - float(stamp)) * 1000 for stamp in stamps]
            elif message["type"] == "run" and message["status"] in jobs.ENDED:
                return found


def measure(steps: int) -> dict[str, float]:
    """Return every figure in milliseconds, by name."""
    with start_studio("measured") as studio:
        time_start(studio)
        starts = sorted(time_start(studio) for _ in range(9))
        found = {"job start, median": statistics.median(starts), "job start, most": starts[-1]}
        waits = sorted(asyncio.run(listen(studio, jobs.submit(studio, PRINTING))))
        if len(waits) < LINES / 2:
            raise SystemExit(f"only {len(waits)} of {LINES} lines came by websocket")
        found["log line to socket, p50"] = statistics.median(waits)
        found["log line to socket, p95"] = waits[int(len(waits) * 0.95)]
        return found | measure_steps(studio, steps)


def main(steps: int) -> None:
    """Print each figure with the machine's load."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    for name, milliseconds in measure(steps).items():
        print(f"{name:30} {milliseconds:8.1f} ms")
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
