"""A pytest plugin that is loaded before Django's settings: no test touches the developer's own studio.

Each xdist worker gets a home of its own under one temporary folder, and databases of its own on an external Redis.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

# A shell starts what it puts into the background with Ctrl-C ignored, and every program that a test starts
# would inherit that: what is interrupted would never end.
signal.signal(signal.SIGINT, signal.default_int_handler)

BASE = "OFFICINA_TEST_BASE"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")

if BASE not in os.environ:
    os.environ[BASE] = tempfile.mkdtemp(prefix="officina-tests-")
    atexit.register(shutil.rmtree, os.environ[BASE], ignore_errors=True)
    os.environ["OFFICINA_TEST_REDIS_URL"] = os.environ.get("REDIS_URL", "")
base = Path(os.environ[BASE])

for name in [
    name
    for name in os.environ
    if name.startswith("OFFICINA_") and not name.startswith("OFFICINA_TEST_")
]:
    if name != "OFFICINA_PYTHON":
        del os.environ[name]
os.environ["OFFICINA_HOME"] = str(base / WORKER)
os.environ["OFFICINA_STATIC_ROOT"] = str(base / "static")
(base / "static").mkdir(exist_ok=True)


ON_REDIS = bool(os.environ["OFFICINA_TEST_REDIS_URL"])


def redis_database(number: int) -> str:
    """Return the URL of a database of the external Redis, when the tests use one."""
    url = os.environ["OFFICINA_TEST_REDIS_URL"]
    return urlunsplit(urlsplit(url)._replace(path=f"/{number}"))


if ON_REDIS:
    # Three databases a studio: 0 and 3 for the tests' own processes, 9 and up for studios that run.
    os.environ["REDIS_URL"] = redis_database(
        3 * (int(WORKER.removeprefix("gw")) % 2 if WORKER != "main" else 0)
    )


def pytest_unconfigure() -> None:
    """Stop the running studio that the workers shared, once all of them are done."""
    note = base / "live.json"
    if WORKER != "main" or not note.exists():
        return
    pid = json.loads(note.read_text())["pid"]
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
        for _ in range(400):
            # Ours to collect when there are no workers, init's otherwise.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            os.kill(pid, 0)
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
