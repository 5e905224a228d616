"""The studio's start and a script's `admin init` may migrate a new database at the same moment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_three_that_start_together_make_one_whole_database(tmp_path: Path) -> None:
    surroundings = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    surroundings["OFFICINA_HOME"] = str(tmp_path)
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--noinput", "-v", "0"]
    running = [
        subprocess.Popen(command, env=surroundings, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ended = [process.communicate(timeout=600)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], ended
    check = subprocess.run(
        [*command[:3], "--check", "-v", "0"], env=surroundings, capture_output=True, timeout=600
    )
    assert check.returncode == 0
