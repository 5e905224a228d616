"""The job that measures a model: latency, throughput, CPU and memory for batches of several sizes.

    python -m officina.packaging.profiling --model <folder> --result <folder>

What is timed is what an endpoint does for a request: the JSON text is read, the rows are scored, the
answer is made plain again. Each batch size is warmed up first.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
import warnings
from pathlib import Path
from typing import Any

from officina.packaging import generating, loading
from officina.packaging.converting import sample_of, say
from officina.packaging.rows import NotRows, Rows
from officina.tracking import Run

BATCHES = (1, 10, 100, 1000)
WARM_UP = 5
MOST_CALLS = 2_000


def main(words: list[str] | None = None) -> int:
    """Measure; return the exit code."""
    parser = argparse.ArgumentParser(prog="officina.packaging.profiling")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--result", type=Path, required=True)
    parser.add_argument("--sample", type=Path)
    parser.add_argument("--batches", default=",".join(map(str, BATCHES)))
    parser.add_argument("--seconds", type=float, default=2.0, help="for each batch size")
    given = parser.parse_args(words)
    run = Run.get_context()
    try:
        found = _profile(given, run)
    except (loading.CannotLoad, NotRows, ValueError) as error:
        say(f"error: {error}")
        run.fail(str(error), code="invalid", where="model")
        return 1
    given.result.mkdir(parents=True, exist_ok=True)
    (given.result / "result.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    run.progress(1.0, "done")
    return 0


def _profile(given: argparse.Namespace, run: Run) -> dict[str, Any]:
    warnings.simplefilter("once")
    sizes = sorted({int(word) for word in given.batches.split(",") if word.strip()})
    if not sizes or sizes[0] < 1 or sizes[-1] > 10_000:
        raise ValueError("Batch sizes are whole numbers from 1 to 10,000.")
    empty = _memory("VmRSS")
    began = time.perf_counter()
    model = loading.load(given.model)
    load_ms = (time.perf_counter() - began) * 1000
    say(f"loaded a {model.flavour} model in {load_ms:.0f} ms")
    rows = generating.rows_for(model, count=min(sizes[-1], 200), sample=sample_of(given.sample))
    loaded = _memory("VmRSS")
    table = []
    for place, size in enumerate(sizes):
        run.progress(0.1 + 0.85 * place / len(sizes), f"batches of {size}")
        row = _measure(model, rows.repeated(size), given.seconds)
        table.append(row)
        for key in ("p50_ms", "p95_ms", "p99_ms", "rows_per_second"):
            run.log(key, row[key], step=size)
        say(
            f"{size:>5} rows a request: p50 {row['p50_ms']:.2f} ms, p95 {row['p95_ms']:.2f} ms, "
            f"p99 {row['p99_ms']:.2f} ms, {row['rows_per_second']:,.0f} rows/s, "
            f"{row['cpu_cores']:.2f} cores, peak {row['peak_bytes'] / 1e6:,.0f} MB"
        )
    return {
        "batches": table,
        "load_ms": load_ms,
        "model_bytes": max(0, loaded - empty),
        "peak_bytes": max(row["peak_bytes"] for row in table),
        "sample": Rows(rows.columns, rows.data[:5]).as_split(),
        "flavour": model.flavour,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
    }  # fmt: skip


def _measure(model: loading.Loaded, rows: Rows, seconds: float) -> dict[str, Any]:
    request = json.dumps(rows.as_split())
    for _ in range(WARM_UP):
        json.dumps(model.answer(request))
    _reset_peak()
    taken: list[float] = []
    cpu, begun = time.process_time(), time.perf_counter()
    until = begun + seconds
    while len(taken) < MOST_CALLS:
        start = time.perf_counter()
        json.dumps(model.answer(request))
        end = time.perf_counter()
        taken.append((end - start) * 1000)
        if end >= until:
            break
    wall = time.perf_counter() - begun
    used = time.process_time() - cpu
    taken.sort()
    return {
        "rows": len(rows), "requests": len(taken), "p50_ms": _at(taken, 0.5), "p95_ms": _at(taken, 0.95),
        "p99_ms": _at(taken, 0.99), "max_ms": taken[-1], "requests_per_second": len(taken) / wall,
        "rows_per_second": len(taken) * len(rows) / wall, "cpu_cores": used / wall,
        "cpu_ms_per_request": used * 1000 / len(taken), "peak_bytes": _memory("VmHWM"),
    }  # fmt: skip


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _memory(field: str) -> int:
    """Return a field of this process's own status, in bytes."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _reset_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return  # a sandbox may forbid it: the peak is then that of all batches so far


if __name__ == "__main__":
    raise SystemExit(main())
