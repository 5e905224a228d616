"""Start a real studio, as a person does, and stop it the same way."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil

from tests import isolation

ROOT = Path(__file__).resolve().parent.parent
# Only what hangs takes so many seconds.
START_LIMIT = 300.0
STOP_LIMIT = 120.0
# Studios that run side by side on one Redis must not take each other's messages: each has its name here.
STUDIOS = (
    "supervised", "live", "killed", "wrecked", "other", "drafts", "bucket",
    "mlflow", "azure", "assets", "computes", "joined", "far", "restarted",
)  # fmt: skip


@dataclass
class Studio:
    """A running studio: where it answers, its first owner's token, and its supervisor."""

    url: str
    tls_url: str
    home: Path
    # None in a test worker that did not start it.
    process: subprocess.Popen[bytes] | None
    environment: dict[str, str]
    token: str = ""
    workspace: str = ""

    @property
    def log(self) -> str:
        """What it printed so far."""
        return (self.home / "console.log").read_text(encoding="utf-8", errors="replace")

    def get(self, path: str, *, token: bool = True, timeout: float = 60) -> tuple[int, bytes]:
        """GET a path and return status and body, for any status."""
        headers = {"Authorization": f"Bearer {self.token}"} if token and self.token else {}
        request = urllib.request.Request(self.url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def health(self) -> tuple[int, dict[str, object]]:
        """Return the status and body of /healthz; status 0 when nothing answers."""
        try:
            status, body = self.get("/healthz", token=False, timeout=10)
            return status, json.loads(body)
        except (OSError, ValueError):
            return 0, {}

    def wait_until_healthy(self, within: float = START_LIMIT) -> float:
        """Wait until every part is alive and return how many seconds that took."""
        begun = time.monotonic()
        while time.monotonic() - begun < within:
            if self.health()[0] == 200:
                return time.monotonic() - begun
            if self.process and self.process.poll() is not None:
                raise AssertionError(
                    f"the studio ended with code {self.process.returncode}:\n{self.log}"
                )
            time.sleep(0.1)
        raise AssertionError(f"not healthy after {within:.0f} s: {self.health()}\n{self.log}")

    def stop(self) -> float:
        """Press Ctrl-C and return how many seconds the supervisor took to end."""
        begun = time.monotonic()
        assert self.process, "only the test that started a studio may stop it"
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(STOP_LIMIT)
        return time.monotonic() - begun

    def ends_whole(self, number: signal.Signals) -> int:
        """Send a signal to the supervisor alone, wait until all that it started is gone, and return its code."""
        assert self.process, "only the test that started a studio may end it"
        family = psutil.Process(self.process.pid).children(recursive=True)
        assert len(family) > 1
        self.process.send_signal(number)
        code = self.process.wait(STOP_LIMIT)
        _gone, left = psutil.wait_procs(family, timeout=STOP_LIMIT)
        assert [each.cmdline() for each in left if each.status() != psutil.STATUS_ZOMBIE] == []
        assert self.health()[0] == 0
        return code

    def manage(self, *command: str) -> str:
        """Run a management command of this studio and return what it printed."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *command],
            env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=START_LIMIT,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shell(self, code: str) -> str:
        """Run code in this studio's settings, as `manage.py shell` does, and return what it printed."""
        resident = _residents.get(str(self.home))
        if resident is None or resident.poll() is not None:
            resident = _residents[str(self.home)] = subprocess.Popen(
                [sys.executable, str(ROOT / "tests" / "resident.py")],
                env=self.environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
        assert resident.stdin
        assert resident.stdout
        resident.stdin.write(json.dumps({"code": code}) + "\n")
        resident.stdin.flush()
        answer = json.loads(resident.stdout.readline())
        assert not answer["error"], answer["error"]
        return str(answer["printed"])

    def seed(self, code: str) -> Any:
        """Run code that ends by printing "SEEDED " and JSON; return what that says."""
        lines = self.shell(code).splitlines()
        line = next(line for line in lines if line.startswith("SEEDED "))
        return json.loads(line.removeprefix("SEEDED "))


# One for each studio that this test process talks to.
_residents: dict[str, subprocess.Popen[str]] = {}


def _dismiss(home: str) -> None:
    """Let the resident of this studio end, which it does with its input."""
    if resident := _residents.pop(home, None):
        with resident:
            pass


@atexit.register
def _dismiss_all() -> None:
    for home in list(_residents):
        _dismiss(home)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def spawn_studio(name: str, **settings: str) -> Studio:
    """Start `manage.py up` with a home of this name and return at once; settings are environment variables."""
    home = isolation.base / name
    home.mkdir(exist_ok=True)
    port, tls_port = free_port(), free_port()
    environment = {
        **os.environ,
        "OFFICINA_HOME": str(home),
        "OFFICINA_PORT": str(port),
        "OFFICINA_TLS_PORT": str(tls_port),
        **settings,
    }
    if isolation.ON_REDIS and "REDIS_URL" not in settings:
        # Three databases each; the first nine are those of the tests' own processes.
        environment["REDIS_URL"] = isolation.redis_database(9 + 3 * STUDIOS.index(name))
    if "DATABASE_URL" in settings:
        pass
    elif os.environ.get("DATABASE_URL"):
        # A home that was started before keeps its database, as a restart does.
        environment["DATABASE_URL"] = _own_database(
            os.environ["DATABASE_URL"], f"officina_{name}", empty=not (home / "secret.key").exists()
        )
    elif name != "supervised" and not (home / "studio.sqlite3").exists():
        shutil.copyfile(_migrated_database(), home / "studio.sqlite3")
    with (home / "console.log").open("ab") as console:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "up"],
            env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
        )  # fmt: skip
    return Studio(
        f"http://127.0.0.1:{port}", f"https://localhost:{tls_port}", home, process, environment
    )


