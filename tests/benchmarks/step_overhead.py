"""What a step costs beyond its own work: `python tests/benchmarks/step_overhead.py [steps]`.

Budget (DESIGN.md section 6): at most 60 ms median for an isolated, stored no-op step, of which the
process part measured here may take 30. "module" is a module in a child of the warm host, "module without
the host" the same in a fresh interpreter (how a process executor such as Dagster's starts each step),
"command" an `/bin/true` in its shim. All are confined and leave log, heartbeat and result on disk.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from officina.execution import launch

TABLE = "age,bmi\n59,32.1\n48,21.6\n"


def make_rundir(root: Path, number: int, job: dict[str, Any]) -> Path:
    """Lay out one run folder with that job."""
    rundir = root / f"{number}" / "1"
    (rundir / "work").mkdir(parents=True)
    env = {"PATH": os.defpath, "OFFICINA_MESSAGES": str(rundir / "messages.jsonl")}
    outputs = {"dataset": str(rundir / "outputs" / "dataset")}
    if "module" in job:
        job = {"module": {**job["module"], "inputs": {}, "outputs": outputs}}
    (rundir / "job.json").write_text(json.dumps({**job, "env": env}))
    return rundir


def run_each(start: Callable[[Path], None], rundirs: list[Path]) -> list[float]:
    """Return the milliseconds from start to a seen result for each run folder in turn."""
    times = []
    for rundir in rundirs:
        began = time.perf_counter()
        start(rundir)
        while (look := launch.look(rundir)).exit is None:
            time.sleep(0.0005)
        times.append((time.perf_counter() - began) * 1000)
        if look.exit["code"] != 0:
            raise SystemExit((rundir / "log.txt").read_text())
    return times


def measure(steps: int) -> dict[str, float]:
    """Print median and p95 for each way of running a step; return the medians."""
    parameters = {"data": TABLE, "has_header": True}
    module = {"module": {"name": "enter_data_manually", "version": "1", "params": parameters}}
    medians: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="of-") as folder:
        root = Path(folder)
        socket = root / "f.sock"
        host = subprocess.Popen([sys.executable, "-m", "officina.execution.forkhost", socket])
        began = time.perf_counter()
        while not socket.exists():
            time.sleep(0.01)
        print(f"fork host ready in {time.perf_counter() - began:.1f} s")
        ways: list[tuple[str, dict[str, Any], Path | None, int]] = [
            ("module", dict(module), socket, steps),
            ("module without the host", dict(module), None, max(3, steps // 10)),
            ("command", {"argv": ["/bin/true"]}, None, steps),
        ]
        first = 0
        for name, job, way, count in ways:
            rundirs = [make_rundir(root, first + number, job) for number in range(count)]
            first += count
            times = run_each(partial(launch.start, forkhost=way), rundirs)
            medians[name], p95 = statistics.median(times), sorted(times)[int(len(times) * 0.95)]
            print(f"{name:24} {count:4} steps  median {medians[name]:6.1f}  p95 {p95:6.1f} ms")
        host.terminate()
        host.wait()
    return medians


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
