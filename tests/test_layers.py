"""The import direction of the packages, and what the engine may not know."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_upper_layers_import_lower_ones_and_never_the_reverse() -> None:
    script = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(script), "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_package_of_the_studio_has_its_layer() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    listed = {name.strip() for row in contracts[0]["layers"] for name in row.split("|")}
    packages = {path.parent.name for path in (ROOT / "studio").glob("*/__init__.py")}
    modules = {path.stem for path in (ROOT / "studio").glob("*.py")} - {"__init__"}
    assert {f"studio.{name}" for name in packages | modules} <= listed


def test_no_import_is_exempt_from_the_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    assert not any("ignore_imports" in contract for contract in contracts)


def test_the_engine_loads_without_web_framework_queue_or_heavy_libraries() -> None:
    program = (
        "import sys, officina.documents, officina.catalogue, officina.graph, officina.execution.launch;"
        "print([name for name in ('django', 'celery', 'channels', 'sklearn', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
