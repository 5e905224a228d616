"""Install other products into a throwaway environment under /tmp and time their no-op steps.

Run it alone: `.venv/bin/python tests/benchmarks/peers.py [steps]`. It needs the package index.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.gettempdir()) / "officina-peers"
# Prefect 3.8 calls FastAPI in a way that its newer releases no longer take.
PACKAGES = ("prefect>=3.6", "fastapi<0.120", "dagster>=1.12")
PEERS = {"Prefect, one process": "peer_prefect.py", "Dagster, a process each": "peer_dagster.py"}


def install() -> Path:
    """Return the Python of the environment, made when it is not there yet."""
    python = FOLDER / "bin" / "python"
    if not (FOLDER / "complete").exists():
        uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "-q", "--clear", FOLDER, "-p", sys.executable], check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", python, *PACKAGES], check=True)
        (FOLDER / "complete").touch()
    return python


def measure(steps: int) -> dict[str, dict[str, float]]:
    """Return each peer's figures in milliseconds; a peer that fails is left out and says why."""
    python, found = install(), {}
    for name, script in PEERS.items():
        done = subprocess.run(
            [python, Path(__file__).with_name(script), str(steps)],
            capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        if done.returncode == 0:
            found[name] = json.loads(done.stdout.splitlines()[-1])
        else:
            print(f"{name} failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return found


if __name__ == "__main__":
    for peer, figures in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 30).items():
        for figure, milliseconds in figures.items():
            print(f"{peer:26} {figure:30} {milliseconds:8.1f} ms")
