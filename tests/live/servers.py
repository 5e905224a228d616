"""A PostgreSQL and a Redis of a test's own, which it may stop and start again."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.running import free_port

# Only what hangs takes so many seconds.
LIMIT = 120


def postgres_folder() -> Path | None:
    """Return where PostgreSQL's programs are on a Debian, newest version first; None without them."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda it: it.parts[-3])
    return found[-1].parent if found else None


def redis_program() -> str | None:
    """Return the Redis or Valkey of this machine, if there is one."""
    return shutil.which("redis-server") or shutil.which("valkey-server")


class Postgres:
    """A cluster in a folder of its own, on a port that it keeps."""

    def __init__(self, folder: Path) -> None:
        programs = postgres_folder()
        assert programs
        self._control = programs / "pg_ctl"
        self._folder, self.port = folder, free_port()
        self.url = f"postgresql://officina@127.0.0.1:{self.port}/postgres"
        # PostgreSQL refuses to run as root, and may enter no folder of root's.
        self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        if os.geteuid():
            self._as = []
        else:
            shutil.chown(folder, "postgres", "postgres")
        self._run(
            programs / "initdb", "-U", "officina", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8",
            "--no-sync", "-D", folder / "data",
        )  # fmt: skip

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
            " -c fsync=off"
        )
        self._run(
            self._control, "-D", self._folder / "data", "-l", self._folder / "log", "-w",
            "-t", str(LIMIT), "-o", options, "start",
        )  # fmt: skip

    def stop(self) -> None:
        """Stop it as `systemctl restart` does: whoever is connected is cut off."""
        self._run(
            self._control, "-D", self._folder / "data", "-m", "fast", "-w", "-t", str(LIMIT), "stop"
        )

    def _run(self, *command: object) -> None:
        subprocess.run(
            [*self._as, *map(str, command)], check=True, cwd=self._folder, timeout=LIMIT,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip


class Redis:
    """A server that keeps an append-only file, as docker-compose.yml has it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it has read its file and answers."""
        program = redis_program()
        assert program
        self._process = subprocess.Popen(
            [
                program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder),
                "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
                "--maxmemory-policy", "noeviction", "--databases", "16",
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + LIMIT
        while not self._answers():
            assert self._process.poll() is None and time.monotonic() < until
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it as `systemctl restart` does: it writes its file and ends."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(LIMIT)
            self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
                line.sendall(b"PING\r\n")
                return line.recv(64).startswith(b"+PONG")
        except OSError:
            return False
