"""Virtual environments with the real mlflow clients, and scripts run in them against a studio."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from tests import isolation
from tests.running import Studio

HERE = Path(__file__).resolve().parent
# What each client is installed with: the current one, and the last of the line before.
CLIENTS = {
    "mlflow3": ["mlflow-skinny==3.*", "scikit-learn", "pandas", "skops"],
    "mlflow2": ["mlflow-skinny==2.*", "scikit-learn<1.7", "pandas<3"],
}


def python_of(client: str) -> Path:
    """Return the interpreter of a client's environment, made once in a test run; uv keeps the packages."""
    folder = isolation.base / f"venv-{client}"
    python = folder / "bin" / "python"
    uv = str(Path(sys.executable).with_name("uv"))
    with (isolation.base / f"{client}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
            install = [uv, "pip", "install", "-q", "--python", str(python), *CLIENTS[client]]
            subprocess.run(install, check=True, timeout=900)
            (folder / "ready").touch()
    return python


def environment(studio: Studio, **more: str) -> dict[str, str]:
    """Return what a person sets to reach the studio, and nothing of the test's own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "MLFLOW_TRACKING_URI": f"{studio.url}/mlflow/{studio.workspace}",
        "MLFLOW_TRACKING_TOKEN": studio.token,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        **more,
    }


def run_script(client: str, script: str, env: dict[str, str], folder: Path) -> str:
    """Run one of the scripts beside this file with a client and return what it printed."""
    done = subprocess.run(
        [str(python_of(client)), str(HERE / "scripts" / script)],
        env=env, cwd=folder, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
    return done.stdout