@contextlib.contextmanager
def start_studio(name: str, **settings: str) -> Iterator[Studio]:
    """Run a studio with its first owner and a workspace, and stop it whatever happens."""
    studio = spawn_studio(name, **settings)
    try:
        _prepare(studio)
        yield studio
    finally:
        try:
            studio.stop()
        finally:
            _dismiss(str(studio.home))
            if studio.process.poll() is None:
                studio.process.kill()


def shared_studio() -> Studio:
    """Return the one running studio of this test run; the first worker that asks starts it.

    It is stopped by `tests.isolation` when the run ends.
    """
    note = isolation.base / "live.json"
    with (isolation.base / "live.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if note.exists():
            known = json.loads(note.read_text())
            known.pop("pid")
            return Studio(**{**known, "home": Path(known["home"])}, process=None)
        studio = spawn_studio("live")
        known = {"pid": studio.process.pid, "url": studio.url, "tls_url": studio.tls_url}
        known |= {"home": str(studio.home), "environment": studio.environment}
        # Written before it is ready: whatever fails from here on, the studio is stopped.
        note.write_text(json.dumps(known))
        _prepare(studio)
        note.write_text(json.dumps({**known, "token": studio.token, "workspace": studio.workspace}))
        # It outlives this process: nobody here waits for its end.
        studio.process.returncode, studio.process = 0, None
        return studio


def _prepare(studio: Studio) -> None:
    """Wait for the studio and make its first owner and workspace."""
    studio.wait_until_healthy()
    made = json.loads(
        studio.manage("admin_init", "--email", "owner@example.org", "--workspace", "lab", "--json")
    )
    studio.token, studio.workspace = made["token"], made["workspace"]


def _migrated_database() -> Path:
    """Return a database with all tables and no rows, made once: a studio starts from it six seconds sooner."""
    home = isolation.base / "migrated"
    home.mkdir(exist_ok=True)
    found = home / "migrated.sqlite3"
    with (isolation.base / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"]
            environment = {**os.environ, "OFFICINA_HOME": str(home)}
            subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True)
            with contextlib.closing(sqlite3.connect(home / "studio.sqlite3")) as database:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (home / "studio.sqlite3").rename(found)
    return found


def _own_database(url: str, name: str, *, empty: bool) -> str:
    """Return the URL of the database of this name on the server, made anew when it must be empty."""
    own = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    if not empty:
        return own
    import psycopg
    from psycopg import sql

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return own
