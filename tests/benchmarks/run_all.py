"""Every benchmark with a peer beside ours, as one table: `python tests/benchmarks/run_all.py [steps]`.

Figures are milliseconds. Run it on a machine that has nothing else to do: on two cores, one busy
neighbour doubles them. `--without-peers` installs nothing.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks import live_studio, peers, planning, step_overhead

# The most that a figure may be, from DESIGN.md section 6.
BARS = {
    "step in a chain, median": 60.0,
    "steps side by side, wall / n": 60.0,
    "reused step, wall / n": 5.0,
    "process of a module, median": 30.0,
    "log line to socket, p95": 300.0,
    "planning of 1,000 steps": 200.0,
}


def main(steps: int, *, with_peers: bool) -> None:
    """Measure all parts and print the table."""
    began = os.getloadavg()[0]
    ours = {"planning of 1,000 steps": sum(planning.measure().values())}
    ours |= {f"process of a {k}, median": v for k, v in step_overhead.measure(steps).items()}
    ours |= live_studio.measure(steps)
    others = peers.measure(steps) if with_peers else {}
    names = [*ours, *sorted({n for each in others.values() for n in each} - ours.keys())]
    print(
        f"{steps} steps, {os.cpu_count()} cores, load {began:.1f} to {os.getloadavg()[0]:.1f}, ms"
    )
    print("| Figure | us | " + "".join(f"{peer} | " for peer in others) + "bar |")
    print("| --- |" + " --- |" * (len(others) + 2))
    for name in names:
        row = [ours.get(name), *(each.get(name) for each in others.values()), BARS.get(name)]
        cells = ["-" if value is None else f"{value:,.1f}" for value in row]
        over = " (over)" if name in BARS and name in ours and ours[name] > BARS[name] else ""
        print(f"| {name} | {cells[0]}{over} | " + " | ".join(cells[1:]) + " |")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    main(numbers[0] if numbers else 30, with_peers="--without-peers" not in sys.argv)
