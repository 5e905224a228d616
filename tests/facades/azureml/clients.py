"""Clients in environments of their own: the unmodified packages, made by uv, aimed at a running studio."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests import isolation
from tests.running import ROOT, Studio

# The current release, and the one of a year before.
VERSIONS = {"1.35.2": [], "1.23.0": ["marshmallow<3.24"]}
# Files of workflows that take about as long together.
PARTS = (("assets", "steps"), ("jobs", "pipelines", "schedules"))
UV = Path(sys.executable).with_name("uv")


def interpreter(version: str) -> Path:
    """Return the Python of an environment with this azure-ai-ml; made once a test run."""
    place = isolation.base / "azure" / version
    python = place / "bin" / "python"
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / f"{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "made").exists():
            shutil.rmtree(place, ignore_errors=True)
            _uv("venv", "--python", sys.executable, str(place))
            wanted = [f"azure-ai-ml=={version}", "azure-identity", *VERSIONS[version]]
            _uv("pip", "install", "--python", str(python), *wanted)
            (place / "made").touch()
    return python


def _uv(*command: str) -> None:
    done = subprocess.run([str(UV), *command], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr


def environment(studio: Studio, home: Path, *options: str) -> dict[str, str]:
    """Return the variables that `officina azure env` prints, on top of a clean environment."""
    home.mkdir(parents=True, exist_ok=True)
    clean = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
    clean |= {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config")}
    asked = clean | {
        "OFFICINA_URL": studio.url.replace("127.0.0.1", "localhost"),
        "OFFICINA_TOKEN": studio.token,
        "OFFICINA_WORKSPACE": studio.workspace,
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "officina.cli", "azure", "env", "--shell", "dotenv", *options],
        env=asked, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    pairs = (line.split("=", 1) for line in done.stdout.splitlines() if line)
    given = {name: value.strip('"') for name, value in pairs}
    return (
        clean
        | given
        | {
            "AZUREML_RUN_POLLING_INTERVAL_MIN": "1",
            "AZUREML_RUN_POLLING_INTERVAL_MAX": "1",
            "PYTHONWARNINGS": "ignore",
        }
    )


def run(
    python: Path, script: Path | str, env: dict[str, str], *arguments: str, within: int = 900
) -> subprocess.CompletedProcess[str]:
    """Run a script file, or code, in a client's environment."""
    what = [str(script)] if isinstance(script, Path) else ["-c", script]
    return subprocess.run(
        [str(python), *what, *arguments], env=env, cwd=env["HOME"], capture_output=True, text=True, timeout=within,
    )  # fmt: skip


def workflows(studio: Studio, version: str, place: Path) -> dict[str, str]:
    """Run all workflows with this client and return name -> problem (empty: it worked).

    They mostly wait for jobs, so two processes share them; the client builds pipelines in a place
    that threads would share.
    """
    script = Path(__file__).with_name("scripts") / "run.py"
    env = environment(studio, place)
    work, python = place / "work", interpreter(version)
    work.mkdir(parents=True, exist_ok=True)
    named = {"subscription_id": "11111111-2222-3333-4444-555555555555", "resource_group": "any"}
    (work / "config.json").write_text(json.dumps(named | {"workspace_name": studio.workspace}))
    with ThreadPoolExecutor(len(PARTS)) as pool:
        done = list(pool.map(lambda part: run(python, script, env, str(work), *part), PARTS))
    lines = [
        json.loads(line)
        for each in done
        for line in each.stdout.splitlines()
        if line.startswith("{")
    ]
    assert lines, done[0].stderr[-3000:]
    return {line["name"]: line["problem"] for line in lines}
